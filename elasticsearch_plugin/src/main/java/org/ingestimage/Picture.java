package org.ingestimage;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.ingestimage.Failure.Kind;

/** One picture of a document: whether the service is asked, with what, and what stands in the target afterwards. */
final class Picture {

    private final ProcessorContext context;
    private final Options options;
    private final String path;
    /** Where the picture's own data is: the field's value, or the target's when that is what gets processed again. */
    private final Object from;
    private final Map<String, Object> existing;
    /** Whether the result replaces what the data was read from. */
    private final boolean inPlace;
    private boolean believed;

    /**
     * @param source the value of the field, or one element of it
     * @param existing the value of the target before; the same as `source` when the target is the field
     * @param path for messages, such as `image` or `image.3`
     */
    Picture(ProcessorContext context, Object source, Object existing, String path) {
        this.context = context;
        this.options = context.options();
        this.path = path;
        this.existing = Target.copy(existing);
        // The source is gone (remove_binary), but one-off operations are asked of what was made from it: the target is processed in place.
        boolean again = options.inPlace() == false
            && data(source) == null
            && this.existing.get(Target.MARK) != null
            && this.existing.get(Target.OPERATIONS) != null;
        this.from = again ? existing : source;
        this.inPlace = again || options.inPlace();
    }

    String path() {
        return path;
    }

    /** The call that is needed, null when the target stays as it is. */
    PictureRequest request() throws Failure {
        Object data = data(from);
        List<Object> operations = documentOperations();
        if (data == null) {
            return missing(operations);
        }
        if (PictureData.is(data) == false) {
            String type = data instanceof Map ? "an object" : data instanceof List ? "a list" : Text.shown(data);
            throw atFault("invalid_base64", "a picture must be a base64 string or bytes, got [" + type + "]");
        }
        believed = believed(data);
        if (believed && operations == null) {
            return null;
        }
        if (PictureData.exceeds(data, context.client().maxImageBytes())) {
            throw atFault(
                "image_too_large",
                "the picture is larger than [ingest.image.max_image_bytes] = [" + context.client().maxImageBytes() + "] bytes"
            );
        }
        boolean normalized = believed && inPlace;
        return new PictureRequest(data, options.recipe(), operations, normalized, context.timeout(), context.opaqueId());
    }

    private PictureRequest missing(List<Object> operations) throws Failure {
        if (operations != null) {
            throw new Failure(Kind.REQUEST, "missing_data", "[operations] need a picture, but there is no [data] beside them");
        }
        Object mark = inPlace && from instanceof Map<?, ?> map ? map.get(Target.MARK) : existing.get(Target.MARK);
        if (mark != null || options.ignoreMissing()) {
            return null;
        }
        String missing = from instanceof Map ? path + "." + Target.DATA : path;
        throw new IllegalArgumentException(
            "field [" + missing.substring(missing.lastIndexOf('.') + 1) + "] not present as part of path [" + missing + "]"
        );
    }

    private List<Object> documentOperations() throws Failure {
        Object value = from instanceof Map<?, ?> map ? map.get(Target.OPERATIONS) : null;
        if (value == null) {
            value = existing.get(Target.OPERATIONS);
        }
        if (value == null || value instanceof List<?> none && none.isEmpty()) {
            return null;
        }
        if (options.documentOperations() == false) {
            throw new Failure(
                Kind.REQUEST,
                "document_operations_disabled",
                "the pipeline says [document_operations: false], so a document must not carry [operations]"
            );
        }
        if (value instanceof List == false) {
            throw new Failure(Kind.REQUEST, "invalid_recipe", "[operations] must be a list, got [" + Text.shown(value) + "]");
        }
        @SuppressWarnings("unchecked")
        List<Object> operations = (List<Object>) value;
        String problem = context.schema().operationsProblem(operations);
        if (problem != null) {
            throw new Failure(Kind.REQUEST, "invalid_recipe", problem);
        }
        return operations;
    }

    /** Whether the service has signed that there is nothing left to do. */
    private boolean believed(Object data) {
        String recipe = options.recipe().hash();
        Marks marks = context.client().marks;
        // A result may be larger than what comes in may be; but what could never have been an answer is not even hashed.
        long limit = context.client().maxResponseBytes();
        if (PictureData.exceeds(data, limit)) {
            return false;
        }
        if (inPlace) {
            return from instanceof Map<?, ?> map && marks.believed(map.get(Target.MARK), recipe, data);
        }
        if (marks.sourceBelieved(existing.get(Target.SOURCE_MARK), recipe, data) == false) {
            return false;
        }
        // Made from this source: but is what stands there still what was made?
        Object made = existing.get(Target.DATA);
        return made == null
            || PictureData.is(made) && PictureData.exceeds(made, limit) == false && marks.believed(existing.get(Target.MARK), recipe, made);
    }

    private Failure atFault(String code, String reason) {
        return new Failure(Kind.PICTURE, code, reason, context.schema().emptyFields());
    }

    /** The target when no call was needed: unchanged, but for what the pipeline and the document want removed. */
    Object untouched(Object target) {
        boolean remove = options.removeBinary() && options.inPlace() && believed;
        if (target instanceof Map<?, ?> map && (remove || map.containsKey(Target.OPERATIONS))) {
            Map<String, Object> result = Target.copy(target);
            result.remove(Target.OPERATIONS);
            if (remove) {
                result.remove(Target.DATA);
            }
            return result;
        }
        return target;
    }

    /** The target after the service has processed the picture. */
    Map<String, Object> processed(Map<String, Object> fields) {
        Map<String, Object> result = Target.copy(inPlace ? from : existing);
        result.remove(Target.OPERATIONS);
        result.remove(Target.ERROR);
        Target.merge(result, fields);
        if (options.removeBinary() && options.inPlace()) {
            result.remove(Target.DATA);
        }
        return result;
    }

    /** The target of a picture that is at fault: the original stays, nothing of an earlier picture does. */
    Map<String, Object> recorded(Failure failure) {
        Map<String, Object> result = Target.copy(inPlace ? from : existing);
        Target.merge(result, failure.fields());
        if (inPlace) {
            result.put(Target.DATA, data(from));
        } else {
            result.remove(Target.DATA);
            result.remove(Target.MARK);
            result.remove(Target.SOURCE_MARK);
        }
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("code", failure.code());
        error.put("reason", failure.reason());
        result.put(Target.ERROR, error);
        return result;
    }

    static Object data(Object value) {
        return value instanceof Map<?, ?> map ? map.get(Target.DATA) : value;
    }
}
