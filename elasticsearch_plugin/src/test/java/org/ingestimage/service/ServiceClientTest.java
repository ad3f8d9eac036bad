package org.ingestimage.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.core.TimeValue;
import org.ingestimage.common.Code;
import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.service.wire.ClientIds;
import org.ingestimage.service.wire.PictureRequest;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;

/** The client against a real HTTP server: what is sent, and what comes back. */
class ServiceClientTest extends ServicesTest {

    @Test
    void theRequestIsTheWires() throws Exception {
        FakeService service = service(FakeService.good());
        TestNode node = node(TestNode.hosts(service));
        CompletableFuture<Map<String, Object>> result = new CompletableFuture<>();
        Recipe recipe = Recipe.of(List.of("auto_orient", Map.of("rotate", Map.of("degrees", 0.5))), List.of("thumbnail"));
        node.client.process(
            new PictureRequest("QUJD\nREVG", null, null, recipe, List.of(), List.of(Map.of("rotate", Map.of("degrees", 90))), true, false, false, false, 2, TimeValue.timeValueSeconds(5), new ClientIds("my-id", null)),
            node.share(),
            false,
            ActionListener.wrap(result::complete, result::completeExceptionally)
        );
        assertEquals("doneQUJDREVG", data(result));
        assertEquals(
            Map.of(
                "data", "QUJD\nREVG",
                "operations", List.of("auto_orient", Map.of("rotate", Map.of("degrees", 0.5))),
                "properties", List.of("thumbnail"),
                "document_operations", List.of(Map.of("rotate", Map.of("degrees", 90))),
                "normalized", true,
                "position", 2
            ),
            service.requests.get(0)
        );
        assertEquals("application/json", service.headers.get(0).getFirst("Content-Type"));
        assertEquals(TestNode.TOKEN, service.token(0));
        assertEquals("my-id", service.headers.get(0).getFirst("X-Opaque-Id"));
    }

    @Test
    void whatIsAbsentIsNotSent() throws Exception {
        FakeService service = service(FakeService.good());
        TestNode node = node(TestNode.hosts(service), "");
        CompletableFuture<Map<String, Object>> result = new CompletableFuture<>();
        node.client.process(
            new PictureRequest(new byte[] { 1, 2, 3 }, null, null, Recipe.of(null, null), List.of(), null, false, false, false, false, 0, TimeValue.timeValueSeconds(5), null),
            node.share(),
            false,
            ActionListener.wrap(result::complete, result::completeExceptionally)
        );
        data(result);
        assertEquals(Map.of("data", "AQID"), service.requests.get(0));
        assertNull(service.headers.get(0).getFirst("Authorization"));
        assertNull(service.headers.get(0).getFirst("X-Opaque-Id"));
    }

    @Test
    void theNodeSaysHowLongItWaits() throws Exception {
        FakeService service = service(FakeService.sequence(FakeService.hangUp(), FakeService.good()));
        data(node(TestNode.hosts(service)).call("AAAA", "40s"));
        List<Long> patience = service.headers.stream().map(each -> Long.valueOf(each.getFirst("X-Image-Patience"))).toList();
        // Half of it, less a little so that "too late" comes in time; then all that is left.
        assertTrue(patience.get(0) > 10_000 && patience.get(0) < 20_000, patience.toString());
        assertTrue(patience.get(1) > 20_000 && patience.get(1) < 40_000, patience.toString());
    }

    @Test
    void eachAttemptIsSignedAnewForItsHost() throws Exception {
        FakeService one = service(FakeService.error(401, "replayed"));
        FakeService two = service(FakeService.error(503, "no_worker"));
        TestNode node = node(TestNode.hosts(one, two));
        CompletableFuture<Map<String, Object>> call = node.call("AAAA", null);
        while (one.headers.size() < 2 || two.headers.size() < 2) {
            Thread.sleep(10);
        }
        one.behaviour = FakeService.good();
        assertEquals("doneAAAA", data(call));
        Set<String> sent = new HashSet<>();
        for (FakeService service : List.of(one, two)) {
            for (int i = 0; i < service.headers.size(); i++) {
                String authorization = service.headers.get(i).getFirst("Authorization");
                assertTrue(authorization.contains("host=" + service.uri() + ","), authorization);
                assertEquals(TestNode.TOKEN, service.token(i));
                assertTrue(sent.add(authorization), "signed anew");
            }
        }
    }

    @Test
    void whyASignedRequestIsRefusedReachesTheAdministrator() {
        for (String code : List.of("clock_skew", "wrong_host", "body_changed")) {
            FakeService service = service(FakeService.error(401, code));
            Failure failure = node(TestNode.hosts(service)).failure("AAAA", null);
            assertEquals(Kind.DEFECT, failure.kind());
            assertEquals("[" + code + "] the service refuses the signed request: because of " + code, failure.getMessage());
        }
    }

    @Test
    void connectionsAreKeptAlive() throws Exception {
        FakeService service = service(FakeService.good());
        TestNode node = node(TestNode.hosts(service));
        for (int i = 0; i < 10; i++) {
            data(node.call("AAAA", null));
        }
        assertEquals(1, service.clientPorts.size());
    }

    @Test
    void largePicturesAndAnswersPass() throws Exception {
        FakeService service = service(FakeService.good());
        TestNode node = node(TestNode.hosts(service));
        String picture = "QUJD".repeat(6_000_000);
        assertEquals(("done" + picture).length(), ((String) data(node.call(picture, "100s"))).length());
    }

    @Test
    void aResultThatIsTooLongIsFinal() {
        FakeService service = service(FakeService.proved(200, "{\"fields\": {\"data\": \"" + "A".repeat(100_000) + "\"}}"));
        Failure failure = node(TestNode.hosts(service).put("ingest.image.max_response_bytes", "10kb")).failure("AAAA", "20s");
        assertEquals(Kind.PICTURE, failure.kind());
        assertEquals("result_too_large", failure.code());
        assertEquals(1, service.calls.get());
        assertTrue(failure.reason().contains("ingest.image.max_response_bytes"), failure.reason());
        assertFalse(failure.reason().contains("AAAA"), failure.reason());
    }

    @Test
    void somethingElseThatIsTooLongIsNoAnswer() {
        FakeService service = service((exchange, request) -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(new byte[100_000]);
        });
        Failure failure = node(TestNode.hosts(service).put("ingest.image.max_response_bytes", "10kb")).failure("AAAA", "4s");
        assertEquals(Kind.UNAVAILABLE, failure.kind());
        // Where a busy machine is silent for a quarter of the time, that is the reason.
        assertTrue(List.of("service_bad_answer", "service_timeout").contains(failure.code()), failure.code());
        assertTrue(service.calls.get() > 1);
    }

    @Test
    void messagesHelp() {
        FakeService service = service(FakeService.error(401, "unauthorized"));
        assertTrue(node(TestNode.hosts(service)).failure("AAAA", null).reason().contains("[ingest.image.token]"));
        service.behaviour = FakeService.error(422, "corrupt_image");
        Failure failure = node(TestNode.hosts(service)).failure("AAAA", null);
        assertEquals("[corrupt_image] because of corrupt_image", failure.getMessage());
        assertEquals(Map.of(), failure.fields(), "nobody has signed them");
        // What a service says is foreign text: short, on one line, with a code that is one.
        service.behaviour = FakeService.proved(422, "{\"error\": {\"code\": \"Not A Code\", \"reason\": \"a\\nb" + "x".repeat(9000) + "\"}}");
        failure = node(TestNode.hosts(service)).failure("AAAA", null);
        assertEquals("service_error", failure.code());
        assertTrue(failure.reason().startsWith("a bxxx") && failure.reason().length() < 600, failure.reason());
    }
}
