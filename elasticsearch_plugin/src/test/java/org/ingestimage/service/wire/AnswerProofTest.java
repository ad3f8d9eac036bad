package org.ingestimage.service.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

import org.elasticsearch.common.settings.SecureString;
import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.common.Sha256;
import org.ingestimage.picture.Marks;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.TestNode;
import org.ingestimage.testing.Vectors;
import org.junit.jupiter.api.Test;

/** A picture is refused for good only if the service itself says so. */
class AnswerProofTest extends ServicesTest {

    private static final String REFUSAL = "{\"error\": {\"code\": \"%s\", \"reason\": \"says anybody\", \"retryable\": false}}";

    private static FakeService.Behaviour forged(int status, String code) {
        return FakeService.json(status, REFUSAL.formatted(code));
    }

    private static HttpHeaders headers(String proof) {
        return HttpHeaders.of(Map.of("X-Image-Proof", List.of(proof)), (name, value) -> true);
    }

    @Test
    void theServiceProvesItsAnswersInTheSameWay() throws Exception {
        for (Map<String, Object> vector : Vectors.of("answer_proofs")) {
            Marks marks = new Marks(new SecureString(((String) vector.get("token")).toCharArray()), new SecureString(new char[0]));
            String body = Sha256.hex(((String) vector.get("body")).getBytes(StandardCharsets.UTF_8));
            AnswerProof proof = new AnswerProof(marks.transportKey(), (String) vector.get("nonce"), body);
            byte[] answer = ((String) vector.get("answer")).getBytes(StandardCharsets.UTF_8);
            int status = (Integer) vector.get("status");
            HttpHeaders headers = headers((String) vector.get("proof"));
            if (status == 200) {
                assertTrue(proof.isResult(headers, answer.length));
                assertFalse(proof.isResult(headers, answer.length + 1));
                assertFalse(proof.isRefusal(status, headers, answer), "the length proves no body");
            } else {
                assertTrue(proof.isRefusal(status, headers, answer));
                assertFalse(proof.isRefusal(status + 1, headers, answer), "another status");
                assertFalse(proof.isRefusal(status, headers, new byte[0]), "another body");
                assertFalse(proof.isRefusal(status, HttpHeaders.of(Map.of(), (name, value) -> true), answer), "none");
                AnswerProof other = new AnswerProof(proof.key(), "0".repeat(32), proof.body());
                assertFalse(other.isRefusal(status, headers, answer), "to another request");
            }
        }
    }

    @Test
    void aRefusalThatNobodySignedRefusesNoPicture() {
        for (FakeService.Behaviour forged : List.of(
            forged(422, "corrupt_image"),
            forged(422, "too_many_pixels"),
            forged(413, "image_too_large"),
            forged(400, "invalid_recipe"),
            FakeService.json(413, "<html>413 Request Entity Too Large</html>"))) {
            FakeService service = service(forged);
            Failure failure = node(TestNode.hosts(service)).failure("AAAA", null);
            assertEquals(Kind.UNAVAILABLE, failure.kind(), failure.getMessage());
            assertEquals("service_not_ours", failure.code());
            assertTrue(failure.reason().contains("[ingest.image.hosts]"), failure.reason());
            // The first call of a JVM can take seconds, after which the host is asked whether it lives.
            assertEquals(1, service.requests.size(), "it would say the same again");
        }
    }

    /** It says how long it is before it is read. */
    @Test
    void aResultThatIsTooLongIsFinalOnlyFromTheService() {
        FakeService service = service(FakeService.json(200, "{\"fields\": {\"data\": \"" + "A".repeat(100_000) + "\"}}"));
        Failure failure = node(TestNode.hosts(service).put("ingest.image.max_response_bytes", "10kb")).failure("AAAA", "2s");
        assertEquals(Kind.UNAVAILABLE, failure.kind(), failure.getMessage());
    }

    @Test
    void oneThatForgesRefusalsBesideAGoodServiceIsLeftAlone() throws Exception {
        FakeService wrong = service(forged(422, "corrupt_image"));
        FakeService good = service(null);
        good.behaviour = good.slow(2);
        TestNode node = node(TestNode.hosts(wrong, good));
        allStoredInTurn(node, 100);
        assertTrue(wrong.calls.get() < 20, wrong.calls.get() + " calls");
    }

    @Test
    void whatTheServiceRefusesCountsMoreThanWhatAnybodySays() {
        FakeService anybody = service(forged(422, "corrupt_image"));
        FakeService service = service(FakeService.error(422, "too_many_pixels"));
        assertEquals("too_many_pixels", node(TestNode.hosts(anybody, service)).failure("AAAA", null).code());
        service.behaviour = FakeService.error(401, "unauthorized");
        assertEquals("service_not_ours", node(TestNode.hosts(anybody, service)).failure("AAAA", null).code(), "it may come again");
    }

    @Test
    void withoutATokenNothingCanBeProved() {
        FakeService service = service(forged(422, "corrupt_image"));
        assertEquals("corrupt_image", node(TestNode.hosts(service), "").failure("AAAA", null).code());
    }
}
