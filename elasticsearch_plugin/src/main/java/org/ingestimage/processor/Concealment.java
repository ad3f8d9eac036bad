package org.ingestimage.processor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.elasticsearch.ingest.IngestDocument;

/** Removes a field from a document, however its name is written there: as objects, as one dotted key, or mixed. */
final class Concealment {

    private Concealment() {}

    /** Removes a pipeline's field, and everything below it. */
    static void remove(IngestDocument document, String field) {
        remove(document.getSource(), field.startsWith(Options.SOURCE) ? field.substring(Options.SOURCE.length()) : field);
    }

    /** From an object, or from each object of a list. */
    @SuppressWarnings("unchecked")
    private static void remove(Object value, String path) {
        if (value instanceof List<?> list) {
            // A path may name an element by its number.
            String below = path.replaceFirst("^[0-9]+[.]", "");
            // Each frame of the stack counts: a document may have a thousand lists in each other.
            for (Object element : list) {
                remove(element, below);
            }
            if (path.matches("[0-9]+")) {
                list.clear();
            }
        }
        if (value instanceof Map == false) {
            return;
        }
        Map<String, Object> object = (Map<String, Object>) value;
        for (String key : new ArrayList<>(object.keySet())) {
            if (key.equals(path) || key.startsWith(path + ".")) {
                object.remove(key);
            } else if (path.startsWith(key + ".")) {
                remove(object.get(key), path.substring(key.length() + 1));
            }
        }
    }
}
