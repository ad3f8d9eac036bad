package org.ingestimage.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.core.TimeValue;
import org.ingestimage.common.Code;
import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The client against a real HTTP server with every fault of a service. */
@Timeout(60)
class ServiceClientTest {

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : open) {
            closeable.close();
        }
    }

    private FakeService service(FakeService.Behaviour behaviour) {
        FakeService service = new FakeService(behaviour);
        open.add(service);
        return service;
    }

    private TestNode node(Settings.Builder settings) {
        TestNode node = new TestNode(settings);
        open.add(0, node);
        return node;
    }

    private static Object data(CompletableFuture<Map<String, Object>> call) throws Exception {
        return call.get(55, TimeUnit.SECONDS).get("data");
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (condition.getAsBoolean() == false) {
            assertTrue(System.nanoTime() < end, "waited in vain");
            Thread.sleep(5);
        }
    }

    @Test
    void theRequestIsTheWires() throws Exception {
        FakeService service = service(FakeService.good());
        TestNode node = node(TestNode.hosts(service));
        CompletableFuture<Map<String, Object>> result = new CompletableFuture<>();
        Recipe recipe = Recipe.of(List.of("auto_orient", Map.of("rotate", Map.of("degrees", 0.5))), List.of("thumbnail"));
        node.client.process(
            new PictureRequest("QUJD\nREVG", null, recipe, List.of(Map.of("rotate", Map.of("degrees", 90))), true, false, 2, TimeValue.timeValueSeconds(5), "my-id"),
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
        TestNode node = new TestNode(TestNode.hosts(service), "");
        open.add(0, node);
        CompletableFuture<Map<String, Object>> result = new CompletableFuture<>();
        node.client.process(
            new PictureRequest(new byte[] { 1, 2, 3 }, null, Recipe.of(null, null), null, false, false, 0, TimeValue.timeValueSeconds(5), null),
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
        // A busy machine needs its time for that much.
        TestNode node = node(TestNode.hosts(service).put("ingest.image.timeout", "50s"));
        String picture = "QUJD".repeat(6_000_000);
        assertEquals(("done" + picture).length(), ((String) data(node.call(picture, "60s"))).length());
    }

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
            new Case(FakeService.json(413, "<html>nginx</html>"), Kind.PICTURE, "image_too_large"),
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
        Failure failure = node.failure("AAAA", "3s");
        assertEquals(Kind.BUSY, failure.kind());
        assertEquals("busy", failure.code());
    }

    /** Whatever one host says that cannot do it, the other can. */
    @Test
    void aHostThatIsWrongCostsNoPicture() throws Exception {
        for (FakeService.Behaviour fault : List.of(
            FakeService.error(401, "unauthorized"),
            FakeService.json(403, ""),
            FakeService.json(404, "nothing"),
            FakeService.json(302, ""),
            FakeService.json(500, "boom"),
            FakeService.error(500, "internal_error"),
            FakeService.error(400, "invalid_recipe"),
            FakeService.json(413, "<html>proxy</html>"),
            FakeService.json(200, "<html>portal</html>"),
            FakeService.json(200, "{\"fields\": {}}"),
            FakeService.error(429, "busy"),
            FakeService.hangUp())) {
            FakeService wrong = service(fault);
            FakeService good = service(FakeService.good());
            TestNode node = node(TestNode.hosts(wrong, good));
            List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
            for (int i = 0; i < 80; i++) {
                calls.add(node.call("AAAA", null));
            }
            for (CompletableFuture<Map<String, Object>> call : calls) {
                assertEquals("doneAAAA", data(call));
            }
            assertEquals(80, good.calls.get());
        }
    }

    @Test
    void aHostThatIsWrongIsNotTheLeastBusyOne() throws Exception {
        FakeService wrong = service(FakeService.error(401, "unauthorized"));
        FakeService good = service(null);
        good.behaviour = good.slow(2);
        TestNode node = node(TestNode.hosts(wrong, good));
        for (int i = 0; i < 100; i++) {
            assertEquals("doneAAAA", data(node.call("AAAA", null)));
        }
        assertTrue(wrong.calls.get() < 20, wrong.calls.get() + " calls");
    }

    @Test
    void whatAllHostsRefuseReachesTheDocument() {
        FakeService one = service(FakeService.error(401, "unauthorized"));
        FakeService two = service(FakeService.json(404, ""));
        TestNode node = node(TestNode.hosts(one, two));
        assertEquals(Kind.DEFECT, node.failure("AAAA", null).kind());
        assertEquals(2, one.calls.get() + two.calls.get());
        two.behaviour = FakeService.error(400, "invalid_recipe");
        assertEquals("invalid_recipe", node.failure("AAAA", null).code(), "of the one that understood it");
        FakeService gone = new FakeService(FakeService.good());
        gone.close();
        Failure failure = node(TestNode.hosts(one, gone)).failure("AAAA", "3s");
        assertEquals(Kind.UNAVAILABLE, failure.kind(), "the other one may come back");
        assertTrue(failure.reason().contains("[" + one.uri() + "] refused it: the service refuses the token"), failure.reason());
    }

    /** It accepts connections and answers nothing, like a process that is stopped. */
    @Test
    void aFrozenHostIsRemembered() throws Exception {
        FakeService frozen = service(null);
        frozen.everything = frozen.hang();
        FakeService good = service(FakeService.good());
        TestNode node = node(TestNode.hosts(frozen, good).put("ingest.image.timeout", "60s"));
        List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            calls.add(node.call("AAAA", null));
        }
        for (CompletableFuture<Map<String, Object>> call : calls) {
            assertEquals("doneAAAA", call.get(12, TimeUnit.SECONDS).get("data"), "long before its first attempt is over");
        }
        int pictures = frozen.requests.size();
        for (int i = 0; i < 100; i++) {
            assertEquals("doneAAAA", data(node.call("AAAA", null)));
        }
        assertEquals(pictures, frozen.requests.size(), "no picture pays for finding out");
        frozen.behaviour = FakeService.good();
        frozen.everything = null;
        await(() -> {
            node.call("AAAA", null).join();
            return frozen.requests.size() > pictures;
        });
    }

    @Test
    void aSlowPictureIsNoFrozenHost() throws Exception {
        FakeService slow = service(null);
        FakeService.Behaviour late = slow.slow(5000);
        slow.behaviour = (exchange, request) -> (request.get("data").equals("BAAD") ? late : FakeService.good()).answer(exchange, request);
        FakeService other = service(slow.behaviour);
        TestNode node = node(TestNode.hosts(slow, other).put("ingest.image.timeout", "60s"));
        assertEquals("doneBAAD", data(node.call("BAAD", null)));
        assertEquals(1, slow.calls.get() + other.calls.get() - slow.asked.get() - other.asked.get(), "it kept its place");
        assertTrue(slow.asked.get() + other.asked.get() > 0);
    }

    @Test
    void theNodeSaysHowLongItWaits() throws Exception {
        FakeService service = service(FakeService.sequence(FakeService.hangUp(), FakeService.good()));
        data(node(TestNode.hosts(service)).call("AAAA", "8s"));
        List<Long> patience = service.headers.stream().map(each -> Long.valueOf(each.getFirst("X-Image-Patience"))).toList();
        // Half of it, less a little so that "too late" comes in time; then all that is left.
        assertTrue(patience.get(0) > 3000 && patience.get(0) < 4000, patience.toString());
        assertTrue(patience.get(1) > 4000 && patience.get(1) < 8000, patience.toString());
    }

    @Test
    void asManyAreSentAsTheServiceCanTake() throws Exception {
        FakeService service = service(null);
        AtomicInteger refused = new AtomicInteger();
        service.behaviour = (exchange, request) -> {
            try {
                if (service.atOnce.incrementAndGet() > 3) {
                    refused.incrementAndGet();
                    FakeService.error(429, "busy").answer(exchange, request);
                    return;
                }
                Thread.sleep(20);
            } finally {
                service.atOnce.decrementAndGet();
            }
            FakeService.good().answer(exchange, request);
        };
        TestNode node = node(TestNode.hosts(service));
        List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            calls.add(node.call("AAAA", null));
        }
        for (CompletableFuture<Map<String, Object>> call : calls) {
            assertEquals("doneAAAA", data(call));
        }
        assertTrue(refused.get() < 150, refused + " refusals of 300");
    }

    @Test
    void slowPicturesLeaveThePlacesToOthers() throws Exception {
        FakeService service = service(null);
        FakeService.Behaviour hang = service.hang();
        service.behaviour = (exchange, request) -> (((String) request.get("data")).startsWith("BA") ? hang : FakeService.good())
            .answer(exchange, request);
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 4));
        List<CompletableFuture<Map<String, Object>>> slow = new ArrayList<>();
        List<CompletableFuture<Map<String, Object>>> good = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            boolean isSlow = i < 12;
            (isSlow ? slow : good).add(node.call(isSlow ? "BA" + (10 + i) : "AAAA", "8s"));
        }
        for (CompletableFuture<Map<String, Object>> call : good) {
            assertEquals("doneAAAA", data(call));
        }
        for (CompletableFuture<Map<String, Object>> call : slow) {
            Failure failure = (Failure) assertThrows(ExecutionException.class, () -> call.get(30, TimeUnit.SECONDS)).getCause();
            assertEquals(Kind.UNAVAILABLE, failure.kind());
        }
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
    void messagesHelp() {
        FakeService service = service(FakeService.error(401, "unauthorized"));
        assertTrue(node(TestNode.hosts(service)).failure("AAAA", null).reason().contains("[ingest.image.token]"));
        service.behaviour = FakeService.error(422, "corrupt_image");
        Failure failure = node(TestNode.hosts(service)).failure("AAAA", null);
        assertEquals("[corrupt_image] because of corrupt_image", failure.getMessage());
        assertEquals(Map.of(), failure.fields(), "nobody has signed them");
        // What a service says is foreign text: short, on one line, with a code that is one.
        service.behaviour = FakeService.json(422, "{\"error\": {\"code\": \"Not A Code\", \"reason\": \"a\\nb" + "x".repeat(9000) + "\"}}");
        failure = node(TestNode.hosts(service)).failure("AAAA", null);
        assertEquals("service_error", failure.code());
        assertTrue(failure.reason().startsWith("a bxxx") && failure.reason().length() < 600, failure.reason());
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
    void aResultThatIsTooLongIsFinal() {
        FakeService service = service(FakeService.json(200, "{\"fields\": {\"data\": \"" + "A".repeat(100_000) + "\"}}"));
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
        // An attempt that is still under way at the deadline is one without an answer; the reason tells of the one before.
        assertTrue(List.of("service_bad_answer", "service_timeout").contains(failure.code()), failure.code());
        assertTrue(service.calls.get() > 1);
    }

    @Test
    void nonsenseToTheEnd() {
        FakeService service = service(FakeService.json(200, "<html>hello</html>"));
        Failure failure = node(TestNode.hosts(service)).failure("AAAA", "2s");
        assertEquals(Kind.UNAVAILABLE, failure.kind());
        // As above.
        assertTrue(List.of("service_bad_answer", "service_timeout").contains(failure.code()), failure.code());
        assertTrue(failure.reason().contains("no JSON object with [fields]"), failure.reason());
    }

    @Test
    void anotherHostHelps() throws Exception {
        FakeService gone = new FakeService(FakeService.good());
        gone.close();
        FakeService broken = service(FakeService.error(503, "shutting_down"));
        FakeService good = service(FakeService.good());
        TestNode node = node(TestNode.hosts(gone, broken, good));
        for (int i = 0; i < 20; i++) {
            assertEquals("doneAAAA", data(node.call("AAAA", null)));
        }
        assertEquals(20, good.calls.get());
        assertTrue(broken.calls.get() < 10, "a host that fails is left alone for a while");
    }

    @Test
    void aHostThatHangsLeavesTimeForAnother() throws Exception {
        FakeService hanging = service(null);
        hanging.behaviour = hanging.hang();
        FakeService good = service(FakeService.good());
        TestNode node = node(TestNode.hosts(hanging, good));
        for (int i = 0; i < 4; i++) {
            assertEquals("doneAAAA", data(node.call("AAAA", "6s")));
        }
        assertTrue(hanging.calls.get() >= 1);
    }

    @Test
    void hostsShareTheWork() throws Exception {
        FakeService one = service(null);
        one.behaviour = one.slow(30);
        FakeService two = service(null);
        two.behaviour = two.slow(30);
        TestNode node = node(TestNode.hosts(one, two));
        List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            calls.add(node.call("AAAA", null));
        }
        for (CompletableFuture<Map<String, Object>> call : calls) {
            data(call);
        }
        assertTrue(one.calls.get() >= 15 && two.calls.get() >= 15, one.calls + " and " + two.calls);
    }

    @Test
    void neverMoreAtOnceThanAllowed() throws Exception {
        FakeService service = service(null);
        service.behaviour = service.slow(5);
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 3));
        List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            calls.add(node.call("AAAA", null));
        }
        for (CompletableFuture<Map<String, Object>> call : calls) {
            assertEquals("doneAAAA", data(call));
        }
        assertEquals(300, service.calls.get());
        assertEquals(3, service.mostAtOnce.get());
    }

    @Test
    void aFullQueueRefuses() throws Exception {
        FakeService service = service(null);
        service.behaviour = service.hang();
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 1).put("ingest.image.queue_size", 1));
        node.call("AAAA", null);
        await(() -> service.calls.get() == 1);
        CompletableFuture<Map<String, Object>> waits = node.call("AAAA", null);
        Failure failure = node.failure("AAAA", null);
        assertEquals(Kind.BUSY, failure.kind());
        assertEquals("queue_full", failure.code());
        assertFalse(waits.isDone());
    }

    @Test
    void whenTheServiceIsDownThoseThatWaitAreToldAtOnce() throws Exception {
        FakeService service = service(null);
        service.behaviour = service.hang();
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 4));
        List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            calls.add(node.call("AAAA", "1s"));
        }
        CompletableFuture<Map<String, Object>> patient = node.call("AAAA", "60s");
        long start = System.nanoTime();
        for (CompletableFuture<Map<String, Object>> call : calls) {
            Throwable cause = assertThrows(ExecutionException.class, () -> call.get(30, TimeUnit.SECONDS)).getCause();
            assertEquals(Kind.UNAVAILABLE, ((Failure) cause).kind());
        }
        assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(20), "one timeout, not fifty of a second each");
        service.behaviour = FakeService.good();
        assertEquals("doneAAAA", data(node.call("AAAA", null)), "the next one tries afresh");
        assertFalse(patient.isCompletedExceptionally(), "whoever has more time keeps it");
    }

    @Test
    void onePictureWithoutAnswerFailsAlone() throws Exception {
        FakeService service = service(null);
        FakeService.Behaviour hang = service.hang();
        service.behaviour = (exchange, request) -> (request.get("data").equals("BAAD") ? hang : FakeService.good()).answer(exchange, request);
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 1));
        CompletableFuture<Map<String, Object>> bad = node.call("BAAD", "2s");
        CompletableFuture<Map<String, Object>> good = node.call("AAAA", "2s");
        assertThrows(ExecutionException.class, () -> bad.get(30, TimeUnit.SECONDS));
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
            Failure failure = (Failure) assertThrows(ExecutionException.class, () -> call.get(10, TimeUnit.SECONDS)).getCause();
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

    @Test
    void whatIsKnownOfTheLoadStaysWhenAnotherSettingChanges() throws Exception {
        try (
            FakeService service = new FakeService(FakeService.sequence(FakeService.error(429, "busy"), FakeService.good()));
            TestNode busy = new TestNode(TestNode.hosts(service).put("ingest.image.max_in_flight", 16))
        ) {
            busy.call("AAAA", null).get(30, TimeUnit.SECONDS);
            assertTrue(busy.client.hasRoom(7) && busy.client.hasRoom(8) == false, "halved");
            busy.set(settings -> settings.put("ingest.image.search_timeout", "3s"));
            assertFalse(busy.client.hasRoom(8));
            busy.set(settings -> settings.put("ingest.image.max_in_flight", 12));
            assertTrue(busy.client.hasRoom(11) && busy.client.hasRoom(12) == false, "tried at once");
        }
    }
}
