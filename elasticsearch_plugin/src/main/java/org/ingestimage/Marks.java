package org.ingestimage;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import org.elasticsearch.common.settings.SecureString;

/**
 * Verifies the service's signature under a picture that it has processed, and holds the token that keys it.
 *
 * <p>A believed mark saves the call and, above all, keeps a picture's bytes as they are when something else in the document changes.
 * A writer cannot forge it: whoever has no token cannot make a picture pass unprocessed.
 */
final class Marks {

    private static final byte[] PURPOSE = "ingest-image mark v1\n".getBytes(StandardCharsets.UTF_8);
    private static final int LENGTH = 64;

    private volatile SecureString token;

    Marks(SecureString token) {
        setToken(token);
    }

    /** Copies the token: the caller's one is closed after a reload. It goes into a header, hence visible ASCII only. */
    void setToken(SecureString token) {
        if (token.chars().anyMatch(c -> c < 0x21 || c > 0x7e)) {
            throw new IllegalArgumentException("[ingest.image.token] in the keystore must consist of visible ASCII characters without spaces");
        }
        this.token = token.clone();
    }

    /** The value of the `Authorization` header, null without a token. */
    String authorization() {
        SecureString current = token;
        return current.length() == 0 ? null : "Bearer " + current;
    }

    /** Whether `mark` says that `data` was made by this recipe. */
    boolean believed(Object mark, String recipe, Object data) {
        return believed(mark, "", recipe, data);
    }

    /** Whether `mark` says that another field was made from `data` by this recipe. */
    boolean sourceBelieved(Object mark, String recipe, Object data) {
        return believed(mark, "source:", recipe, data);
    }

    /** Whether `mark` says that the picture was fetched from this address. */
    boolean urlBelieved(Object mark, String recipe, String url) {
        return isMark(mark) && agrees(mark, "url:", recipe, url.getBytes(StandardCharsets.UTF_8));
    }

    private boolean believed(Object mark, String prefix, String recipe, Object data) {
        // The cheap question first: most documents carry no mark, and decoding costs.
        if (isMark(mark) == false) {
            return false;
        }
        byte[] bytes = PictureData.decode(data);
        return bytes != null && agrees(mark, prefix, recipe, bytes);
    }

    private static boolean isMark(Object value) {
        return value instanceof String text && text.length() == LENGTH;
    }

    private boolean agrees(Object mark, String prefix, String recipe, byte[] bytes) {
        byte[] expected = sign(prefix + recipe + ":" + HexFormat.of().formatHex(sha256().digest(bytes)));
        return MessageDigest.isEqual(HexFormat.of().formatHex(expected).getBytes(StandardCharsets.US_ASCII), ((String) mark).getBytes(StandardCharsets.UTF_8));
    }

    private byte[] sign(String message) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            ByteBuffer secret = StandardCharsets.UTF_8.encode(CharBuffer.wrap(token));
            byte[] key = ByteBuffer.allocate(PURPOSE.length + secret.remaining()).put(PURPOSE).put(secret).array();
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(message.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JVM has HmacSHA256", e);
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
