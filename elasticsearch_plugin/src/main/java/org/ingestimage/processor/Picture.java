package org.ingestimage.processor;

import java.util.List;
import java.util.Map;

import org.ingestimage.common.Code;
import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.common.SafeText;
import org.ingestimage.picture.DataUrl;
import org.ingestimage.picture.OtherCase;
import org.ingestimage.picture.PictureData;
import org.ingestimage.picture.StoredPicture;
import org.ingestimage.picture.TargetFields;
import org.ingestimage.processor.Decision.What;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.service.wire.PictureRequest;

/** One picture of a document: whether the service is asked, and with what. What comes of it is written by {@link PictureResult}. */
final class Picture {

    final Options options;
    final ProcessorEnvironment environment;
    /** The target before. */
    final Map<String, Object> existing;
    /** Whether the result replaces what the picture was read from. */
    final boolean inPlace;
    /** Whether the document says that there is no picture any more: it has a null where one was. */
    private final boolean removed;
    /** Whether the null stays, as the address beside it would count as that of a picture otherwise. */
    final boolean keepsNull;
    /** The picture's own data, null when there is none. */
    final Object data;
    /** The address that the picture is from, null when the document brings the picture along. */
    final Object url;
    final MarkCheck check;
    final Pending pending;
    /** In the document's list. */
    final int position;
    private final String path;
    private final Object source;
    /** Where the picture is: the field's value, or the target's when that is what gets processed again. */
    private final Object from;

    /**
     * @param source the value of the field, or one element of it
     * @param present whether the document has the field, even if it is null
     * @param target the value of the target before; the same as `source` when the target is the field
     * @param path for messages, such as `image` or `image.3`
     * @param position in the document's list; 0 when the document has one picture only
     */
    Picture(Options options, ProcessorEnvironment environment, Object source, boolean present, Object target, String path, int position) {
        this.options = options;
        this.environment = environment;
        this.path = path;
        this.source = source;
        this.position = position;
        this.existing = TargetFields.copy(target);
        boolean addressesAreOff = environment.client().urlHosts().isOff();
        // Where no address is allowed, one beside a target with a picture is a field like any other. So is one beside a null, which says that
        // there is no picture.
        boolean isNull = isNull(source, TargetFields.DATA);
        boolean own = addressesAreOff && (isNull || existing.get(TargetFields.DATA) != null);
        boolean none = TargetFields.data(source) == null && (TargetFields.url(source) == null || own);
        // Nulls in place of all fields are those of an upsert whose picture was refused, and nobody took it away: its error stays.
        boolean refused = isNull(target, TargetFields.SHA256) && existing.get(TargetFields.ERROR) instanceof Map && TargetFields.url(source) == null;
        // Of a separate target it is the source that is null, or, where that is gone (remove_binary), the picture in the target.
        boolean separately = present && source == null || isNull || isNull(source, TargetFields.URL);
        this.removed = none && (isNull(target, TargetFields.DATA) && refused == false || options.inPlace() == false && separately);
        this.keepsNull = removed && options.inPlace() && TargetFields.url(source) != null;
        // The source is gone (remove_binary), or never was: what is in the target is what there is, and is processed in place.
        boolean again = none && removed == false && options.inPlace() == false;
        this.from = again ? target : source;
        this.inPlace = again || options.inPlace();
        // A list within the target's list is no picture. It is refused as one, since the mapping would look into it.
        boolean nothing = (target instanceof Map || target instanceof List || PictureData.is(target)) == false;
        this.data = again && nothing ? null : TargetFields.data(from);
        // Where no address is allowed, a url is a field like any other beside data, or beside what was made from it before.
        boolean complete = data != null || existing.get(TargetFields.MARK) instanceof String;
        this.url = again || removed || (complete && addressesAreOff) ? null : TargetFields.url(source);
        this.pending = Pending.of(options, environment.schema(), source, existing);
        this.check = new MarkCheck(options, environment, existing, pending.names());
    }

    private static boolean isNull(Object value, String key) {
        return value instanceof Map<?, ?> map && map.containsKey(key) && map.get(key) == null;
    }

    String path() {
        return path;
    }

    /** Whether the document brings the bytes of a picture along, so that what was there before is not what it is about. */
    boolean brings() {
        return data != null;
    }

    /** Whether it takes the place of an earlier picture, or takes that away. */
    boolean replaces() {
        return data != null || url != null || removed || check.made();
    }

    /** What the result is written into: the picture's object, or the target's. */
    Map<String, Object> base() {
        return TargetFields.copy(inPlace ? from : existing);
    }

    /** Whether nothing is asked of the service but what is pending. */
    boolean enriches() {
        return pending.asked() && pending.due().isEmpty() == false && check.made();
    }

    /** What is to be done; a failure when the service need not be asked to know that the picture, or what is asked for it, is wrong. */
    Decision decide() throws Failure {
        if (holdsDataUrl(TargetFields.url(from))) {
            throw Failure.of(Kind.REQUEST, Code.URL_NOT_ALLOWED.toString(), "[url] is a data URL; send it as [data]");
        }
        if (removed == false) {
            OtherCase.refuse(source);
            OtherCase.refuse(existing);
        }
        List<Object> operations = options.documentOperations().of(environment.schema(), source, existing);
        if (url != null) {
            return decideByAddress(operations);
        }
        if (data == null) {
            return decideWithoutPicture(operations);
        }
        if (PictureData.is(data) == false) {
            // An empty list says only together with its type that it is an empty Buffer.
            Object shown = PictureData.isBuffer(from) ? from : data;
            throw atFault(Code.INVALID_BASE64, "a picture must be a base64 string or bytes, got " + PictureData.kind(shown));
        }
        boolean current = inPlace ? check.made() : check.madeFrom(data) && isWhole();
        What what = what(current, operations);
        if (what == What.LEAVE_ALONE) {
            return Decision.without(what);
        }
        if (what == What.COMPLETE) {
            return complete(null);
        }
        StoredPicture original = current == false && inPlace ? check.original() : null;
        return ask(what, original == null ? data : null, original, null, operations, current);
    }

    /**
     * A list of one text is, to the mapping, that text.
     *
     * <p>No stream: with a dozen frames at each level, a thousand lists in each other overflow the stack, which ends the node.
     */
    private static boolean holdsDataUrl(Object url) {
        if (url instanceof List<?> list) {
            for (Object part : list) {
                if (holdsDataUrl(part)) {
                    return true;
                }
            }
        }
        return url instanceof String address && DataUrl.is(address);
    }

    /** Asks for what the target's own picture lacks. */
    private Decision complete(String address) throws Failure {
        Object made = existing.get(TargetFields.DATA);
        return ask(What.COMPLETE, made, made == null ? check.kept() : null, address, null, true);
    }

    private Decision ask(What what, Object sent, StoredPicture kept, String address, List<Object> operations, boolean current) throws Failure {
        long limit = environment.client().maxImageBytes();
        if (sent != null && PictureData.exceeds(sent, limit)) {
            throw atFault(Code.IMAGE_TOO_LARGE, "the picture is larger than [ingest.image.max_image_bytes] = [" + limit + "] bytes");
        }
        PictureRequest request = new PictureRequest(
            sent,
            kept,
            address,
            what == What.COMPLETE ? Recipe.of(null, lacking()) : options.recipe(),
            what == What.COMPLETE || pending.asked() ? List.of() : options.later(),
            operations,
            (sent != null || kept != null) && current && (inPlace || what == What.COMPLETE),
            options.isExternal(),
            options.keepOriginals(),
            options.acceptTruncated(),
            position,
            options.timeout() == null ? environment.client().timeout() : options.timeout(),
            environment.clientIds()
        );
        return new Decision(what, request);
    }

    /** The picture is at an address: fetched once, and again when the address or the recipe is another one. */
    private Decision decideByAddress(List<Object> operations) throws Failure {
        if (url instanceof String == false) {
            throw atFault(Code.URL_NOT_ALLOWED, "[url] must be a string such as https://images.example.org/cat.jpg, got [" + SafeText.shown(url) + "]");
        }
        // Data beside the address is what was made before, from it or from another one, or has an error. Else it is a picture of its own.
        boolean before = inPlace && (check.made() || existing.get(TargetFields.ERROR) instanceof Map || MarkCheck.isAsHashed(existing));
        if (data != null && before == false) {
            throw new Failure(
                Code.URL_AND_DATA,
                "the document has [url] and a [data] that was not made from it; set the one to null that is not meant"
            );
        }
        String address = (String) url;
        boolean current = check.madeFromAddress(address) && isWhole();
        What what = what(current, operations);
        if (what == What.LEAVE_ALONE) {
            return Decision.without(what);
        }
        if (what == What.COMPLETE) {
            return complete(inPlace ? address : null);
        }
        if (current && (data != null || inPlace && check.kept() != null)) {
            return ask(what, data, data == null ? check.kept() : null, address, operations, true);
        }
        String problem = environment.client().urlHosts().problem(address);
        if (problem != null) {
            throw atFault(Code.URL_NOT_ALLOWED, problem);
        }
        return ask(What.FETCH, null, null, address, operations, current);
    }

    private Decision decideWithoutPicture(List<Object> operations) throws Failure {
        if (removed == false && check.kept() != null) {
            What what = what(check.made(), operations);
            if (what == What.COMPLETE) {
                return complete(null);
            }
            StoredPicture original = check.made() ? null : check.original();
            StoredPicture begin = original == null ? check.kept() : original;
            return what == What.LEAVE_ALONE ? Decision.without(what) : ask(what, null, begin, null, operations, check.made());
        }
        if (removed == false && existing.get(TargetFields.STORED) instanceof String key && key.startsWith(StoredPicture.PREFIX)) {
            // Clearing it, as marks are cleared, would lose the picture when only the token has changed.
            throw new Failure(
                Code.STORED_NOT_SIGNED,
                "[stored] names a picture that no mark covers: was the token changed without [ingest.image.previous_token]? Set [data] to null to "
                    + "remove the picture"
            );
        }
        if (operations != null) {
            throw new Failure(Code.MISSING_DATA, "[operations] need a picture, but there is no [data] beside them");
        }
        What what = removed ? What.TAKE_AWAY : check.made() ? What.LEAVE_ALONE : What.CLEAR_MARKS;
        boolean refused = removed == false && existing.get(TargetFields.ERROR) instanceof Map;
        if (what == What.LEAVE_ALONE || refused || options.ignoreMissing()) {
            return Decision.without(what);
        }
        String missing = source instanceof Map ? path + "." + TargetFields.DATA : path;
        throw new IllegalArgumentException(
            "field [" + missing.substring(missing.lastIndexOf('.') + 1) + "] not present as part of path [" + missing + "]"
        );
    }

    /** Whether the target holds what it should: the picture or its place in the store, unless the pipeline leaves that out. */
    private boolean isWhole() {
        return options.keepsFieldsOnly() || (options.isExternal() ? check.kept() != null : existing.get(TargetFields.DATA) != null);
    }

    /** Whether the picture, wherever it is, is where it should be. */
    private boolean isInPlace() {
        return options.keepsFieldsOnly() || options.isExternal() == (check.kept() != null);
    }

    /**
     * Whether a picture is left alone, completed or processed. Fields that were cleared by an error, or a thumbnail that is not the picture's, are
     * made again, from the stored picture if there is one. The first picture of a document may lack what only the first one has: it was another
     * than the first before; or the document comes back as Elasticsearch handed it out, which leaves out vectors from 9.2 on.
     *
     * @param current whether what is in the target is what the recipe made of this very picture
     */
    private What what(boolean current, List<Object> operations) {
        if (current == false || operations != null || pending.isRefused(existing) || check.vouchesForAll() == false
            || isInPlace() == false) {
            return What.PROCESS;
        }
        boolean again = existing.get(TargetFields.DATA) != null || check.kept() != null;
        return again && lacking().isEmpty() == false ? What.COMPLETE : What.LEAVE_ALONE;
    }

    /** Those of the recipe's properties that the target's picture is to get now. */
    private List<Object> lacking() {
        RecipeSchema schema = environment.schema();
        List<Object> lost = schema.lacking(options.recipe(), existing, position == 0);
        List<String> due = schema.later().withUsed(pending.due());
        List<Object> properties = options.recipe().properties() == null ? List.of() : options.recipe().properties();
        return properties.stream().filter(entry -> {
            String name = RecipeSchema.name(entry);
            return due.contains(name) || lost.contains(entry) && pending.has(name) == false;
        }).toList();
    }

    private Failure atFault(Code code, String reason) {
        return new Failure(code, reason, environment.schema().emptyFields());
    }
}
