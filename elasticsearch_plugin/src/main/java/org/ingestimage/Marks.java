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
     * Null unless `mark` says that `data` was made by this recipe. Else the mark as it should be stored: signed anew when it was made
     * with the previous token, so that it is believed when that one is gone.
     */
    String believed(Object mark, String recipe, Object data) {
        return believed(mark, "", recipe, data);
    }

    /** The same for the mark that says that another field was made from `data` by this recipe. */
    String sourceBelieved(Object mark, String recipe, Object data) {
        return believed(mark, "source:", recipe, data);
    }

    /** The same for the mark that says that the picture was fetched from this address. */
    String urlBelieved(Object mark, String recipe, String url) {
        return isMark(mark) ? agreed((String) mark, "url:", recipe, url.getBytes(StandardCharsets.UTF_8)) : null;
    }

    private String believed(Object mark, String prefix, String recipe, Object data) {
        // The cheap question first: most documents carry no mark, and decoding costs.
        byte[] bytes = isMark(mark) ? PictureData.decode(data) : null;
        return bytes == null ? null : agreed((String) mark, prefix, recipe, bytes);
    }

    private static boolean isMark(Object value) {
        return value instanceof String text && text.length() == LENGTH;
    }

    private String agreed(String mark, String prefix, String recipe, byte[] bytes) {
        String message = prefix + recipe + ":" + HexFormat.of().formatHex(sha256().digest(bytes));
        Tokens now = tokens;
        String expected = sign(now.current(), message);
        boolean before = now.previous().length() > 0 && same(sign(now.previous(), message), mark);
        return before || same(expected, mark) ? expected : null;
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
