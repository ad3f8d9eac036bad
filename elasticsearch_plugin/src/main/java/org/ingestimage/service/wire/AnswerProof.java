package org.ingestimage.service.wire;

import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.spec.SecretKeySpec;

import org.ingestimage.common.Sha256;
import org.ingestimage.picture.Keys;

/**
 * What shows that an answer is the service's, to one signed request (docs/wire.md). Marks show it of a picture alone: whoever is in between
 * could answer with one of earlier, or change the fields beside it. Refusals have no marks, and are final.
 *
 * @param key that signed the request; null without a token, when nothing can be shown
 * @param nonce of the request
 * @param body SHA-256 of the request's body
 */
public record AnswerProof(SecretKeySpec key, String nonce, String body) {

    private static final String LABEL = "ingest-image answer v1";
    private static final String RESULT_LABEL = "ingest-image answer v2";
    private static final String HEADER = "X-Image-Proof";
    /** Of a result it names the hash of the body, so that it can be verified before the body is read; and which bytes that leaves out. */
    private static final Pattern RESULT = Pattern.compile(
        "body=(?<body>[0-9a-f]{64}), data=(?<range>(?<start>[0-9]{1,9})-(?<end>[0-9]{1,9})), proof=(?<proof>[0-9a-f]{64})");

    /** Whether the service refused the request with this status and body. */
    boolean isRefusal(int status, HttpHeaders headers, byte[] answer) {
        return key == null || same(of(LABEL, status, Sha256.hex(answer)), sent(headers));
    }

    /** Whether the service announces a result of this many bytes. */
    boolean isAnnounced(HttpHeaders headers, long length) {
        if (key == null) {
            return true;
        }
        Matcher result = RESULT.matcher(sent(headers));
        return result.matches() ? isAnnounced(result, length) : isOfOlder(headers, length);
    }

    /**
     * Whether this is the service's result. The hash leaves out the picture, whose own `sha256` is in what it covers, and was compared before: to
     * hash a picture twice costs a hundredth of the processor time of all that is done with it.
     *
     * @param data the picture that was found in the answer; null for none
     */
    public boolean isResult(HttpHeaders headers, byte[] answer, Object data) {
        if (key == null) {
            return true;
        }
        Matcher result = RESULT.matcher(sent(headers));
        if (result.matches() == false) {
            return isOfOlder(headers, answer.length);
        }
        int start = Integer.parseInt(result.group("start"));
        int end = Integer.parseInt(result.group("end"));
        if (isAnnounced(result, answer.length) == false || start > end || end > answer.length) {
            return false;
        }
        // What is left out begins within the quotes of `data`. If anything in it ended that string, the string would be shorter.
        boolean isPicture = start == end || data instanceof String text && text.length() == end - start;
        MessageDigest rest = Sha256.digest();
        rest.update(answer, 0, start);
        rest.update(answer, end, answer.length - end);
        return isPicture && same(HexFormat.of().formatHex(rest.digest()), result.group("body"));
    }

    private boolean isAnnounced(Matcher result, long length) {
        String what = String.join("\n", Long.toString(length), result.group("range"), result.group("body"));
        return same(of(RESULT_LABEL, 200, what), result.group("proof"));
    }

    /**
     * Until 0.2: whether a service of before says that its result has this length, which is all that it proves. Newer ones never say it like
     * that, so nobody in between can make such a proof of what they say.
     */
    private boolean isOfOlder(HttpHeaders headers, long length) {
        return same(of(LABEL, 200, Long.toString(length)), sent(headers));
    }

    private static String sent(HttpHeaders headers) {
        return headers.firstValue(HEADER).orElse("");
    }

    /** As the service makes it. */
    private String of(String label, int status, String what) {
        return Keys.sign(key, String.join("\n", label, nonce, body, Integer.toString(status), what));
    }

    private static boolean same(String expected, String sent) {
        return MessageDigest.isEqual(expected.getBytes(StandardCharsets.US_ASCII), sent.getBytes(StandardCharsets.UTF_8));
    }
}
