package org.ingestimage.picture;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The map under the target field. These are the only names that the plugin knows; everything else in it is the service's. */
public final class TargetFields {

    public static final String DATA = "data";
    public static final String URL = "url";
    /** Where the picture is in the service's store, when it is not in the document. */
    public static final String STORED = "stored";
    public static final String OPERATIONS = "operations";
    public static final String MARK = "mark";
    public static final String SOURCE_MARK = "source_mark";
    public static final String THUMBNAIL = "thumbnail";
    public static final String THUMBNAIL_MARK = "thumbnail_mark";
    /** Of the stored bytes, in hex: what the marks are about where the picture itself is not stored. */
    public static final String SHA256 = "sha256";
    /** Hash of the recipe that made the picture. */
    public static final String RECIPE = "recipe";
    /** Length of the picture. */
    public static final String BYTES = "bytes";
    /** What the service tells of the picture that came in; its `sha256` says which one that was. */
    public static final String ORIGINAL = "original";
    /** Signature under the address of the original in the store. */
    public static final String ORIGINAL_MARK = "original_mark";
    public static final String ERROR = "error";
    /** Names of properties that are added later. */
    public static final String PENDING = "pending";
    /** Since when something waits there for whoever adds it; absent when nothing does, or when it could not be added. */
    public static final String PENDING_SINCE = "pending_since";
    /** True in a document that asks for what is pending. */
    public static final String ENRICH = "enrich";

    /** What a document asks for once: removed when it is done. */
    public static final List<String> ONE_OFF = List.of(OPERATIONS, ENRICH);

    private TargetFields() {}

    /** The picture in a field's value; null when there is none. */
    public static Object data(Object value) {
        return value instanceof Map<?, ?> map ? map.get(DATA) : value;
    }

    /** The address in a field's value; null when there is none. */
    public static Object url(Object value) {
        return value instanceof Map<?, ?> map ? map.get(URL) : null;
    }

    /** Whether a field's value has neither a picture nor an address. */
    public static boolean isEmpty(Object value) {
        return data(value) == null && url(value) == null;
    }

    /** A copy, so that a document is changed only when all of its pictures are done. */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> copy(Object value) {
        return value instanceof Map ? new LinkedHashMap<>((Map<String, Object>) value) : new LinkedHashMap<>();
    }

    /** Puts every field, or removes it when its value is null. Nested maps are replaced whole: no leftovers of an earlier picture. */
    public static void merge(Map<String, Object> target, Map<String, Object> fields) {
        fields.forEach((key, value) -> {
            if (value == null) {
                target.remove(key);
            } else {
                target.put(key, value);
            }
        });
    }
}
