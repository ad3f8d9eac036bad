package org.ingestimage.processor;

import java.util.Map;

import org.elasticsearch.ingest.IngestDocument;

/**
 * Where a pipeline's field is looked for.
 *
 * @param root the document, or what is beside it, such as the element that `foreach` is at
 * @param way from there, dotted
 */
record FieldPlace(Map<String, Object> root, String way) {

    static FieldPlace of(IngestDocument document, String field) {
        if (field.startsWith(Options.METADATA)) {
            return new FieldPlace(document.getIngestMetadata(), field.substring(Options.METADATA.length()));
        }
        String way = field.startsWith(Options.SOURCE) ? field.substring(Options.SOURCE.length()) : field;
        return new FieldPlace(document.getSource(), way);
    }
}
