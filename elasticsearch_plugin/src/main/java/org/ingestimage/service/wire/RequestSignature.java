package org.ingestimage.service.wire;

import java.net.URI;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.spec.SecretKeySpec;

import org.ingestimage.common.Sha256;
import org.ingestimage.picture.Keys;

/**
 * The signature of a request to one host (docs/wire.md). Hosts come from a setting of the cluster, so
 * people who may change that setting can receive it. It is valid for this request, to this host, once, for a few
 * minutes.
 *
 * @param authorization the header; null without a key
 * @param proof that an answer is to this request
 */
public record RequestSignature(String authorization, AnswerProof proof) {

    private static final String LABEL = "ingest-image request v1";
    private static final SecureRandom RANDOM = new SecureRandom();

    /** Of a POST that is made now. Without a key nothing is signed, and nothing can be proved. */
    public static RequestSignature post(SecretKeySpec key, URI host, String path, String bodySha256) {
        return now(key, "POST", host, path, bodySha256);
    }

    /** The same for a GET. */
    public static RequestSignature get(SecretKeySpec key, URI host, String path) {
        return now(key, "GET", host, path, Sha256.hex(new byte[0]));
    }

    private static RequestSignature now(SecretKeySpec key, String method, URI host, String path, String bodySha256) {
        byte[] random = new byte[16];
        RANDOM.nextBytes(random);
        String nonce = HexFormat.of().formatHex(random);
        long seconds = System.currentTimeMillis() / 1000;
        String authorization = key == null ? null : authorization(key, method, host, path, bodySha256, seconds, nonce);
        return new RequestSignature(authorization, new AnswerProof(key, nonce, bodySha256));
    }

    /** The header with a method, a time in seconds since 1970, and a nonce. */
    static String authorization(SecretKeySpec key, String method, URI host, String path, String bodySha256, long time, String nonce) {
        String signed = String.join("\n", LABEL, method, path, host.toString(), Long.toString(time), nonce, bodySha256);
        return "Ingest-Image host=" + host + ", time=" + time + ", nonce=" + nonce + ", body=" + bodySha256 + ", signature="
            + Keys.sign(key, signed);
    }
}
