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

    /** A mark as the service makes it: {@code prefix} is {@code source:}, {@code url:} or nothing. */
    static String mark(String prefix, String recipe, byte[] bytes) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(("ingest-image mark v1\n" + TestNode.TOKEN).getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            String hash = HexFormat.of().formatHex(Marks.sha256().digest(bytes));
            return HexFormat.of().formatHex(mac.doFinal((prefix + recipe + ":" + hash).getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
