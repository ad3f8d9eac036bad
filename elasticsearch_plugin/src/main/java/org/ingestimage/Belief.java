package org.ingestimage;

import java.util.Map;

/**
 * What the service has signed about one picture of a document: that there is nothing left to do.
 *
 * @param context of the document
 * @param existing the target before
 */
record Belief(ProcessorContext context, Map<String, Object> existing) {

    /** Whether the data is what the recipe makes of it. */
    boolean made(Object data) {
        return isPossible(data) && marks().believed(existing.get(Target.MARK), recipe(), data);
    }

    /** Whether the target was made from this data, and is still what was made. */
    boolean madeFrom(Object source) {
        return isPossible(source) && marks().sourceBelieved(existing.get(Target.SOURCE_MARK), recipe(), source) && isAsMade();
    }

    /** Whether the target was made from what is at this address. */
    boolean madeFromAddress(String url) {
        return marks().urlBelieved(existing.get(Target.SOURCE_MARK), recipe(), url);
    }

    /** Whether what stands in the target is what was made. Nothing does where only the fields are stored. */
    boolean isAsMade() {
        Object data = existing.get(Target.DATA);
        return data == null || PictureData.is(data) && made(data);
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
