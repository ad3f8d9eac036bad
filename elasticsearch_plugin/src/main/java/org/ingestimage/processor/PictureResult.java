package org.ingestimage.processor;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.ingestimage.common.Failure;
import org.ingestimage.common.Failure.Kind;
import org.ingestimage.picture.PictureData;
import org.ingestimage.picture.Target;
import org.ingestimage.recipe.RecipeSchema;

/** What stands in the target once it is known what came of a picture. */
final class PictureResult {

    private final Picture picture;
    private final Options options;
    private final RecipeSchema schema;
    private final Belief belief;

    PictureResult(Picture picture) {
        this.picture = picture;
        this.options = picture.options;
        this.schema = picture.context.schema();
        this.belief = picture.belief;
    }

    /**
     * The target when no call was needed: unchanged, but for what the pipeline, the document and its place in a list want removed, for
     * vectors that Elasticsearch left out of what it handed out, for marks of an old token, and for what nobody vouches for.
     */
    Object untouched(Object target) {
        boolean bare = PictureData.is(target) || PictureData.named(target) != target;
        boolean gone = picture.removed && picture.inPlace == false && bare;
        if (target instanceof Map == false && gone == false) {
            return target;
        }
        Map<String, Object> result = Target.copy(gone ? null : target);
        if (picture.removed) {
            Target.merge(result, schema.emptyFields());
            result.remove(Target.DATA);
        } else if (picture.believed()) {
            // What nobody vouches for would have been made anew, had there been a picture to make it from.
            schema.pictures().keySet().stream().filter(name -> belief.vouchesFor(name) == false).forEach(result::remove);
            result.putAll(belief.marks());
            putBelieved(result);
        } else {
            List.of(Target.MARK, Target.SOURCE_MARK, Target.THUMBNAIL_MARK).forEach(result::remove);
            schema.pictures().keySet().forEach(result::remove);
        }
        result.remove(Target.OPERATIONS);
        notHere().forEach(result::remove);
        schema.copies().restore(result, notHere());
        return result.equals(target) ? target : result;
    }

    /** The target after the service has processed the picture. */
    Map<String, Object> processed(Map<String, Object> fields) {
        Map<String, Object> result = picture.base();
        if (picture.completing()) {
            result.putAll(belief.marks());
            putBelieved(result);
            List<Object> asked = schema.onlyFirst(options.recipe());
            schema.onlyFirstFields(asked).forEach(name -> Target.merge(result, Collections.singletonMap(name, fields.get(name))));
            schema.copies().restore(result, notHere());
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

    /** What refuses the document, null when the failure is recorded in it. */
    Failure refusal(Failure failure) {
        if (options.recordInvalid() == false || failure.kind() != Kind.PICTURE) {
            return failure;
        }
        boolean strange = picture.url != null && picture.existing.get(Target.DATA) != null && belief.made() == false;
        return strange && options.keepInvalid() == false
            ? new Failure(
                Kind.REQUEST,
                failure.code(),
                failure.reason() + "; the [data] beside it was not made by this recipe, so it cannot stay meanwhile: set [url] to null to process it"
            )
            : null;
    }

    /** The target of a picture that is at fault: nothing of an earlier picture stays, and of this one what is known to carry no metadata. */
    Map<String, Object> recorded(Failure failure) {
        Map<String, Object> result = picture.base();
        Target.merge(result, schema.emptyFields());
        Target.merge(result, failure.fields());
        result.remove(Target.DATA);
        boolean sound = belief.made() && belief.plainData() != null && options.leavesOutData() == false;
        if (sound && (picture.inPlace || picture.url != null)) {
            // What is stored stays: an operation failed, or the address, which may be dead for ever.
            result.put(Target.MARK, belief.marks().get(Target.MARK));
            putBelieved(result);
        } else {
            Target.merge(result, Collections.singletonMap(Target.DATA, kept(failure)));
        }
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("code", failure.code());
        error.put("reason", failure.reason());
        result.put(Target.ERROR, error);
        return result;
    }

    /** The refused picture as it is stored, null when it is not. */
    private Object kept(Failure failure) {
        if (options.keepInvalid()) {
            return picture.url != null ? picture.existing.get(Target.DATA) : picture.inPlace ? picture.data : null;
        }
        boolean only = picture.inPlace || options.removeBinary();
        return picture.url == null && only && options.leavesOutData() == false ? failure.fields().get(Target.DATA) : null;
    }

    private void putBelieved(Map<String, Object> result) {
        Target.merge(result, Collections.singletonMap(Target.DATA, options.leavesOutData() ? null : belief.plainData()));
    }

    /** Names of the fields that this picture may not have, as it is not the first of the document. */
    private List<String> notHere() {
        return picture.position > 0 ? schema.firstFields() : List.of();
    }
}
