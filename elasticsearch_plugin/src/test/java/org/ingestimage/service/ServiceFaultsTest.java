package org.ingestimage.service;

import static org.ingestimage.testing.TestNode.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;

/** Every fault of a service: what is tried again, and what the document hears of it. */
class ServiceFaultsTest extends ServicesTest {

    @Test
    void passingFaultsAreRetried() throws Exception {
        for (FakeService.Behaviour fault : List.of(
            FakeService.error(503, "shutting_down"),
            FakeService.json(502, "<html>bad gateway</html>"),
            FakeService.json(504, ""),
            FakeService.hangUp(),
            FakeService.dieMidAnswer(),
            FakeService.json(200, "<html>hello</html>"),
            FakeService.json(200, "{\"fields\": 3}"),
            FakeService.json(200, "[]"),
            FakeService.json(200, "{\"fields\": {}} and more"),
            FakeService.json(200, ""),
            FakeService.json(422, "<html>hello</html>"))) {
            FakeService service = service(FakeService.sequence(fault, fault, FakeService.good()));
            TestNode node = node(TestNode.hosts(service));
            assertEquals("doneAAAA", data(node.call("AAAA", null)));
            assertEquals(3, service.calls.get());
        }
    }

    @Test
    void finalFaultsAreNot() {
        record Case(FakeService.Behaviour fault, Kind kind, String code) {}
        for (Case each : List.of(
            new Case(FakeService.error(400, "invalid_recipe"), Kind.REQUEST, "invalid_recipe"),
            new Case(FakeService.error(413, "image_too_large"), Kind.PICTURE, "image_too_large"),
            new Case(FakeService.json(413, "<html>nginx</html>"), Kind.UNAVAILABLE, "service_not_ours"),
            new Case(FakeService.error(422, "corrupt_image"), Kind.PICTURE, "corrupt_image"),
            new Case(FakeService.error(401, "unauthorized"), Kind.DEFECT, "service_unauthorized"),
            new Case(FakeService.json(403, ""), Kind.DEFECT, "service_unauthorized"),
            new Case(FakeService.error(404, "not_found"), Kind.DEFECT, "service_error"),
            new Case(FakeService.error(500, "internal_error"), Kind.DEFECT, "service_error"),
            new Case(FakeService.json(500, "<html>"), Kind.DEFECT, "service_error"),
            new Case(FakeService.json(302, ""), Kind.DEFECT, "service_error"))) {
            FakeService service = service(each.fault);
            Failure failure = node(TestNode.hosts(service)).failure("AAAA", null);
            assertEquals(each.kind, failure.kind(), failure.getMessage());
            assertEquals(each.code, failure.code());
            assertEquals(1, service.calls.get(), failure.getMessage());
        }
    }

    @Test
    void aServiceWithTooMuchToDoIsAskedAgain() throws Exception {
        FakeService service = service(FakeService.sequence(FakeService.error(429, "busy"), FakeService.json(429, ""), FakeService.good()));
        TestNode node = node(TestNode.hosts(service));
        assertEquals("doneAAAA", data(node.call("AAAA", null)));
        assertEquals(3, service.calls.get());
        service.behaviour = FakeService.error(429, "busy");
        Failure failure = null;
        // Where a busy machine is silent for a quarter of the time, that is the reason.
        for (int seconds = 3; seconds < 60 && (failure == null || failure.kind() != Kind.BUSY); seconds *= 4) {
            failure = node.failure("AAAA", seconds + "s");
        }
        assertEquals(Kind.BUSY, failure.kind());
        assertEquals("busy", failure.code());
    }

    @Test
    void aServiceThatIsNotThere() {
        FakeService gone = new FakeService(FakeService.good());
        gone.close();
        Failure failure = node(TestNode.hosts(gone)).failure("AAAA", "3s");
        assertEquals(Kind.UNAVAILABLE, failure.kind());
        assertEquals("service_unavailable", failure.code());
        assertTrue(failure.reason().contains(gone.uri().toString()), failure.reason());
        assertTrue(failure.reason().contains("ingest.image.hosts"), failure.reason());
        assertTrue(failure.reason().contains("ConnectException"), failure.reason());
        assertTrue(failure.reason().matches("(?s).* [2-9]\\d* attempts.*"), failure.reason());
    }

    @Test
    void aServiceThatComesBackInTime() throws Exception {
        FakeService service = service(FakeService.error(503, "shutting_down"));
        TestNode node = node(TestNode.hosts(service));
        CompletableFuture<Map<String, Object>> call = node.call("AAAA", null);
        await(() -> service.calls.get() > 1);
        service.behaviour = FakeService.good();
        assertEquals("doneAAAA", data(call));
    }

    @Test
    void aServiceThatNeverAnswers() {
        FakeService service = service(null);
        for (FakeService.Behaviour fault : List.of(service.hang(), service.stall())) {
            service.behaviour = fault;
            long start = System.nanoTime();
            Failure failure = node(TestNode.hosts(service)).failure("AAAA", "500ms");
            assertEquals(Kind.UNAVAILABLE, failure.kind());
            assertEquals("service_timeout", failure.code(), failure.reason());
            assertTrue(failure.reason().contains("timeout [500ms]"), failure.reason());
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            assertTrue(millis >= 400, "took " + millis + " ms");
        }
    }

    @Test
    void nonsenseToTheEnd() {
        FakeService service = service(FakeService.json(200, "<html>hello</html>"));
        Failure failure = node(TestNode.hosts(service)).failure("AAAA", "4s");
        assertEquals(Kind.UNAVAILABLE, failure.kind());
        // Where a busy machine is silent for a quarter of the time, that is the reason.
        assertTrue(List.of("service_bad_answer", "service_timeout").contains(failure.code()), failure.code());
        assertTrue(failure.reason().contains("no JSON object with [fields]"), failure.reason());
    }

    @Test
    void onePictureWithoutAnswerFailsAlone() throws Exception {
        FakeService service = service(null);
        FakeService.Behaviour hang = service.hang();
        service.behaviour = (exchange, request) -> (request.get("data").equals("BAAD") ? hang : FakeService.good()).answer(exchange, request);
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 1));
        CompletableFuture<Map<String, Object>> bad = node.call("BAAD", "4s");
        CompletableFuture<Map<String, Object>> good = node.call("AAAA", "4s");
        assertThrows(ExecutionException.class, () -> bad.get(120, TimeUnit.SECONDS));
        assertEquals("doneAAAA", data(good));
    }

    @Test
    void closingTheNodeFailsWhatIsOpen() throws Exception {
        FakeService service = service(null);
        service.behaviour = service.hang();
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 2));
        List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            calls.add(node.call("AAAA", null));
        }
        await(() -> service.calls.get() == 2);
        node.client.close();
        calls.add(node.call("AAAA", null));
        for (CompletableFuture<Map<String, Object>> call : calls) {
            Failure failure = (Failure) assertThrows(ExecutionException.class, () -> call.get(120, TimeUnit.SECONDS)).getCause();
            assertEquals(Kind.UNAVAILABLE, failure.kind());
            assertEquals("node_closing", failure.code());
        }
    }

    @Test
    void theNextCallWorksAfterEveryFault() throws Exception {
        FakeService service = service(null);
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 1));
        for (FakeService.Behaviour fault : List.of(service.hang(), service.stall(), FakeService.dieMidAnswer(), FakeService.error(422, "corrupt_image"))) {
            service.behaviour = fault;
            node.failure("AAAA", "300ms");
            service.behaviour = FakeService.good();
            assertEquals("doneAAAA", data(node.call("AAAA", null)));
        }
    }
}
