package org.ingestimage.processor;

import static org.ingestimage.testing.TestNode.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import org.elasticsearch.ExceptionsHelper;
import org.elasticsearch.rest.RestStatus;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.Signatures;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What results of single documents, and of lists in them, take of the node's memory. */
@Timeout(240)
class ResultsOfDocumentsTest extends ResultsInMemory {

    /** The JDK's client keeps the first exchange of each connection for as long as that is open. */
    @Test
    void idleConnectionsHoldNeitherPicturesNorResults() throws Exception {
        int size = 2 << 20;
        limit(1L << 30);
        service.behaviour = (exchange, request) -> {
            String text = FakeService.answer(exchange, request, "A".repeat(size));
            byte[] json = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("X-Image-Proof", Signatures.proof(exchange, 200, text));
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
    void anAnswerOfUnknownLengthIsCountedAsItComes() throws Exception {
        limit(3 << 20);
        service.behaviour = (exchange, request) -> {
            String text = FakeService.answer(exchange, request, "A".repeat(1 << 20));
            byte[] json = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("X-Image-Proof", Signatures.proof(exchange, 200, text));
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
