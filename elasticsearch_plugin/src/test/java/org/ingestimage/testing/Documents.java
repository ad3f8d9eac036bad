package org.ingestimage.testing;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import org.ingestimage.common.Sha256;
import org.ingestimage.picture.Marks;
import org.ingestimage.picture.PictureData;
import org.ingestimage.recipe.Recipe;

/** What tests put into documents. */
public final class Documents {

    /** The store of the tests' services: bytes by their key. */
    public static final Map<String, byte[]> STORE = new ConcurrentHashMap<>();

    private Documents() {}

    /** A map that can be changed, from keys and values in turn. */
    public static Map<String, Object> map(Object... pairs) {
        Map<String, Object> map = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }

    /** A copy of the map with other values for some keys. */
    public static Map<String, Object> with(Map<String, Object> map, Object... pairs) {
        Map<String, Object> result = new HashMap<>(map);
        result.putAll(map(pairs));
        return result;
    }

    /** What the service of the tests makes of a request: the data with a prefix, or as it is when the wire says so; with every mark. */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> signed(String token, Map<String, Object> request) {
        String recipe = Recipe.of((List<Object>) request.get("operations"), (List<Object>) request.get("properties")).hash();
        boolean normalized = request.get("normalized") != null;
        byte[] source = source(request);
        String text = source == null ? null : Base64.getEncoder().encodeToString(source);
        boolean same = normalized && request.get("document_operations") == null;
        return signed(token, request, recipe, source, same ? text : "done" + text);
    }

    /** The same with other stored bytes, as base64. */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> signed(String token, Map<String, Object> request, String data) {
        String recipe = Recipe.of((List<Object>) request.get("operations"), (List<Object>) request.get("properties")).hash();
        return signed(token, request, recipe, source(request), data);
    }

    private static byte[] source(Map<String, Object> request) {
        if (request.get("stored") instanceof Map<?, ?> stored) {
            return STORE.get((String) stored.get("key"));
        }
        return request.get("data") == null ? null : PictureData.decode(request.get("data"));
    }

    private static Map<String, Object> signed(String token, Map<String, Object> request, String recipe, byte[] source, String data) {
        byte[] stored = Base64.getDecoder().decode(data);
        String url = (String) request.get("url");
        Map<String, Object> fields = map("data", data, "width", 3, "thumbnail", null, "thumbnail_mark", null, "sha256", hash(stored));
        fields.put("mark", sign(token, Marks.made(recipe, hash(stored))));
        if ("external".equals(request.get("store"))) {
            fields.putAll(map("data", null, "stored", key(stored)));
            fields.put("mark", sign(token, Marks.kept(recipe, hash(stored), key(stored))));
            STORE.put(key(stored), stored);
        } else {
            fields.put("stored", null);
        }
        fields.put(
            "source_mark",
            sign(token, url != null ? Marks.madeFromAddress(recipe, url, hash(stored)) : Marks.madeFrom(recipe, source, hash(stored)))
        );
        if (request.get("normalized") == null) {
            fields.put("original", map("sha256", source == null ? null : hash(source)));
            if ("external".equals(request.get("originals"))) {
                fields.put("original", map("sha256", hash(source), "stored", key(source)));
                fields.put("original_mark", sign(token, Marks.original(key(source))));
                STORE.put(key(source), source);
            }
        }
        return fields;
    }

    /** Where bytes are in the store. */
    public static String key(byte[] bytes) {
        String hash = hash(bytes);
        return "sha256/" + hash.substring(0, 2) + "/" + hash.substring(2, 4) + "/" + hash + ".jpeg";
    }

    /** What the tests' service gave, without what it says of the bytes. */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> plain(Object image) {
        Map<String, Object> fields = new HashMap<>((Map<String, Object>) image);
        List.of("sha256", "mark", "source_mark", "original").forEach(fields::remove);
        return fields;
    }

    /** A mark as the service makes it of stored bytes. */
    public static String mark(String recipe, byte[] stored) {
        return sign(recipe + ":" + hash(stored));
    }

    /** That the stored bytes were made from the source. */
    public static String sourceMark(String recipe, byte[] source, byte[] stored) {
        return sign("source:" + recipe + ":" + hash(source) + ":" + hash(stored));
    }

    /** That the stored bytes were made from what is at the address. */
    public static String urlMark(String recipe, String url, byte[] stored) {
        return sign("url:" + recipe + ":" + hash(url.getBytes(StandardCharsets.UTF_8)) + ":" + hash(stored));
    }

    /** That the thumbnail is that of the stored bytes. */
    public static String thumbnailMark(String recipe, byte[] stored, byte[] thumbnail) {
        return sign("thumbnail:" + recipe + ":" + hash(stored) + ":" + hash(thumbnail));
    }

    public static String hash(byte[] bytes) {
        return HexFormat.of().formatHex(Sha256.digest().digest(bytes));
    }

    private static String sign(String message) {
        return sign(TestNode.TOKEN, message);
    }

    public static String sign(String token, String message) {
        return HexFormat.of().formatHex(hmac(derived("ingest-image mark v2", token), message));
    }

    /** The key that a label and a token make. */
    public static byte[] derived(String label, String token) {
        return hmac(label.getBytes(StandardCharsets.UTF_8), token);
    }

    static byte[] hmac(byte[] key, String message) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(message.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
