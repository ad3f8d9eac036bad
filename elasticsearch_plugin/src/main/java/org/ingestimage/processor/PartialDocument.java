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
        if (withoutPicture) {
            result.putIfAbsent(TargetFields.DATA, null);
        }
        schema.parts().forEach((name, parts) -> completePart(result, name, parts));
        completePart(result, TargetFields.ERROR, OF_AN_ERROR);
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
