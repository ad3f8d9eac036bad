package org.ingestimage.service.wire;

import java.util.Base64;
import java.util.List;
import java.util.Map;

import org.ingestimage.common.SafeText;
import org.ingestimage.picture.Marks;
import org.ingestimage.picture.PictureData;
import org.ingestimage.picture.StoredPicture;
import org.ingestimage.picture.TargetFields;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.recipe.SchemaValidator;

/**
 * Whether fields are the service's answer to the very picture that was sent. Any program may answer 200: a service with another token, a
 * proxy, a stub. Only the service can sign the marks, and they name the recipe, the picture that was sent, and the one that came back.
 */
final class AnswerCheck {

    private static final Map<String, SchemaValidator> FIELDS = RecipeSchema.packed().answer();

    /** What an answer is checked against. */
    interface Asked {
        /** Base64 text or bytes, null when the service was to fetch the picture, or has it in its store. */
        Object data();

        /** The picture in the service's store, null when it is not there. */
        StoredPicture kept();

        /** The address of the picture, null when it has none. */
        String url();

        Recipe recipe();

        /** One-off operations, null when there are none. */
        List<Object> documentOperations();

        /** Whether the recipe's operations were applied to these bytes before. */
        boolean normalized();

        /** Whether the service was to put the result into its store. */
        boolean external();
    }

    private final Asked request;
    private final Map<String, Object> fields;
    private final Marks marks;

    private AnswerCheck(Asked request, Map<String, Object> fields, Marks marks) {
        this.request = request;
        this.fields = fields;
        this.marks = marks;
    }

    /** What shows that the fields are not the service's answer to the request; null when they are. It quotes nothing but names. */
    static String problem(Asked request, Map<String, Object> fields, Marks marks) {
        return new AnswerCheck(request, fields, marks).problem();
    }

    private String problem() {
        // The marks sign the pictures, and the proof the whole answer. But a service of before proves only the length, and a defect of a service is
        // proved, too. So every field must be of its kind: it can neither fill the index nor break its mapping.
        for (Map.Entry<String, Object> field : fields.entrySet()) {
            SchemaValidator declared = FIELDS.get(field.getKey());
            if (declared == null) {
                return "the field [" + SafeText.shown(field.getKey()) + "] is unknown to this version of the plugin";
            }
            if (declared.problem(field.getValue()) != null) {
                return "the field [" + field.getKey() + "] is not of the type and size that this version of the service gives";
            }
        }
        String recipe = request.recipe().hash();
        boolean external = request.external();
        if (external ? fields.get(TargetFields.DATA) != null : fields.get(TargetFields.STORED) != null) {
            return "the picture is not where it should be";
        }
        String stored = external ? fields.get(TargetFields.SHA256) instanceof String hash ? hash : null
            : fields.get(TargetFields.DATA) instanceof String data ? PictureData.hash(data) : null;
        if (stored == null || stored.equals(fields.get(TargetFields.SHA256)) == false) {
            return "[sha256] is not that of [data]";
        }
        String made = external ? Marks.kept(recipe, stored, String.valueOf(fields.get(TargetFields.STORED))) : Marks.made(recipe, stored);
        if (isSigned(TargetFields.MARK, made) == false) {
            return "[mark] does not sign the picture and the recipe that was asked for";
        }
        String source = request.data() != null ? PictureData.hashOfAny(request.data()) : request.kept() != null ? request.kept().sha256() : null;
        String from = request.url() != null
            ? Marks.madeFromAddress(recipe, request.url(), stored)
            : Marks.madeFrom(recipe, String.valueOf(source), stored);
        if (isSigned(TargetFields.SOURCE_MARK, from) == false || isAboutAnother(source, stored)) {
            return "it is about another picture than the one that was sent";
        }
        if (fields.get(TargetFields.ORIGINAL) instanceof Map<?, ?> original && original.get(TargetFields.STORED) instanceof String key
            && isSigned(TargetFields.ORIGINAL_MARK, Marks.original(key)) == false) {
            return "[original_mark] does not sign [original.stored]";
        }
        return isThumbnailSigned(recipe, stored) ? null : "[thumbnail_mark] does not sign its [thumbnail]";
    }

    /** The answer about a normalized picture says nothing about the original, and without operations of the document its bytes stay. */
    private boolean isAboutAnother(String source, String stored) {
        if (source == null) {
            return false;
        }
        if (request.normalized()) {
            return request.documentOperations() == null && source.equals(stored) == false;
        }
        return (fields.get(TargetFields.ORIGINAL) instanceof Map<?, ?> original && source.equals(original.get(TargetFields.SHA256))) == false;
    }

    private boolean isThumbnailSigned(String recipe, String stored) {
        Object thumbnail = fields.get(TargetFields.THUMBNAIL);
        if (thumbnail == null) {
            return fields.get(TargetFields.THUMBNAIL_MARK) == null;
        }
        if (thumbnail instanceof String == false) {
            return false;
        }
        try {
            byte[] bytes = Base64.getDecoder().decode((String) thumbnail);
            return isSigned(TargetFields.THUMBNAIL_MARK, Marks.thumbnail(recipe, stored, bytes));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private boolean isSigned(String name, String message) {
        return marks.valid(fields.get(name), message) != null;
    }
}
