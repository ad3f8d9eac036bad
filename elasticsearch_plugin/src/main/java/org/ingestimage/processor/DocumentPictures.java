package org.ingestimage.processor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

import org.elasticsearch.ingest.IngestDocument;
import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.common.LoneSurrogates;
import org.ingestimage.picture.OtherCase;
import org.ingestimage.picture.PictureData;
import org.ingestimage.picture.TargetFields;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.service.wire.PictureRequest;

/**
 * All pictures of one document: one, or a list of them. The document is read at the beginning and written at the end, in one go, so that
 * it is never half done.
 */
final class DocumentPictures {

    /** For each picture what is to be done, null when it has failed already. */
    private final List<Decision> decisions = new ArrayList<>();
    private final Options options;
    private final IngestDocument document;
    private final Object source;
    private final Object target;
    /** The source when it is a list, else null. */
    private final List<?> sources;
    /** What stands in the target, by pictures: a single one is the first picture's. */
    private final List<?> targets;
    private final boolean many;
    private final boolean partial;
    private final RecipeSchema schema;
    private final List<Picture> pictures = new ArrayList<>();
    /** For each picture what came of it: fields (Map), a failure, or null when there was nothing to do. Written by different threads. */
    private final Object[] outcomes;

    DocumentPictures(Options options, ProcessorEnvironment environment, IngestDocument document) throws Exception {
        this.options = options;
        this.document = document;
        this.partial = PartialDocument.is(document);
        this.schema = environment.schema();
        expandDottedKeys(schema.fields());
        boolean present = document.hasField(options.field());
        this.source = document.getFieldValue(options.field(), Object.class, true);
        this.target = options.inPlace() ? source : document.getFieldValue(options.targetField(), Object.class, true);
        if (source == null) {
            refuseOtherCase();
        }
        // Bytes as numbers are one picture, if a wrong one.
        this.sources = source instanceof List<?> list && list.isEmpty() == false && PictureData.isNumbers(list) == false ? list : null;
        // Without a source, what was made of a list of sources is a list.
        boolean sourceless = sources == null && (source instanceof List<?> none ? none.isEmpty() : TargetFields.isEmpty(source));
        boolean listed = target instanceof List<?> list && PictureData.isNumbers(list) == false;
        this.targets = listed ? (List<?>) target : Collections.singletonList(target);
        this.many = sources != null || sourceless && listed && targets.isEmpty() == false;
        int count = sources != null ? sources.size() : many ? targets.size() : 1;
        this.outcomes = new Object[count];
        for (int i = 0; i < count; i++) {
            Object element = sources != null ? sources.get(i) : source instanceof List<?> none && none.isEmpty() ? null : source;
            Object before = many ? before(i) : listed && options.inPlace() == false ? null : target;
            String path = many ? options.field() + "." + i : options.field();
            add(new Picture(options, environment, read(element), present, read(before), path, i), i);
        }
    }

    private static Object read(Object value) {
        return PartialDocument.plain(PictureData.named(value));
    }

    private void expandDottedKeys(Set<String> fields) throws Exception {
        for (String field : options.inPlace() ? List.of(options.field()) : List.of(options.field(), options.targetField())) {
            try {
                DottedKeys.expand(document, field, fields);
            } catch (Failure failure) {
                throw failure.toException(field);
            }
        }
    }

    /** A picture in a field whose name differs from the pipeline's in upper and lower case only. */
    private void refuseOtherCase() throws Exception {
        FieldPlace place = FieldPlace.of(document, options.field());
        try {
            OtherCase.refuse(place.root(), place.way() + "." + TargetFields.DATA, this::isMade);
        } catch (Failure failure) {
            throw failure.toException(options.field());
        }
    }

    /** Whether a value is this processor's target, or was made by another one, whose field may be called so. */
    private boolean isMade(Object value) {
        return value == target
            || value instanceof Map<?, ?> map && (map.get(TargetFields.MARK) instanceof String || map.get(TargetFields.ERROR) instanceof Map);
    }

    private void add(Picture picture, int index) throws Exception {
        pictures.add(picture);
        Decision decision = null;
        try {
            decision = picture.decide();
        } catch (Failure failure) {
            fail(index, failure);
            Failure refusal = new PictureResult(picture).refusal(failure);
            if (refusal != null) {
                throw refusal.toException(picture.path());
            }
        }
        decisions.add(decision);
    }

    /** Of the pipeline. */
    String field() {
        return options.field();
    }

    int size() {
        return decisions.size();
    }

    /** What the service is asked about a picture, null when it is not asked. */
    PictureRequest request(int index) {
        Decision decision = decisions.get(index);
        return decision == null ? null : decision.request();
    }

    /** Whether the service is asked about none of them. */
    boolean areDone() {
        return IntStream.range(0, size()).allMatch(index -> request(index) == null);
    }

    /** Whether nothing but results of the recipe is in the document, however its calls end. */
    boolean areMade() {
        return IntStream.range(0, size()).allMatch(index -> {
            Decision decision = decisions.get(index);
            return decision != null && decision.keepsPicture() && pictures.get(index).inPlace;
        });
    }

    /** Takes a result, and says whether it refuses the document. */
    boolean succeed(int index, Map<String, Object> fields) {
        boolean limited = options.maxResultBytes() > 0 && options.keepsFieldsOnly() == false && decisions.get(index).completes() == false;
        if (limited && exceedsResultBytes(fields)) {
            String reason = "the picture became larger than [max_result_bytes] = [" + options.maxResultBytes()
                + "] bytes; scale it down, or convert it with [max_bytes]";
            return fail(index, new Failure(Code.RESULT_TOO_LARGE, reason));
        }
        outcomes[index] = fields;
        return false;
    }

    private boolean exceedsResultBytes(Map<String, Object> fields) {
        Object data = fields.get(TargetFields.DATA);
        boolean inStore = options.isExternal() && fields.get(TargetFields.BYTES) instanceof Number bytes && bytes.longValue() > options.maxResultBytes();
        return inStore || PictureData.is(data) && PictureData.exceeds(data, options.maxResultBytes());
    }

    /** Takes a failure, and says whether it refuses the document. */
    boolean fail(int index, Exception failure) {
        outcomes[index] = failure;
        boolean recorded = failure instanceof Failure known && new PictureResult(pictures.get(index)).refusal(known) == null;
        return recorded == false;
    }

    boolean leavesOutData() {
        return options.leavesOutData();
    }

    /** Writes the results into the document, or throws what the first failed picture has to say. */
    void apply() throws Exception {
        for (int i = 0; i < outcomes.length; i++) {
            if (outcomes[i] instanceof Failure failure) {
                Failure refusal = new PictureResult(pictures.get(i)).refusal(failure);
                if (refusal != null) {
                    throw refusal.toException(pictures.get(i).path());
                }
            } else if (outcomes[i] instanceof Exception e) {
                throw e;
            }
        }
        List<Object> results = new ArrayList<>();
        // What stands in the target behind the last picture was made of none of them. Of a list is made a list.
        boolean changed = many && (targets.size() > outcomes.length || target != null && targets != target);
        for (int i = 0; i < outcomes.length; i++) {
            Object before = many ? before(i) : target;
            Object after = result(i, before);
            changed |= after != before;
            results.add(after);
        }
        if (changed) {
            document.setFieldValue(options.targetField(), many ? results : results.get(0));
        }
        if (options.inPlace() == false && source != null) {
            cleanSource();
        }
        try {
            LoneSurrogates.mend(document.getSource());
            if (options.targetField().startsWith(Options.METADATA)) {
                // What [foreach] puts into the document when it has gone through all.
                LoneSurrogates.mend(document.getIngestMetadata());
            }
        } catch (Failure failure) {
            throw failure.toException(field());
        }
    }

    private Object result(int index, Object before) {
        Object after = outcome(index, before);
        // A list takes the place of what is stored.
        if (partial == false || many || pictures.get(index).replaces() == false) {
            return after;
        }
        Decision decision = decisions.get(index);
        boolean withoutPicture = outcomes[index] instanceof Failure || decision != null && decision.what() == Decision.What.TAKE_AWAY;
        return PartialDocument.complete(after, schema, withoutPicture);
    }

    @SuppressWarnings("unchecked")
    private Object outcome(int index, Object before) {
        PictureResult result = new PictureResult(pictures.get(index));
        Object outcome = outcomes[index];
        if (outcome instanceof Failure failure) {
            return result.recorded(failure);
        }
        Decision decision = decisions.get(index);
        return outcome == null ? result.untouched(before, decision) : result.processed(decision, (Map<String, Object>) outcome);
    }

    /** The source of a separate target: removed when the pipeline says so, unless it is the only copy of a bad picture that is to be kept. */
    private void cleanSource() {
        boolean failed = Arrays.stream(outcomes).anyMatch(Failure.class::isInstance);
        if (failed && options.keepInvalid()) {
            return;
        }
        // An address is no binary: it says where the picture is.
        if (options.removeBinary() && pictures.stream().allMatch(picture -> picture.url == null)) {
            document.removeField(options.field());
            return;
        }
        List<?> before = sources == null ? Collections.singletonList(source) : sources;
        List<Object> after = new ArrayList<>();
        for (int i = 0; i < before.size(); i++) {
            after.add(cleaned(before.get(i), options.removeBinary() && pictures.get(i).url == null));
        }
        if (after.equals(before) == false) {
            document.setFieldValue(options.field(), sources == null ? after.get(0) : after);
        }
    }

    /** Without what was asked for once, which is done, and perhaps without the picture; what is left holds its place in the list. */
    private static Object cleaned(Object before, boolean remove) {
        boolean asIs = remove == false && (before instanceof Map<?, ?> map && TargetFields.ONE_OFF.stream().anyMatch(map::containsKey)) == false;
        if (asIs) {
            return before;
        }
        Map<String, Object> result = TargetFields.copy(before);
        TargetFields.ONE_OFF.forEach(result::remove);
        if (remove) {
            result.remove(TargetFields.DATA);
        }
        return result;
    }

    private Object before(int index) {
        return index < targets.size() ? targets.get(index) : null;
    }
}
