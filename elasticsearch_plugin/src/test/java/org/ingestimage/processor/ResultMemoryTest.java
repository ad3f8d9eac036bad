package org.ingestimage.processor;

import static org.ingestimage.testing.TestNode.await;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
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
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.rest.RestStatus;
import org.ingestimage.memory.BulkResults;
import org.ingestimage.memory.ShownProcessors;
import org.ingestimage.testing.TestNode;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What results of a bulk take of the node's memory, in a breaker as the node has it. */
@Timeout(240)
class ResultMemoryTest extends ResultsInMemory {

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
}
