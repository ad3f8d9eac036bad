package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.elasticsearch.ExceptionsHelper;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.rest.RestStatus;
import org.ingestimage.common.ImageException;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.OneServiceTest;
import org.ingestimage.testing.TestNode.Result;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;

/** The traps of asynchronous processors: the handler is called once, whatever happens. */
class AsynchronousProcessorTest extends OneServiceTest {

    private static final String DATA = Base64.getEncoder().encodeToString("a picture".getBytes(StandardCharsets.UTF_8));

    @Test
    void itIsAsynchronousOnly() {
        ImageProcessor processor = node.processor(Map.of());
        assertTrue(processor.isAsync());
        assertThrows(UnsupportedOperationException.class, () -> processor.execute(TestNode.document(map())));
        assertEquals("image", processor.getType());
        assertEquals("tag", processor.getTag());
    }

    @Test
    void executeNeverWaits() {
        service.behaviour = service.hang();
        long start = System.nanoTime();
        CompletableFuture<Result> future = node.start(node.processor(Map.of("timeout", "5s")), TestNode.document(map("image", DATA)));
        assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(4));
        assertFalse(future.isDone());
        assertNull(future.join().document());
    }

    @Test
    void theContextOfTheRequestComesBack() throws Exception {
        ImageProcessor processor = node.processor(Map.of());
        for (FakeService.Behaviour behaviour : List.of(FakeService.good(), FakeService.error(422, "corrupt_image"))) {
            service.behaviour = behaviour;
            CompletableFuture<List<Object>> seen = new CompletableFuture<>();
            try (ThreadContext.StoredContext ignored = node.threadContext.stashContext()) {
                node.threadContext.putHeader("X-Opaque-Id", "client 7\r\nEvil: 1" + "x".repeat(500));
                node.threadContext.addResponseHeader("X-elastic-product", "Elasticsearch");
                processor.execute(TestNode.document(map("image", DATA)), (document, failure) -> seen.complete(
                    List.of(
                        node.threadContext.getHeader("X-Opaque-Id").substring(0, 8),
                        node.threadContext.getResponseHeaders().get("X-elastic-product"),
                        Thread.currentThread().getName()
                    )
                ));
            }
            assertEquals(List.of("client 7", List.of("Elasticsearch"), "generic"), seen.get(120, TimeUnit.SECONDS));
        }
        String sent = service.headers.get(0).getFirst("X-Opaque-Id");
        assertTrue(sent.startsWith("client_7__Evil:_1xxx") && sent.length() == 128, sent);
        assertNull(service.headers.get(0).getFirst("Evil"));
    }

    @Test
    void eachFaultHasItsExceptionAndIsToldOnce() throws Exception {
        record Case(FakeService.Behaviour fault, int status) {}
        List<Case> cases = List.of(
            new Case(FakeService.error(422, "corrupt_image"), 400),
            new Case(FakeService.error(429, "busy"), 429),
            new Case(FakeService.error(500, "internal_error"), 500),
            new Case(FakeService.error(503, "shutting_down"), 503),
            new Case(FakeService.hangUp(), 503),
            new Case(FakeService.dieMidAnswer(), 503),
            new Case(FakeService.json(200, "nonsense"), 503),
            new Case(service.hang(), 503),
            new Case(service.stall(), 503)
        );
        for (Case each : cases) {
            service.behaviour = each.fault;
            Result result = node.runUntil(told -> ExceptionsHelper.status(told.failure()).getStatus() == each.status, Map.of(), map("image", DATA));
            assertInstanceOf(ImageException.class, result.failure());
            assertNull(result.document());
            assertTrue(result.message().endsWith("; field [image]"), result.message());
            assertNull(result.failure().getCause());
        }
        node.run(Map.of("timeout", "200ms"), map("image", List.of(DATA, DATA, DATA)));
        // Late ends of the exchanges that were given up must not call it again.
        Thread.sleep(300);
        assertEquals(node.started.get(), node.handlerCalls.get());
    }

    @Test
    void aBulkOfManyWithFaultsInBetween() throws Exception {
        service.behaviour = (exchange, request) -> {
            int number = Integer.parseInt((String) request.get("data"));
            (number % 5 == 0 ? FakeService.error(422, "corrupt_image") : number % 52 == 0 ? FakeService.hangUp() : FakeService.good())
                .answer(exchange, request);
        };
        ImageProcessor patient = node.processor(Map.of());
        // What hangs up is tried again until then.
        ImageProcessor processor = node.processor(Map.of("timeout", "3s"));
        List<CompletableFuture<Result>> results = new ArrayList<>();
        for (int i = 1000; i < 1500; i++) {
            results.add(node.start(i % 52 == 0 ? processor : patient, TestNode.document(map("image", String.valueOf(i)))));
        }
        for (int i = 1000; i < 1500; i++) {
            Result result = results.get(i - 1000).get(120, TimeUnit.SECONDS);
            if (i % 5 == 0) {
                assertTrue(result.message().startsWith("[corrupt_image]"));
            } else if (i % 52 == 0) {
                // Unavailable, or on a busy machine cut off by the deadline while it tried again.
                assertTrue(result.message().startsWith("[service_"), result.message());
            } else {
                assertEquals("done" + i, result.get("image.data"));
            }
        }
        assertEquals(500, node.handlerCalls.get());
    }

    @Test
    void nothingIsHalfDone() {
        service.behaviour = (exchange, request) -> (request.get("data").equals("BAAD") ? FakeService.error(422, "corrupt_image") : FakeService.good())
            .answer(exchange, request);
        Map<String, Object> source = map("image", new ArrayList<>(List.of(map("data", "AAA0"), map("data", "BAAD"))));
        IngestDocument document = TestNode.document(source);
        Result result = node.start(node.processor(Map.of()), document).join();
        assertInstanceOf(ImageException.class, result.failure());
        assertEquals(List.of(map("data", "AAA0"), map("data", "BAAD")), document.getFieldValue("image", Object.class));
    }

    @Test
    void whatTheRestOfThePipelineThrowsDoesNotCallTheHandlerAgain() throws Exception {
        java.util.concurrent.atomic.AtomicInteger calls = new java.util.concurrent.atomic.AtomicInteger();
        for (Map<String, Object> source : List.of(map("image", DATA), map())) {
            try {
                node.processor(Map.of("ignore_missing", true)).execute(TestNode.document(source), (document, failure) -> {
                    calls.incrementAndGet();
                    throw new IllegalStateException("a defect of another processor");
                });
            } catch (IllegalStateException e) {
                // Nothing was called over the network, so it comes straight back.
            }
        }
        for (int i = 0; i < 200 && calls.get() < 2; i++) {
            Thread.sleep(50);
        }
        Thread.sleep(500);
        assertEquals(2, calls.get());
    }

    @Test
    void aNodeThatStopsStillTells() throws Exception {
        service.behaviour = service.hang();
        CompletableFuture<Result> under_way = node.start(node.processor(Map.of()), TestNode.document(map("image", DATA)));
        while (service.calls.get() == 0) {
            Thread.sleep(5);
        }
        node.generic.shutdownNow();
        CompletableFuture<Result> late = node.start(node.processor(Map.of()), TestNode.document(map("image", DATA)));
        assertTrue(late.get(120, TimeUnit.SECONDS).message().startsWith("[node_closing]"));
        node.client.close();
        assertTrue(under_way.get(120, TimeUnit.SECONDS).message().startsWith("[node_closing]"));
    }

    @Test
    void aNodeThatIsStillStarting() {
        ProcessorEnvironment early = new ProcessorEnvironment(RecipeSchema.packed(), node.threadContext, node.generic, () -> null);
        CompletableFuture<Result> result = node.start(ImageProcessor.make(early, null, null, map()), TestNode.document(map("image", DATA)));
        assertEquals(RestStatus.SERVICE_UNAVAILABLE, ExceptionsHelper.status(result.join().failure()));
    }

    @Test
    void theTimeoutOfThePipelineWins() {
        service.behaviour = service.hang();
        assertTrue(node.run(Map.of("timeout", "250ms"), map("image", DATA)).message().contains("timeout [250ms]"));
    }
}
