package org.ingestimage.picture;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A picture in the service's store, as a document names it and a mark covers it.
 *
 * @param key its address there
 * @param sha256 of its bytes
 * @param recipe hash of the recipe that made it; it need not be the pipeline's present one; null of an original
 * @param mark over all three; of an original over the key
 */
public record StoredPicture(String key, String sha256, String recipe, String mark) {

    /** Of every key. */
    public static final String PREFIX = "sha256/";

    /** As the wire has it (docs/wire.md). */
    public Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("key", key);
        if (recipe != null) {
            json.put("recipe", recipe);
        }
        json.put("mark", mark);
        return json;
    }
}
