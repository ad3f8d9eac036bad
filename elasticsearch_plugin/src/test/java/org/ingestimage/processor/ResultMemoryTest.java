package org.ingestimage.processor;

import static org.ingestimage.testing.TestNode.await;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.elasticsearch.ExceptionsHelper;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.bulk.BulkRequest;
import org.elasticsearch.action.bulk.BulkResponse;
import org.elasticsearch.action.bulk.SimulateBulkAction;
import org.elasticsearch.action.bulk.TransportBulkAction;
import org.elasticsearch.action.ingest.SimulatePipelineAction;
import org.elasticsearch.action.support.MappedActionFilter;
import org.elasticsearch.common.breaker.CircuitBreaker;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.indices.breaker.BreakerSettings;
import org.elasticsearch.indices.breaker.CircuitBreakerMetrics;
import org.elasticsearch.indices.breaker.HierarchyCircuitBreakerService;
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.rest.RestStatus;
import org.ingestimage.memory.BulkResults;
import org.ingestimage.memory.ResultMemory;
import org.ingestimage.memory.ShownProcessors;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What results take of the node's memory, in a breaker as the node has it. */
@Timeout(240)
class ResultMemoryTest {

    private static final int LENGTH = 100_000;

    private final FakeService service = new FakeService(FakeService.goodAndLong(LENGTH));
    private final TestNode node = new TestNode(TestNode.hosts(service).put("ingest.image.max_in_flight", 2).put("ingest.image.queue_size", 5));
    private CircuitBreaker breaker;

    @BeforeEach
    void limit() {
        limit(5 * LENGTH);
    }

    private void limit(long bytes) {
        BreakerSettings settings = new BreakerSettings(ResultMemory.NAME, bytes, 1.0);
        Settings none = Settings.EMPTY;
        breaker = new HierarchyCircuitBreakerService(
            CircuitBreakerMetrics.NOOP,
            none,
            List.of(settings),
            new ClusterSettings(none, ClusterSettings.BUILT_IN_CLUSTER_SETTINGS)
        ).getBreaker(ResultMemory.NAME);
        node.memory.setBreaker(breaker);
    }

    @AfterEach
    void close() {
        node.close();
        service.close();
    }

    private static Map<String, Object> document(Object image) {
        return new HashMap<>(Map.of("image", image));
    }

    /** A bulk as the node runs it: with our filter around it. It ends when the listener is called. */
    private ActionListener<BulkResponse> bulk(Runnable work) {
        return request(TransportBulkAction.NAME, ActionListener.noop(), work);
    }

    private ActionListener<BulkResponse> request(String name, ActionListener<BulkResponse> answered, Runnable work) {
        CompletableFuture<ActionListener<BulkResponse>> end = new CompletableFuture<>();
        MappedActionFilter ours = BulkResults.Filter.all(new ShownProcessors(Map::of), () -> node.threadContext, node.memory)
            .stream()
            .filter(filter -> filter.actionName().equals(name))
            .findFirst()
            .orElseThrow();
        ours.<BulkRequest, BulkResponse>apply(
            null,
            name,
            new BulkRequest(),
            answered,
            (task, action, request, listener) -> {
                end.complete(listener);
                work.run();
            }
        );
        return end.join();
    }

    private CompletableFuture<Result> start(ImageProcessor processor, Object image) {
        return node.start(processor, TestNode.document(document(image)));
    }

    private static Result get(CompletableFuture<Result> future) throws Exception {
        return future.get(120, TimeUnit.SECONDS);
    }

    @Test
    void aResultCountsUntilTheEndOfItsBulk() throws Exception {
        ImageProcessor processor = node.processor(Map.of());
        List<CompletableFuture<Result>> documents = new ArrayList<>();
        ActionListener<BulkResponse> end = bulk(() -> {
            documents.add(start(processor, "AAAA"));
            documents.add(start(processor, "AAAA"));
        });
        for (CompletableFuture<Result> document : documents) {
            get(document).get("image.data");
        }
        await(() -> breaker.getUsed() == 2 * LENGTH);
        end.onResponse(null);
        await(() -> breaker.getUsed() == 0);
    }

    /** Its documents are there, and once more as the JSON of the answer. */
    @ParameterizedTest
    @ValueSource(strings = { SimulatePipelineAction.NAME, SimulateBulkAction.NAME })
    void aSimulationHoldsItsResultsUntilItIsAnswered(String name) throws Exception {
        ImageProcessor processor = node.processor(Map.of());
        List<CompletableFuture<Result>> documents = new ArrayList<>();
        List<Long> whileAnswering = new ArrayList<>();
        ActionListener<BulkResponse> answered = ActionListener.running(() -> whileAnswering.add(breaker.getUsed()));
        ActionListener<BulkResponse> end = request(name, answered, () -> documents.add(start(processor, "AAAA")));
        get(documents.get(0)).get("image.data");
        await(() -> breaker.getUsed() == 2 * LENGTH && node.memory.isSettled());
        end.onResponse(null);
        assertEquals(List.of(2L * LENGTH), whileAnswering);
        await(() -> breaker.getUsed() == 0);
    }

    /** Elasticsearch makes bytes of a written document. Its fields would be there a second time, in no account. */
    @Test
    void aBulkHoldsNothingOfAWrittenDocumentButItsLength() throws Exception {
        ImageProcessor processor = node.processor(Map.of());
        List<WeakReference<IngestDocument>> written = new ArrayList<>();
        ActionListener<BulkResponse> end = bulk(() -> {
            IngestDocument document = TestNode.document(document("AAAA"));
            written.add(new WeakReference<>(document));
            CountDownLatch done = new CountDownLatch(1);
            processor.execute(document, (result, failure) -> done.countDown());
            assertDoesNotThrow(() -> assertTrue(done.await(120, TimeUnit.SECONDS)));
        });
        await(() -> breaker.getUsed() == LENGTH);
        await(() -> {
            System.gc();
            return written.get(0).get() == null;
        });
        end.onResponse(null);
        await(() -> breaker.getUsed() == 0);
    }

    /** The JDK's client keeps the first exchange of each connection for as long as that is open. */
    @Test
    void idleConnectionsHoldNeitherPicturesNorResults() throws Exception {
        int size = 2 << 20;
        limit(1L << 30);
        service.behaviour = (exchange, request) -> {
            byte[] json = FakeService.answer(exchange, request, "A".repeat(size)).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, json.length);
            // In parts, as the server keeps a buffer that is as long as the longest.
            for (int at = 0; at < json.length; at += 1 << 14) {
                exchange.getResponseBody().write(json, at, Math.min(1 << 14, json.length - at));
            }
        };
        node.set(settings -> settings.put("ingest.image.max_in_flight", 6));
        ImageProcessor processor = node.processor(Map.of("store", "none", "timeout", "60s"));
        get(start(processor, "AAAA"));
        // What the first call leaves on the stacks of its threads would count as before.
        long before = Long.MAX_VALUE;
        for (int i = 0; i < 10; i++) {
            Thread.sleep(50);
            before = Math.min(before, heapInUse());
        }
        for (int round = 0; round < 2; round++) {
            List<CompletableFuture<Result>> documents = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                documents.add(start(processor, "A".repeat(size)));
            }
            for (CompletableFuture<Result> document : documents) {
                get(document).get("image.width");
            }
        }
        service.requests.clear();
        long idle = before;
        await(() -> heapInUse() - idle < 2 * size);
    }

    private static long heapInUse() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Test
    void outsideOfABulkItCountsUntilTheDocumentIsWritten() throws Exception {
        get(start(node.processor(Map.of()), "AAAA")).get("image.data");
        await(() -> breaker.getUsed() == 0);
    }

    @Test
    void whatIsNotStoredDoesNotCount() throws Exception {
        List<CompletableFuture<Result>> documents = new ArrayList<>();
        ActionListener<BulkResponse> end = bulk(() -> documents.add(start(node.processor(Map.of("store", "none")), "AAAA")));
        assertEquals(null, get(documents.get(0)).get("image.data"));
        await(() -> breaker.getUsed() < 1000);
        end.onResponse(null);
        await(() -> breaker.getUsed() == 0);
    }

    @Test
    void aBulkThatFillsTheMemoryIsRefusedInPartAndTheNextOneIsNot() throws Exception {
        ImageProcessor processor = node.processor(Map.of());
        node.set(settings -> settings.put("ingest.image.queue_size", 100));
        int left = 20;
        for (int round = 0; left > 0; round++) {
            assertTrue(round < 20, "no end");
            List<CompletableFuture<Result>> documents = new ArrayList<>();
            int count = left;
            ActionListener<BulkResponse> end = bulk(() -> {
                for (int i = 0; i < count; i++) {
                    documents.add(start(processor, "AAAA"));
                }
            });
            int stored = 0;
            for (CompletableFuture<Result> document : documents) {
                Result result = get(document);
                if (result.failure() == null) {
                    stored++;
                } else {
                    assertEquals(RestStatus.TOO_MANY_REQUESTS, ExceptionsHelper.status(result.failure()));
                    assertTrue(result.message().startsWith("[results_memory_full]"), result.message());
                }
            }
            assertTrue(stored > 0 && breaker.getUsed() <= breaker.getLimit(), stored + " stored");
            end.onFailure(new IllegalStateException("a bulk that fails gives back, too"));
            await(() -> breaker.getUsed() == 0);
            left -= stored;
        }
    }

    @Test
    void othersWaitForTheBulkThatHoldsTheMemory() throws Exception {
        ImageProcessor processor = node.processor(Map.of());
        List<CompletableFuture<Result>> first = new ArrayList<>();
        ActionListener<BulkResponse> end = bulk(() -> {
            for (int i = 0; i < 6; i++) {
                first.add(start(processor, "AAAA"));
            }
        });
        for (CompletableFuture<Result> document : first) {
            get(document);
        }
        assertTrue(first.stream().anyMatch(document -> document.join().failure() != null));
        int calls = service.calls.get();
        List<CompletableFuture<Result>> second = new ArrayList<>();
        ActionListener<BulkResponse> other = bulk(() -> second.add(start(processor, "AAAA")));
        Thread.sleep(100);
        assertFalse(second.get(0).isDone());
        assertEquals(calls, service.calls.get(), "nothing is asked that there is no room for");
        end.onResponse(null);
        get(second.get(0)).get("image.data");
        other.onResponse(null);
        await(() -> breaker.getUsed() == 0);
    }

    @Test
    void anAnswerOfUnknownLengthIsCountedAsItComes() throws Exception {
        limit(3 << 20);
        service.behaviour = (exchange, request) -> {
            byte[] json = FakeService.answer(exchange, request, "A".repeat(1 << 20)).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(json);
        };
        assertEquals(1 << 20, ((String) get(start(node.processor(Map.of()), "AAAA")).get("image.data")).length());
        service.behaviour = FakeService.goodAndLong(2 << 20);
        assertTrue(get(start(node.processor(Map.of()), "AAAA")).message().startsWith("[result_too_large]"));
        await(() -> breaker.getUsed() == 0);
    }

    @Test
    void aListIsWorkedThroughHoweverLongItIs() throws Exception {
        limit(1 << 30);
        service.behaviour = FakeService.good();
        List<Object> pictures = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            pictures.add("A" + (100 + i));
        }
        Result result = get(start(node.processor(Map.of()), pictures));
        for (int i = 0; i < 500; i++) {
            assertEquals("doneA" + (100 + i), result.get("image." + i + ".data"));
        }
        assertEquals(500, service.calls.get());
    }

    @Test
    void aListEndsAtTheFirstPictureThatRefusesIt() throws Exception {
        service.behaviour = FakeService.error(422, "corrupt_image");
        List<Object> pictures = new ArrayList<>(java.util.Collections.nCopies(200, "AAAA"));
        assertTrue(get(start(node.processor(Map.of()), pictures)).message().startsWith("[corrupt_image]"));
        assertTrue(service.calls.get() < 20, service.calls.get() + " calls");
    }

    @Test
    void aListThatNeverFitsIsFinal() throws Exception {
        ImageProcessor processor = node.processor(Map.of());
        List<Object> pictures = java.util.Collections.nCopies(8, "AAAA");
        Result result = get(start(processor, new ArrayList<>(pictures)));
        if (ExceptionsHelper.status(result.failure()) == RestStatus.TOO_MANY_REQUESTS) {
            // Two answers may meet before anything is known of their length.
            result = get(start(processor, new ArrayList<>(pictures)));
        }
        assertEquals(RestStatus.BAD_REQUEST, ExceptionsHelper.status(result.failure()));
        assertTrue(result.message().startsWith("[results_too_large]"), result.message());
        await(() -> breaker.getUsed() == 0);
    }

    @Test
    void aPipelineMayBoundItsResults() throws Exception {
        Map<String, Object> config = Map.of("max_result_bytes", "10kb");
        Result result = get(start(node.processor(config), "AAAA"));
        assertEquals(RestStatus.BAD_REQUEST, ExceptionsHelper.status(result.failure()));
        assertTrue(result.message().startsWith("[result_too_large]"), result.message());
        Map<String, Object> recording = Map.of("max_result_bytes", "10kb", "on_invalid", "record");
        assertEquals("result_too_large", get(start(node.processor(recording), "AAAA")).get("image.error.code"));
        await(() -> breaker.getUsed() == 0);
        get(start(node.processor(Map.of("max_result_bytes", "1mb")), "AAAA")).get("image.data");
    }
}
