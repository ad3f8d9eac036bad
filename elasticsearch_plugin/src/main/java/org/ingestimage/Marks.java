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
 * Verifies the service's signature under a picture that it has processed, and holds the tokens that key it.
 *
 * <p>A believed mark saves the call and, above all, keeps a picture's bytes as they are when something else in the document changes.
 * A writer cannot forge it: whoever has no token cannot make a picture pass unprocessed.
 */
final class Marks {

    private static final byte[] PURPOSE = "ingest-image mark v1\n".getBytes(StandardCharsets.UTF_8);
    private static final int LENGTH = 64;

    /** The token, and the one before it while tokens are rotated, else an empty one. */
    private record Tokens(SecureString current, SecureString previous) {}

    private volatile Tokens tokens;

    Marks(SecureString token, SecureString previous) {
        setTokens(token, previous);
    }

    /** Copies the tokens: the caller's are closed after a reload. */
    void setTokens(SecureString token, SecureString previous) {
        tokens = new Tokens(checked("ingest.image.token", token), checked("ingest.image.previous_token", previous));
    }

    /** It goes into a header, hence visible ASCII only. */
    private static SecureString checked(String setting, SecureString token) {
        if (token.chars().anyMatch(c -> c < 0x21 || c > 0x7e)) {
            throw new IllegalArgumentException("[" + setting + "] in the keystore must consist of visible ASCII characters without spaces");
        }
        return token.clone();
    }

    /** The value of the `Authorization` header, null without a token. */
    String authorization() {
        SecureString current = tokens.current();
        return current.length() == 0 ? null : "Bearer " + current;
    }

    /**
     * Null unless `mark` signs `message`. Else the mark as it should be stored: signed anew when it was made with the previous token, so that
     * it is believed when that one is gone.
     */
    String believed(Object mark, String message) {
        if (mark instanceof String text && text.length() == LENGTH) {
            Tokens now = tokens;
            String expected = sign(now.current(), message);
            boolean before = now.previous().length() > 0 && same(sign(now.previous(), message), text);
            return before || same(expected, text) ? expected : null;
        }
        return null;
    }

    /** What `mark` signs: these stored bytes, by their SHA-256, came out of this recipe. */
    static String made(String recipe, String stored) {
        return recipe + ":" + stored;
    }

    /** What `source_mark` signs: the stored bytes were made from these source bytes. */
    static String madeFrom(String recipe, byte[] source, String stored) {
        return madeFrom(recipe, hex(source), stored);
    }

    /** The same, of source bytes that are given by their SHA-256. */
    static String madeFrom(String recipe, String source, String stored) {
        return "source:" + recipe + ":" + source + ":" + stored;
    }

    /** What `source_mark` signs of a picture that was fetched: the stored bytes were made from what was at this address. */
    static String madeFromAddress(String recipe, String url, String stored) {
        return "url:" + recipe + ":" + hex(url.getBytes(StandardCharsets.UTF_8)) + ":" + stored;
    }

    /** What `thumbnail_mark` signs: this is the thumbnail of the stored bytes. */
    static String thumbnail(String recipe, String stored, byte[] thumbnail) {
        return "thumbnail:" + recipe + ":" + stored + ":" + hex(thumbnail);
    }

    /** SHA-256 as lower-case hex. */
    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(sha256().digest(bytes));
    }

    private static boolean same(String expected, String mark) {
        return MessageDigest.isEqual(expected.getBytes(StandardCharsets.US_ASCII), mark.getBytes(StandardCharsets.UTF_8));
    }

    private static String sign(SecureString token, String message) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            ByteBuffer secret = StandardCharsets.UTF_8.encode(CharBuffer.wrap(token));
            byte[] key = ByteBuffer.allocate(PURPOSE.length + secret.remaining()).put(PURPOSE).put(secret).array();
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(message.getBytes(StandardCharsets.UTF_8)));
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
