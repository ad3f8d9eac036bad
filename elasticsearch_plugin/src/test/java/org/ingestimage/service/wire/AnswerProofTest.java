package org.ingestimage.service.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

import org.elasticsearch.common.settings.SecureString;
import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.common.Json;
import org.ingestimage.common.Sha256;
import org.ingestimage.picture.Marks;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.Signatures;
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
            AnswerProof proof = proof(vector);
            byte[] answer = answer(vector);
            int status = (Integer) vector.get("status");
            HttpHeaders headers = headers((String) vector.get("proof"));
            if (status == 200) {
                assertTrue(proof.isAnnounced(headers, answer.length) && proof.isResult(headers, answer, data(vector)));
                assertFalse(proof.isAnnounced(headers, answer.length + 1));
                if (data(vector) instanceof String picture) {
                    assertFalse(proof.isResult(headers, answer, picture.substring(1)), "the picture's string ends before, and other fields follow");
                }
                answer[0] ^= 1;
                assertFalse(proof.isResult(headers, answer, data(vector)), "another body");
                assertFalse(proof.isRefusal(status, headers, answer));
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

    private static Object data(Map<String, Object> vector) throws Exception {
        return Json.read(answer(vector)).get("fields") instanceof Map<?, ?> fields ? fields.get("data") : null;
    }

    /** With the picture, which may be large. */
    private static byte[] answer(Map<String, Object> vector) {
        String picture = "QUFB".repeat((Integer) vector.getOrDefault("pictures", 0));
        return ((String) vector.get("answer")).replace("%s", picture).getBytes(StandardCharsets.UTF_8);
    }

    private static AnswerProof proof(Map<String, Object> vector) {
        Marks marks = new Marks(new SecureString(((String) vector.get("token")).toCharArray()), new SecureString(new char[0]));
        String body = Sha256.hex(((String) vector.get("body")).getBytes(StandardCharsets.UTF_8));
        return new AnswerProof(marks.transportKey(), (String) vector.get("nonce"), body);
    }

    /** Until 0.2, so that nodes can be updated before the services. */
    @Test
    void aServiceOfBeforeProvesTheLengthOfItsResults() throws Exception {
        for (Map<String, Object> vector : Vectors.of("older_answer_proofs")) {
            byte[] answer = answer(vector);
            HttpHeaders headers = headers((String) vector.get("proof"));
            assertTrue(proof(vector).isAnnounced(headers, answer.length) && proof(vector).isResult(headers, answer, null));
            assertFalse(proof(vector).isAnnounced(headers, answer.length + 1) || proof(vector).isResult(headers, new byte[0], null));
        }
        FakeService older = service((exchange, request) -> {
            String text = FakeService.answer(exchange, request, "doneAAAA");
            FakeService.withProof(200, text, Signatures.olderProof(exchange, text)).answer(exchange, request);
        });
        assertEquals("doneAAAA", data(node(TestNode.hosts(older)).call("AAAA", null)));
    }

    /** All marks are right: they are over the picture, the recipe and the source, and not over what is beside them, or who asked. */
    @Test
    void whatSomethingInBetweenSaysIsNotBelieved() throws Exception {
        List<String[]> earlier = new CopyOnWriteArrayList<>();
        FakeService.Behaviour replayed = (exchange, request) -> {
            String text = FakeService.answer(exchange, request, "doneAAAA");
            earlier.add(new String[] { text, Signatures.proof(exchange, 200, text) });
            FakeService.withProof(200, earlier.get(0)[0], earlier.get(0)[1]).answer(exchange, request);
        };
        FakeService between = service(replayed);
        TestNode node = node(TestNode.hosts(between));
        assertEquals("doneAAAA", data(node.call("AAAA", null)), "the first time it is the answer");
        Map<String, FakeService.Behaviour> lies = new LinkedHashMap<>();
        lies.put("an answer of earlier", replayed);
        lies.put("another field", changed(text -> text.replace("\"width\":3", "\"width\":4")));
        lies.put("a field more", changed(text -> text.replaceFirst("\\{\"fields\":\\{", "{\"fields\":{\"color_names\":[\"red\"],")));
        lies.put("the end of the picture before its end", changed(text -> text.replace("doneAAAA", "A\",\"b\":\"")));
        lies.put("no proof", (exchange, request) -> FakeService.json(200, FakeService.answer(exchange, request, "doneAAAA")).answer(exchange, request));
        lies.put("the proof of before, as anybody would make it of a newer one", (exchange, request) -> {
            String text = FakeService.answer(exchange, request, "doneAAAA");
            FakeService.withProof(200, text, Signatures.proof(exchange, 200, text).replaceFirst(".*proof=", "")).answer(exchange, request);
        });
        for (Map.Entry<String, FakeService.Behaviour> lie : lies.entrySet()) {
            between.behaviour = lie.getValue();
            Failure failure = node.failure("AAAA", "2s");
            assertEquals(Kind.UNAVAILABLE, failure.kind(), lie.getKey() + ": " + failure.getMessage());
            assertTrue(failure.reason().contains("the answer is not the processor service's"), lie.getKey() + ": " + failure.reason());
        }
        between.behaviour = FakeService.good();
        assertEquals("doneAAAA", data(node.call("AAAA", null)));
    }

    /** The service's answer and its proof, but for what is changed on the way. */
    private static FakeService.Behaviour changed(UnaryOperator<String> change) {
        return (exchange, request) -> {
            String text = FakeService.answer(exchange, request, "doneAAAA");
            String other = change.apply(text);
            assertNotEquals(text, other);
            FakeService.withProof(200, other, Signatures.proof(exchange, 200, text)).answer(exchange, request);
        };
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
