package org.ingestimage.picture;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

import javax.crypto.spec.SecretKeySpec;

import org.elasticsearch.common.settings.SecureString;
import org.ingestimage.common.Sha256;

/**
 * Verifies the service's signatures of pictures that it has processed; holds the keys of marks and of requests.
 *
 * <p>A valid mark saves the call. Above all, it keeps a picture's bytes as they are when something else in the document
 * changes. A writer cannot forge it: without the token nobody can make a picture pass unprocessed.
 */
public final class Marks {

    private static final int LENGTH = 64;

    private volatile Keys keys;

    public Marks(SecureString token, SecureString previous) {
        setTokens(token, previous);
    }

    /** Derives the keys; the tokens are not kept. */
    public void setTokens(SecureString token, SecureString previous) {
        keys = Keys.of(token, previous);
    }

    /** Signs requests; null without a token. */
    public SecretKeySpec transportKey() {
        return keys.transport();
    }

    /**
     * The mark as it should be stored, if `mark` signs `message`; otherwise null. One that was made with an older key
     * or with the previous token is signed again, so that it stays valid when those are gone.
     */
    public String valid(Object mark, String message) {
        if (mark instanceof String text && text.length() == LENGTH) {
            Keys now = keys;
            String expected = Keys.sign(now.mark(), message);
            boolean before = false;
            for (SecretKeySpec key : now.older()) {
                before |= same(Keys.sign(key, message), text);
            }
            return before | same(expected, text) ? expected : null;
        }
        return null;
    }

    /** The mark over a message that another mark has vouched for. */
    public String sign(String message) {
        return Keys.sign(keys.mark(), message);
    }

    /** What `mark` signs: these stored bytes, by their SHA-256, came out of this recipe. */
    public static String made(String recipe, String stored) {
        return recipe + ":" + stored;
    }

    /** What `mark` signs when the picture is in the store: nobody can name another place beside it. */
    public static String kept(String recipe, String stored, String key) {
        return "stored:" + recipe + ":" + stored + ":" + key;
    }

    /** What `source_mark` signs: the stored bytes were made from these source bytes. */
    public static String madeFrom(String recipe, byte[] source, String stored) {
        return madeFrom(recipe, Sha256.hex(source), stored);
    }

    /** The same, of source bytes that are given by their SHA-256. */
    public static String madeFrom(String recipe, String source, String stored) {
        return "source:" + recipe + ":" + source + ":" + stored;
    }

    /** What `source_mark` signs of a picture that was fetched: the stored bytes were made from what was at this address. */
    public static String madeFromAddress(String recipe, String url, String stored) {
        return "url:" + recipe + ":" + Sha256.hex(url.getBytes(StandardCharsets.UTF_8)) + ":" + stored;
    }

    /** What `original_mark` signs: an original is there in the store. */
    public static String original(String key) {
        return "original:" + key;
    }

    /** What `thumbnail_mark` signs: this is the thumbnail of the stored bytes. */
    public static String thumbnail(String recipe, String stored, byte[] thumbnail) {
        return "thumbnail:" + recipe + ":" + stored + ":" + Sha256.hex(thumbnail);
    }

    private static boolean same(String expected, String mark) {
        return MessageDigest.isEqual(expected.getBytes(StandardCharsets.US_ASCII), mark.getBytes(StandardCharsets.UTF_8));
    }
}
