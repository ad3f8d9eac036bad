package org.ingestimage.processor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.picture.PictureData;
import org.ingestimage.picture.TargetFields;
import org.ingestimage.processor.Decision.What;
import org.ingestimage.recipe.RecipeSchema;

/** What stands in the target once it is known what came of a picture. */
final class PictureResult {

    private final Picture picture;
    private final Options options;
    private final RecipeSchema schema;
    private final MarkCheck check;

    PictureResult(Picture picture) {
        this.picture = picture;
        this.options = picture.options;
        this.schema = picture.environment.schema();
        this.check = picture.check;
    }

    /**
     * The target when the service was not asked: unchanged, except for what the pipeline, the document and its place in a list want removed, for
     * vectors that Elasticsearch left out of what it handed out, for marks of an old token, and for what nobody vouches for.
     */
    Object untouched(Object target, Decision decision) {
        boolean bare = PictureData.is(target) || PictureData.named(target) != target || target instanceof List<?> list && list.isEmpty() == false;
        boolean removed = decision.what() == What.TAKE_AWAY;
        boolean gone = removed && picture.inPlace == false && bare;
        if (target instanceof Map == false && gone == false) {
            return target;
        }
        Map<String, Object> result = TargetFields.copy(gone ? null : PartialDocument.plain(target));
        if (removed) {
            TargetFields.merge(result, schema.emptyFields());
            if (picture.keepsNull == false) {
                result.remove(TargetFields.DATA);
            }
        } else if (decision.what() == What.LEAVE_ALONE) {
            // What nobody vouches for would have been made again, had there been a picture to make it from.
            schema.pictures().keySet().stream().filter(name -> check.vouchesFor(name) == false).forEach(result::remove);
            result.putAll(check.marks());
            putCurrentData(result);
            putPending(result);
        } else {
            List.of(TargetFields.MARK, TargetFields.SOURCE_MARK, TargetFields.THUMBNAIL_MARK).forEach(result::remove);
            schema.pictures().keySet().forEach(result::remove);
            result.remove(TargetFields.PENDING);
            result.remove(TargetFields.PENDING_SINCE);
        }
        TargetFields.ONE_OFF.forEach(result::remove);
        notHere().forEach(result::remove);
        schema.copies().restore(result, notHere());
        Map<String, Object> ordered = decision.what() == What.LEAVE_ALONE ? schema.inOrder(result) : result;
        boolean same = ordered.equals(target) && List.copyOf(ordered.keySet()).equals(List.copyOf(((Map<?, ?>) target).keySet()));
        return same ? target : ordered;
    }

    /** The target after the service has processed the picture. */
    Map<String, Object> processed(Decision decision, Map<String, Object> fields) {
        Map<String, Object> result = picture.base();
        TargetFields.ONE_OFF.forEach(result::remove);
        if (decision.completes() == false || picture.pending.left() == null) {
            result.remove(TargetFields.ERROR);
        }
        if (decision.completes()) {
            result.putAll(check.marks());
            putCurrentData(result);
            putPending(result);
            List<String> made = new ArrayList<>(schema.remade(decision.request().recipe().properties()));
            made.addAll(schema.later().fieldsOf(picture.pending.due()));
            made.forEach(name -> TargetFields.merge(result, Collections.singletonMap(name, fields.get(name))));
            schema.copies().restore(result, notHere());
            return schema.inOrder(result);
        }
        // Another picture, which begins to wait now.
        result.remove(TargetFields.PENDING_SINCE);
        // In the order of the answer, which people can read.
        result.keySet().removeAll(fields.keySet());
        TargetFields.merge(result, fields);
        if (decision.request().keepsBytes() && check.original() != null) {
            // The answer says that the picture was made from itself.
            List.of(TargetFields.SOURCE_MARK, TargetFields.ORIGINAL_MARK).forEach(name -> result.put(name, check.marks().get(name)));
        }
        Pending.stamp(result);
        if (options.leavesOutData()) {
            result.remove(TargetFields.DATA);
        }
        return result;
    }

    /** What refuses the document, null when the failure is recorded in it. */
    Failure refusal(Failure failure) {
        if (picture.enriches()) {
            // What is stored is complete except for what is pending, and stays.
            return failure;
        }
        if (options.recordInvalid() == false || failure.kind() != Kind.PICTURE) {
            return failure;
        }
        boolean strange = picture.url != null && picture.existing.get(TargetFields.DATA) != null && check.made() == false;
        return strange && options.keepInvalid() == false
            ? failure.refusingTheDocument(
                failure.reason() + "; the [data] beside it was not made by this recipe, so it cannot stay meanwhile: set [url] to null to process it"
            )
            : null;
    }

    /** The target of a picture that is at fault: nothing of an earlier picture stays, and of this one what is known to carry no metadata. */
    Map<String, Object> recorded(Failure failure) {
        Map<String, Object> result = picture.base();
        TargetFields.merge(result, schema.emptyFields());
        TargetFields.merge(result, failure.fields());
        result.remove(TargetFields.DATA);
        boolean sound = check.made() && check.plainData() != null && options.leavesOutData() == false;
        // Another recipe has made it, and hid nothing that this one hides.
        boolean clear = options.conceals() && check.made() == false;
        if (check.kept() != null && picture.brings() == false && clear == false) {
            // What is in the store stays there, and the document keeps what is needed to have it.
            keepStored(result);
        } else if (check.made() == false && picture.inPlace && picture.data != null && check.original() != null && clear == false) {
            // What was asked for was made from the original in the store. The picture itself is not what is at fault.
            keepMarked(result, picture.existing.get(TargetFields.RECIPE));
            TargetFields.merge(result, Collections.singletonMap(TargetFields.DATA, check.plainData()));
        } else if (sound && (picture.inPlace || picture.url != null)) {
            // What is stored stays: an operation failed, or the address, which may be gone for good.
            result.put(TargetFields.MARK, check.marks().get(TargetFields.MARK));
            putCurrentData(result);
        } else {
            TargetFields.merge(result, Collections.singletonMap(TargetFields.DATA, kept(failure)));
        }
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("code", failure.code());
        error.put("reason", failure.reason());
        if (failure.requestId() != null) {
            error.put("request_id", failure.requestId());
        }
        result.put(TargetFields.ERROR, error);
        return result;
    }

    /** The refused picture as it is stored, null when it is not. */
    private Object kept(Failure failure) {
        if (options.keepInvalid()) {
            return picture.url != null ? picture.existing.get(TargetFields.DATA) : picture.inPlace ? picture.data : null;
        }
        boolean only = picture.inPlace || options.removeBinary();
        return picture.url == null && only && options.keepsFieldsOnly() == false ? failure.fields().get(TargetFields.DATA) : null;
    }

    private void keepStored(Map<String, Object> result) {
        result.put(TargetFields.STORED, check.kept().key());
        result.put(TargetFields.SHA256, check.kept().sha256());
        keepMarked(result, check.kept().recipe());
    }

    /** What says that this recipe made the picture that stays, and of which original. */
    private void keepMarked(Map<String, Object> result, Object recipe) {
        result.put(TargetFields.RECIPE, recipe);
        result.put(TargetFields.MARK, check.marks().get(TargetFields.MARK));
        for (String name : List.of(TargetFields.SOURCE_MARK, TargetFields.ORIGINAL, TargetFields.ORIGINAL_MARK)) {
            Object value = check.marks().getOrDefault(name, picture.existing.get(name));
            TargetFields.merge(result, Collections.singletonMap(name, value));
        }
    }

    private void putCurrentData(Map<String, Object> result) {
        TargetFields.merge(result, Collections.singletonMap(TargetFields.DATA, options.leavesOutData() ? null : check.plainData()));
    }

    private void putPending(Map<String, Object> result) {
        TargetFields.merge(result, Collections.singletonMap(TargetFields.PENDING, picture.pending.left()));
        Pending.stamp(result);
    }

    /** Names of the fields that this picture may not have, as it is not the first of the document. */
    private List<String> notHere() {
        return picture.position > 0 ? schema.firstFields() : List.of();
    }
}
