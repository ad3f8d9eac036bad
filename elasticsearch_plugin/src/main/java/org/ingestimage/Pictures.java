package org.ingestimage;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.elasticsearch.ingest.IngestDocument;
import org.ingestimage.Failure.Kind;

/**
 * All pictures of one document: one, or a list of them. The document is read at the beginning and written at the end, in one go, so that
 * it is never half done.
 */
final class Pictures {

    /** Requests of the pictures that need a call, null at the places of the others. */
    final List<PictureRequest> requests = new ArrayList<>();
    private final Options options;
    private final IngestDocument document;
    private final Object source;
    private final Object target;
    private final boolean many;
    private final List<Picture> pictures = new ArrayList<>();
    /** For each picture what came of it: fields (Map), a failure, or null when there was nothing to do. Written by different threads. */
    private final Object[] outcomes;

    Pictures(ProcessorContext context, IngestDocument document) throws Exception {
        this.options = context.options();
        this.document = document;
        this.source = document.getFieldValue(options.field(), Object.class, true);
        this.target = options.inPlace() ? source : document.getFieldValue(options.targetField(), Object.class, true);
        // Without a source, what was made of a list of sources is a list.
        boolean sourceless = source == null || source instanceof List<?> none && none.isEmpty();
        List<?> sources = source instanceof List<?> list && sourceless == false ? list : null;
        List<?> targets = target instanceof List<?> list ? list : List.of();
        this.many = sources != null || sourceless && targets.isEmpty() == false;
        int count = sources != null ? sources.size() : many ? targets.size() : 1;
        this.outcomes = new Object[count];
        for (int i = 0; i < count; i++) {
            Object element = sources != null ? sources.get(i) : sourceless ? null : source;
            Object before = many ? (i < targets.size() ? targets.get(i) : null) : (target instanceof List ? null : target);
            add(new Picture(context, element, before, many ? options.field() + "." + i : options.field(), i), i);
        }
    }

    private void add(Picture picture, int index) throws Exception {
        pictures.add(picture);
        PictureRequest request = null;
        try {
            request = picture.request();
        } catch (Failure failure) {
            fail(index, failure);
            if (isRecorded(failure) == false) {
                throw failure.toException(picture.path());
            }
        }
        requests.add(request);
    }

    void succeed(int index, Map<String, Object> fields) {
        outcomes[index] = fields;
    }

    void fail(int index, Exception failure) {
        outcomes[index] = failure;
    }

    private boolean isRecorded(Object outcome) {
        return options.recordInvalid() && outcome instanceof Failure failure && failure.kind() == Kind.PICTURE;
    }

    /** Writes the results into the document, or throws what the first failed picture has to say. */
    void apply() throws Exception {
        for (int i = 0; i < outcomes.length; i++) {
            if (outcomes[i] instanceof Exception e && isRecorded(e) == false) {
                throw e instanceof Failure failure ? failure.toException(pictures.get(i).path()) : e;
            }
        }
        List<Object> results = new ArrayList<>();
        boolean changed = false;
        for (int i = 0; i < outcomes.length; i++) {
            Object before = many ? element(target, i) : target;
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
    }

    @SuppressWarnings("unchecked")
    private Object result(int index, Object before) {
        Picture picture = pictures.get(index);
        Object outcome = outcomes[index];
        if (outcome instanceof Failure failure) {
            return picture.recorded(failure);
        }
        return outcome == null ? picture.untouched(before) : picture.processed((Map<String, Object>) outcome);
    }

    /** The source of a separate target: removed when the pipeline says so, but never when it is the only copy of a bad picture. */
    private void cleanSource() {
        boolean failed = false;
        for (Object outcome : outcomes) {
            failed |= outcome instanceof Failure;
        }
        if (failed) {
            return;
        }
        // An address is no binary: it says where the picture is.
        if (options.removeBinary() && pictures.stream().noneMatch(Picture::isByAddress)) {
            document.removeField(options.field());
            return;
        }
        List<Object> cleaned = new ArrayList<>();
        boolean changed = false;
        for (int i = 0; i < outcomes.length; i++) {
            Object before = many ? element(source, i) : source;
            Object after = before;
            if (before instanceof Map<?, ?> map && map.containsKey(Target.OPERATIONS)) {
                Map<String, Object> copy = Target.copy(before);
                copy.remove(Target.OPERATIONS);
                after = copy;
            }
            changed |= after != before;
            cleaned.add(after);
        }
        if (changed) {
            document.setFieldValue(options.field(), many ? cleaned : cleaned.get(0));
        }
    }

    private static Object element(Object value, int index) {
        return value instanceof List<?> list && index < list.size() ? list.get(index) : null;
    }
}
