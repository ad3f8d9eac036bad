package org.ingestimage;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** What tests put into documents. */
final class Documents {

    private Documents() {}

    /** A map that can be changed, from keys and values in turn. */
    static Map<String, Object> map(Object... pairs) {
        Map<String, Object> map = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }

    /** A mark as the service makes it of stored bytes. */
    static String mark(String recipe, byte[] stored) {
        return sign(recipe + ":" + hash(stored));
    }

    /** That the stored bytes were made from the source. */
    static String sourceMark(String recipe, byte[] source, byte[] stored) {
        return sign("source:" + recipe + ":" + hash(source) + ":" + hash(stored));
    }

    /** That the stored bytes were made from what is at the address. */
    static String urlMark(String recipe, String url, byte[] stored) {
        return sign("url:" + recipe + ":" + hash(url.getBytes(StandardCharsets.UTF_8)) + ":" + hash(stored));
    }

    /** That the thumbnail is that of the stored bytes. */
    static String thumbnailMark(String recipe, byte[] stored, byte[] thumbnail) {
        return sign("thumbnail:" + recipe + ":" + hash(stored) + ":" + hash(thumbnail));
    }

    static String hash(byte[] bytes) {
        return HexFormat.of().formatHex(Marks.sha256().digest(bytes));
    }

    private static String sign(String message) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(("ingest-image mark v1\n" + TestNode.TOKEN).getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(message.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
