package org.ingestimage;

import java.util.LinkedHashMap;
import java.util.Map;

/** The map under the target field. These are the only names that the plugin knows; everything else in it is the service's. */
final class Target {

    static final String DATA = "data";
    static final String URL = "url";
    static final String OPERATIONS = "operations";
    static final String MARK = "mark";
    static final String SOURCE_MARK = "source_mark";
    static final String ERROR = "error";

    private Target() {}

    /** A copy, so that a document is changed only when all of its pictures are done. */
    @SuppressWarnings("unchecked")
    static Map<String, Object> copy(Object value) {
        return value instanceof Map ? new LinkedHashMap<>((Map<String, Object>) value) : new LinkedHashMap<>();
    }

    /** Puts every field, or removes it when its value is null. Nested maps are replaced whole: no leftovers of an earlier picture. */
    static void merge(Map<String, Object> target, Map<String, Object> fields) {
        fields.forEach((key, value) -> {
            if (value == null) {
                target.remove(key);
            } else {
                target.put(key, value);
            }
        });
    }
}
