package org.ingestimage;

import java.util.Collections;
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
    /** The address that the picture is from, null when the document brings the picture along. */
    private final Object url;
    private final Belief belief;
    /** In the document's list. */
    private final int position;
    private boolean believed;
    /** Whether the service is asked for nothing but what only the first picture of a document has. */
    private boolean completing;

    /**
     * @param source the value of the field, or one element of it
     * @param existing the value of the target before; the same as `source` when the target is the field
     * @param path for messages, such as `image` or `image.3`
     * @param position in the document's list; 0 when the document has one picture only
     */
    Picture(ProcessorContext context, Object source, Object existing, String path, int position) {
        this.position = position;
        this.context = context;
        this.options = context.options();
        this.path = path;
        this.existing = Target.copy(existing);
        // The source is gone (remove_binary), but one-off operations are asked of what was made from it: the target is processed in place.
        boolean again = options.inPlace() == false
            && data(source) == null
            && url(source) == null
            && this.existing.get(Target.MARK) != null
            && this.existing.get(Target.OPERATIONS) != null;
        this.from = again ? existing : source;
        this.inPlace = again || options.inPlace();
        // Where no address is allowed, a url is a field like any other beside data, or beside what was made from it before.
        boolean complete = data(source) != null || this.existing.get(Target.MARK) instanceof String;
        this.url = again || (complete && context.client().urlHosts().isOff()) ? null : url(source);
        this.belief = new Belief(context, this.existing);
    }

    String path() {
        return path;
    }

    /** The call that is needed, null when the target stays as it is. */
    PictureRequest request() throws Failure {
        Object data = data(from);
        List<Object> operations = OneOffOperations.of(context, from, existing);
        if (url != null) {
            return fromAddress(data, operations);
        }
        if (data == null) {
            return missing(operations);
        }
        if (PictureData.is(data) == false) {
            String type = data instanceof Map ? "an object" : data instanceof List ? "a list" : Text.shown(data);
            throw atFault("invalid_base64", "a picture must be a base64 string or bytes, got [" + type + "]");
        }
        believed = inPlace ? from instanceof Map && belief.made(data) : belief.madeFrom(data);
        return isDone(data, operations) ? null : request(data, null, operations);
    }

    private PictureRequest request(Object data, String address, List<Object> operations) throws Failure {
        if (data != null && PictureData.exceeds(data, context.client().maxImageBytes())) {
            throw atFault(
                "image_too_large",
                "the picture is larger than [ingest.image.max_image_bytes] = [" + context.client().maxImageBytes() + "] bytes"
            );
        }
        boolean normalized = data != null && believed && inPlace;
        return new PictureRequest(
            data,
            address,
            completing ? Recipe.of(null, context.schema().onlyFirst(options.recipe())) : options.recipe(),
            operations,
            normalized,
            options.acceptTruncated(),
            position,
            context.timeout(),
            context.opaqueId()
        );
    }

    /** The picture is at an address: fetched once, and again when the address or the recipe is another one. */
    private PictureRequest fromAddress(Object data, List<Object> operations) throws Failure {
        if (url instanceof String == false) {
            throw atFault("url_not_allowed", "[url] must be a string such as https://images.example.org/cat.jpg, got [" + Text.shown(url) + "]");
        }
        String address = (String) url;
        boolean made = belief.madeFromAddress(address);
        // Data beside the address is what was made before, from it or from another one, and has a mark or an error. Else it is a picture of its own.
        boolean before = inPlace && (existing.get(Target.MARK) instanceof String || existing.get(Target.ERROR) instanceof Map);
        boolean own = data != null && (before == false || made && belief.isAsMade() == false);
        if (own) {
            throw new Failure(
                Kind.REQUEST,
                "url_and_data",
                "the document has [url] and a [data] that was not made from it; set the one to null that is not meant"
            );
        }
        believed = made && belief.isAsMade();
        if (isDone(data, operations)) {
            return null;
        }
        if (believed && data != null) {
            return request(data, address, operations);
        }
        String problem = context.client().urlHosts().problem(address);
        if (problem != null) {
            throw atFault("url_not_allowed", problem);
        }
        return request(null, address, operations);
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

    private Failure atFault(String code, String reason) {
        return new Failure(Kind.PICTURE, code, reason, context.schema().emptyFields());
    }

    /**
     * Whether there is nothing left to do. The first picture of a document may lack what only the first one has: it was another than the
     * first before; or the document comes back as Elasticsearch handed it out, which leaves out vectors from 9.2 on.
     */
    private boolean isDone(Object data, List<Object> operations) {
        if (believed == false || operations != null) {
            return false;
        }
        List<Object> onlyFirst = context.schema().onlyFirst(options.recipe());
        boolean complete = position > 0 || existing.keySet().containsAll(context.schema().onlyFirstFields(onlyFirst));
        completing = complete == false && inPlace && data != null;
        return complete || data == null;
    }

    /**
     * The target when no call was needed: unchanged, but for what the pipeline, the document and its place in a list want removed, for
     * vectors that Elasticsearch left out of what it handed out, and for marks of an old token.
     */
    Object untouched(Object target) {
        boolean remove = options.leavesOutData() && believed;
        Map<String, Object> renewed = believed ? belief.renewedMarks() : Map.of();
        List<String> notHere = notHere();
        if (target instanceof Map<?, ?> map
            && (remove
                || map.containsKey(Target.OPERATIONS)
                || renewed.isEmpty() == false
                || notHere.stream().anyMatch(map::containsKey)
                || context.schema().copies().lacking(map, notHere))) {
            Map<String, Object> result = Target.copy(target);
            result.putAll(renewed);
            result.remove(Target.OPERATIONS);
            notHere.forEach(result::remove);
            context.schema().copies().restore(result, notHere);
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
        if (completing) {
            result.putAll(belief.renewedMarks());
            List<Object> asked = context.schema().onlyFirst(options.recipe());
            context.schema().onlyFirstFields(asked).forEach(name -> Target.merge(result, Collections.singletonMap(name, fields.get(name))));
            context.schema().copies().restore(result, notHere());
            return result;
        }
        result.remove(Target.OPERATIONS);
        result.remove(Target.ERROR);
        Target.merge(result, fields);
        if (options.leavesOutData()) {
            result.remove(Target.DATA);
        }
        return result;
    }

    /** The target of a picture that is at fault: the original stays, nothing of an earlier picture does. */
    Map<String, Object> recorded(Failure failure) {
        Map<String, Object> result = Target.copy(inPlace ? from : existing);
        Target.merge(result, failure.fields());
        if (url != null) {
            // The address may be dead for ever: what is stored stays, without its marks, and is replaced when the address is there again.
            result.remove(Target.MARK);
            result.remove(Target.SOURCE_MARK);
        } else if (inPlace) {
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

    /** Names of the fields that this picture may not have, as it is not the first of the document. */
    private List<String> notHere() {
        return position > 0 ? context.schema().firstFields() : List.of();
    }

    boolean isByAddress() {
        return url != null;
    }

    private static Object url(Object value) {
        return value instanceof Map<?, ?> map ? map.get(Target.URL) : null;
    }

    static Object data(Object value) {
        return value instanceof Map<?, ?> map ? map.get(Target.DATA) : value;
    }
}
