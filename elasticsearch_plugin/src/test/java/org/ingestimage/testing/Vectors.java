package org.ingestimage.testing;

import java.io.InputStream;
import java.util.List;
import java.util.Map;

import org.ingestimage.common.Json;

/** What both sides compute alike: hashes of recipes, marks, signatures of requests (recipe-vectors.json, which the service's tests read, too). */
public final class Vectors {

    private Vectors() {}

    @SuppressWarnings("unchecked")
    public static List<Map<String, Object>> of(String kind) throws Exception {
        try (InputStream in = Vectors.class.getResourceAsStream("/recipe-vectors.json")) {
            return (List<Map<String, Object>>) Json.read(in.readAllBytes()).get(kind);
        }
    }
}
