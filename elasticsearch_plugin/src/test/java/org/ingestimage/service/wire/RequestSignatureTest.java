package org.ingestimage.service.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import javax.crypto.spec.SecretKeySpec;

import org.elasticsearch.common.settings.SecureString;
import org.ingestimage.picture.Marks;
import org.ingestimage.testing.Documents;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.Signatures;
import org.ingestimage.testing.Vectors;
import org.junit.jupiter.api.Test;

class RequestSignatureTest {

    private static final URI HOST = URI.create("http://pictures.internal:8090");

    private static SecretKeySpec key(String token, String previous) {
        return new Marks(new SecureString(token.toCharArray()), new SecureString(previous.toCharArray())).transportKey();
    }

    private static String authorization(SecretKeySpec key) {
        return RequestSignature.post(key, HOST, "/v1/process", RequestBody.of(new byte[] { 1 }).sha256()).authorization();
    }

    @Test
    void requestsAreSignedAsTheServiceExpects() throws Exception {
        for (Map<String, Object> vector : Vectors.of("signed_requests")) {
            String authorization = RequestSignature.authorization(
                key((String) vector.get("token"), ""),
                (String) vector.get("method"),
                URI.create((String) vector.get("host")),
                (String) vector.get("path"),
                RequestBody.of(((String) vector.get("body")).getBytes(StandardCharsets.UTF_8)).sha256(),
                ((Number) vector.get("time")).longValue(),
                (String) vector.get("nonce")
            );
            assertEquals(vector.get("authorization"), authorization);
        }
    }

    @Test
    void withoutATokenRequestsAreNotSigned() {
        assertNull(authorization(key("", "")));
    }

    @Test
    void whileTokensAreRotatedTheNewOneSigns() {
        assertEquals("new", Signatures.tokenOf(authorization(key("new", "old")), "POST", "/v1/process"));
    }

    @Test
    void aRequestIsSignedWithTheTimeAtWhichItIsSent() {
        long before = System.currentTimeMillis() / 1000;
        String sent = authorization(key("new", ""));
        long time = Long.parseLong(sent.replaceAll(".* time=([0-9]+),.*", "$1"));
        assertTrue(before <= time && time <= System.currentTimeMillis() / 1000, sent);
    }

    @Test
    void aRequestHasNoTokenAndNoKeyOfMarksAndIsSignedForOneHostOnce() {
        String sent = authorization(key("new", "old"));
        assertFalse(sent.contains("new") || sent.contains("old"), sent);
        assertFalse(sent.contains(HexFormat.of().formatHex(Documents.derived("ingest-image mark v2", "new"))), sent);
        assertTrue(sent.contains("host=" + HOST + ","), sent);
        assertNotEquals(sent, authorization(key("new", "old")), "the same request twice");
    }
}
