package org.ingestimage.service.wire;

import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import javax.crypto.spec.SecretKeySpec;

import org.ingestimage.common.Sha256;
import org.ingestimage.picture.Keys;

/**
 * What shows that an answer is the service's, to one signed request (docs/wire.md). Marks show that of a picture. A refusal has no picture, and
 * a result that is too long is never read; both are final, so the picture would be lost if something else could say them.
 *
 * @param key that signed the request; null without a token, when nothing can be shown
 * @param nonce of the request
 * @param body SHA-256 of the request's body
 */
public record AnswerProof(SecretKeySpec key, String nonce, String body) {

    private static final String LABEL = "ingest-image answer v1";
    private static final String HEADER = "X-Image-Proof";

    /** Whether the service refused the request with this status and body. */
    boolean isRefusal(int status, HttpHeaders headers, byte[] answer) {
        return is(headers, status, Sha256.hex(answer));
    }

    /** Whether the service announces a result of this many bytes. */
    boolean isResult(HttpHeaders headers, long length) {
        return is(headers, 200, Long.toString(length));
    }

    private boolean is(HttpHeaders headers, int status, String what) {
        return key == null || same(of(status, what), headers.firstValue(HEADER).orElse(""));
    }

    /** As the service makes it. */
    String of(int status, String what) {
        return Keys.sign(key, String.join("\n", LABEL, nonce, body, Integer.toString(status), what));
    }

    private static boolean same(String expected, String sent) {
        return MessageDigest.isEqual(expected.getBytes(StandardCharsets.US_ASCII), sent.getBytes(StandardCharsets.UTF_8));
    }
}
