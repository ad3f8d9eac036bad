package org.ingestimage;

import java.util.HashMap;
import java.util.Map;

/** What the service has signed about one picture of a document: that there is nothing left to do. */
final class Belief {

    private final ProcessorContext context;
    private final Map<String, Object> existing;
    private final Map<String, Object> renewed = new HashMap<>();

    /**
     * @param context of the document
     * @param existing the target before
     */
    Belief(ProcessorContext context, Map<String, Object> existing) {
        this.context = context;
        this.existing = existing;
    }

    /** Whether the data is what the recipe makes of it. */
    boolean made(Object data) {
        return isPossible(data) && holds(Target.MARK, marks().believed(existing.get(Target.MARK), recipe(), data));
    }

    /** Whether the target was made from this data, and is still what was made. */
    boolean madeFrom(Object source) {
        return isPossible(source)
            && holds(Target.SOURCE_MARK, marks().sourceBelieved(existing.get(Target.SOURCE_MARK), recipe(), source))
            && isAsMade();
    }

    /** Whether the target was made from what is at this address. */
    boolean madeFromAddress(String url) {
        return holds(Target.SOURCE_MARK, marks().urlBelieved(existing.get(Target.SOURCE_MARK), recipe(), url));
    }

    /** Whether what stands in the target is what was made. Nothing does where only the fields are stored. */
    boolean isAsMade() {
        Object data = existing.get(Target.DATA);
        return data == null || PictureData.is(data) && made(data);
    }

    /** Those of the believed marks that are to be replaced, for they were made with the previous token. */
    Map<String, Object> renewedMarks() {
        return renewed;
    }

    /** `mark`: as it should be stored, null when the stored one is not believed. */
    private boolean holds(String name, String mark) {
        if (mark != null && mark.equals(existing.get(name)) == false) {
            renewed.put(name, mark);
        }
        return mark != null;
    }

    /** A result may be larger than what comes in may be; but what could never have been an answer is not even hashed. */
    private boolean isPossible(Object data) {
        return PictureData.exceeds(data, context.client().maxResponseBytes()) == false;
    }

    private Marks marks() {
        return context.client().marks;
    }

    private String recipe() {
        return context.options().recipe().hash();
    }
}
