package org.ingestimage.processor;

import java.util.List;
import java.util.Map;

import org.elasticsearch.ingest.IngestDocument;
import org.ingestimage.picture.TargetFields;
import org.ingestimage.recipe.RecipeSchema;

/**
 * The `upsert`, or the `doc` with `doc_as_upsert`, of an update in a bulk. Elasticsearch runs the pipeline on it alone
 * and merges the result into the stored document, name by name. What an earlier picture had and this one has not would
 * stay, such as the place where it was taken: so each of these fields is null in the result.
 *
 * <p>A null as the picture itself says that there is none. It would stay beside the fields of a later picture that is not kept in the document, and
 * take these away when the document is written again. So there the picture is an empty list, which to the mapping is nothing either.
 */
final class PartialDocument {

    private static final List<String> OF_AN_ERROR = List.of("code", "reason", "request_id");

    private PartialDocument() {}

    /** It has no index ({@link UpsertsOfBulks}). Every other document has one. */
    static boolean is(IngestDocument document) {
        return document.getMetadata().getIndex() == null;
    }

    /**
     * The target with nulls for everything that the service writes and that is not in it.
     *
     * @param target the result; null when there is none
     * @param withoutPicture whether an earlier picture goes, too, if there is none in the target
     */
    static Map<String, Object> complete(Object target, RecipeSchema schema, boolean withoutPicture) {
        Map<String, Object> result = TargetFields.copy(target);
        schema.emptyFields().forEach(result::putIfAbsent);
        TargetFields.ONE_OFF.forEach(result::remove);
        boolean elsewhere = result.get(TargetFields.MARK) != null;
        if (elsewhere || withoutPicture) {
            result.putIfAbsent(TargetFields.DATA, elsewhere ? List.of() : null);
        }
        schema.parts().forEach((name, parts) -> completePart(result, name, parts));
        completePart(result, TargetFields.ERROR, OF_AN_ERROR);
        return result;
    }

    /** A target without that empty list. */
    static Object plain(Object target) {
        boolean elsewhere = target instanceof Map<?, ?> map && map.get(TargetFields.MARK) instanceof String && List.of().equals(map.get(TargetFields.DATA));
        if (elsewhere == false) {
            return target;
        }
        Map<String, Object> result = TargetFields.copy(target);
        result.remove(TargetFields.DATA);
        return result;
    }

    private static void completePart(Map<String, Object> result, String name, List<String> parts) {
        if (result.get(name) instanceof Map) {
            Map<String, Object> part = TargetFields.copy(result.get(name));
            parts.forEach(key -> part.putIfAbsent(key, null));
            result.put(name, part);
        }
    }
}
