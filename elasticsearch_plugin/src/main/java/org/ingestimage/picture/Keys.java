package org.ingestimage.picture;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import org.elasticsearch.common.settings.SecureString;

/**
 * The keys that are derived from the shared token, one for each purpose. No key can be computed from another, and the
 * token itself is neither sent nor kept. Each is HKDF-Extract of RFC 5869: HMAC-SHA256 of the token, keyed by a label.
 * `keys.py` does the same.
 *
 * @param transport signs requests; null without a token
 * @param mark signs pictures
 * @param older other keys whose marks are valid: the one of marks of the first kind, and those of the previous token
 */
public record Keys(SecretKeySpec transport, SecretKeySpec mark, List<SecretKeySpec> older) {

    private static final String HMAC = "HmacSHA256";
    /** How the token for clients that are not nodes begins. */
    private static final String API_TOKEN = "ingest-image-api-";

    /** The keys of the token, and of the one before it while tokens are rotated, else an empty one. */
    static Keys of(SecureString token, SecureString previous) {
        byte[] current = checked("ingest.image.token", token);
        byte[] before = checked("ingest.image.previous_token", previous);
        List<SecretKeySpec> older = new ArrayList<>(List.of(firstMarkKey(current)));
        if (before.length > 0) {
            older.addAll(List.of(markKey(before), firstMarkKey(before)));
        }
        return new Keys(current.length == 0 ? null : derived("ingest-image transport v1", current), markKey(current), List.copyOf(older));
    }

    /** Lower-case hex. */
    public static String sign(SecretKeySpec key, String message) {
        return HexFormat.of().formatHex(hmac(key, message.getBytes(StandardCharsets.UTF_8)));
    }

    private static SecretKeySpec markKey(byte[] token) {
        return derived("ingest-image mark v2", token);
    }

    /** The key of marks of the first kind, which contains the token. Such marks are valid until 0.2. */
    private static SecretKeySpec firstMarkKey(byte[] token) {
        byte[] label = "ingest-image mark v1\n".getBytes(StandardCharsets.US_ASCII);
        return new SecretKeySpec(ByteBuffer.allocate(label.length + token.length).put(label).put(token).array(), HMAC);
    }

    private static SecretKeySpec derived(String label, byte[] token) {
        return new SecretKeySpec(hmac(new SecretKeySpec(label.getBytes(StandardCharsets.US_ASCII), HMAC), token), HMAC);
    }

    private static byte[] hmac(SecretKeySpec key, byte[] message) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(key);
            return mac.doFinal(message);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JVM has " + HMAC, e);
        }
    }

    /** The token's bytes. Visible ASCII only: the service has it as an environment variable. */
    private static byte[] checked(String setting, SecureString token) {
        if (token.chars().anyMatch(c -> c < 0x21 || c > 0x7e)) {
            throw new IllegalArgumentException("[" + setting + "] in the keystore must consist of visible ASCII characters without spaces");
        }
        if (token.toString().startsWith(API_TOKEN)) {
            throw new IllegalArgumentException(
                "[" + setting + "] in the keystore is an API token, which is derived from the token of the service: put that one in"
            );
        }
        ByteBuffer bytes = StandardCharsets.US_ASCII.encode(CharBuffer.wrap(token));
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return copy;
    }
}
