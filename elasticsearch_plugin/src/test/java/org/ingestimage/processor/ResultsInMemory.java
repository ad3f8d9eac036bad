package org.ingestimage.processor;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.elasticsearch.common.breaker.CircuitBreaker;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.indices.breaker.BreakerSettings;
import org.elasticsearch.indices.breaker.CircuitBreakerMetrics;
import org.elasticsearch.indices.breaker.HierarchyCircuitBreakerService;
import org.ingestimage.memory.ResultMemory;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** What tests of results in memory have in common: a breaker as the node has it, with little room. */
abstract class ResultsInMemory {

    static final int LENGTH = 100_000;

    final FakeService service = new FakeService(FakeService.goodAndLong(LENGTH));
    final TestNode node = new TestNode(TestNode.hosts(service).put("ingest.image.max_in_flight", 2).put("ingest.image.queue_size", 5));
    CircuitBreaker breaker;

    @BeforeEach
    void limit() {
        limit(5 * LENGTH);
    }

    void limit(long bytes) {
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

    static Map<String, Object> document(Object image) {
        return new HashMap<>(Map.of("image", image));
    }

    CompletableFuture<Result> start(ImageProcessor processor, Object image) {
        return node.start(processor, TestNode.document(document(image)));
    }

    static Result get(CompletableFuture<Result> future) throws Exception {
        return future.get(120, TimeUnit.SECONDS);
    }
}
