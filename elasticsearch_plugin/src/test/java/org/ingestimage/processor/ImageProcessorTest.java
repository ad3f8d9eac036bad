package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.ingestimage.testing.Documents.plain;
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
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.elasticsearch.ElasticsearchStatusException;
import org.elasticsearch.ExceptionsHelper;
import org.elasticsearch.common.util.concurrent.EsRejectedExecutionException;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.rest.RestStatus;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How documents come in and go out, and the traps of asynchronous processors. */
@Timeout(60)
class ImageProcessorTest {

    private static final String DATA = Base64.getEncoder().encodeToString("a picture".getBytes(StandardCharsets.UTF_8));

    private final FakeService service = new FakeService(FakeService.good());
    private final TestNode node = new TestNode(TestNode.hosts(service));

    @AfterEach
    void close() {
        node.close();
        service.close();
    }

    private static Map<String, Object> with(Map<String, Object> map, Object... pairs) {
        Map<String, Object> result = map(pairs);
        map.forEach(result::putIfAbsent);
        return result;
    }

    private Result run(Object image) {
        return node.run(Map.of(), Map.of("image", image));
    }

    // What may be in the field.

    @Test
    void aMapWithData() {
        Result result = run(map("data", DATA, "caption", "mine", "thumbnail", "old", "error", map("code", "old")));
        assertEquals(map("data", "done" + DATA, "width", 3, "caption", "mine"), plain(result.get("image")));
    }

    @Test
    void aBareString() {
        assertEquals(map("data", "done" + DATA, "width", 3), plain(run(DATA).get("image")));
    }

    @Test
    void bytes() {
        byte[] bytes = "a picture".getBytes(StandardCharsets.UTF_8);
        assertEquals(map("data", "done" + DATA, "width", 3), plain(run(bytes).get("image")));
        assertEquals("done" + DATA, run(map("data", bytes)).get("image.data"));
    }

    @Test
    void aListKeepsItsOrder() {
        FakeService.Behaviour slow = service.slow(100);
        service.behaviour = (exchange, request) -> (request.get("data").equals("AAA1") ? FakeService.good() : slow).answer(exchange, request);
        List<Object> list = new ArrayList<>(List.of("AAA0", map("data", "AAA1"), new byte[] { 0, 0, 2 }));
        Result result = run(list);
        assertEquals("doneAAA0", result.get("image.0.data"));
        assertEquals("doneAAA1", result.get("image.1.data"));
        assertEquals("doneAAAC", result.get("image.2.data"));
        assertTrue(service.mostAtOnce.get() > 1, "one after the other");
    }

    @Test
    void dottedPaths() {
        Result result = node.run(
            Map.of("field", "a.b.image", "target_field", "c.d"),
            map("a", map("b", map("image", DATA)))
        );
        assertEquals(DATA, result.get("a.b.image"));
        assertEquals("done" + DATA, result.get("c.d.data"));
    }

    @Test
    void missingPictures() {
        for (Map<String, Object> source : List.of(map(), map("image", null), map("image", List.of()))) {
            assertEquals("field [image] not present as part of path [image]", node.run(Map.of(), source).message());
            assertInstanceOf(IllegalArgumentException.class, node.run(Map.of(), source).failure());
            assertEquals(source.get("image"), node.run(Map.of("ignore_missing", true), source).get("image"));
        }
        assertEquals("field [data] not present as part of path [image.data]", run(map("caption", "mine")).message());
        assertEquals("field [b] not present as part of path [a.b]", node.run(Map.of("field", "a.b"), map("a", map())).message());
        assertEquals(map("caption", "mine"), node.run(Map.of("ignore_missing", true), map("image", map("caption", "mine"))).get("image"));
        assertEquals("field [1] not present as part of path [image.1]", run(java.util.Arrays.asList(DATA, null)).message());
        assertEquals(0, service.calls.get());
    }

    @Test
    void aPathThatLeadsThroughNoMapFailsOnlyTheDocument() {
        assertInstanceOf(IllegalArgumentException.class, node.run(Map.of("target_field", "title.image"), map("image", DATA, "title", "x")).failure());
    }

    @Test
    void whatIsNoPicture() {
        Result result = run(42);
        assertEquals("[invalid_base64] a picture must be a base64 string or bytes, got [42]; field [image]", result.message());
        assertTrue(run(map("data", map("a", 1))).message().contains("got [an object]"));
        assertTrue(run(List.of(List.of(DATA))).message().contains("got [a list]; field [image.0]"));
        assertEquals(0, service.calls.get());
    }

    @Test
    void tooLargeIsRefusedWithoutACall() {
        node.set(settings -> settings.put("ingest.image.max_image_bytes", "100b"));
        String large = "A".repeat(1_000_000);
        String message = run(large).message();
        assertTrue(message.startsWith("[image_too_large] ") && message.contains("[ingest.image.max_image_bytes] = [100]"), message);
        assertTrue(message.length() < 300, message);
        Result recorded = node.run(Map.of("on_invalid", "record"), map("image", map("data", large, "mark", "old")));
        assertEquals("image_too_large", recorded.get("image.error.code"));
        assertFalse(recorded.document().hasField("image.data"), "nobody knows what is in it");
        assertNull(recorded.get("image.mark"));
        assertEquals(large, node.run(Map.of("on_invalid", "record", "keep_invalid", true), map("image", large)).get("image.data"));
        assertEquals(0, service.calls.get());
    }

    // Another target.

    @Test
    void anotherTargetLeavesTheSource() {
        Result result = node.run(Map.of("target_field", "small"), map("image", DATA, "small", map("mine", 1, "thumbnail", "old")));
        assertEquals(DATA, result.get("image"));
        assertEquals(map("mine", 1, "data", "done" + DATA, "width", 3), plain(result.get("small")));
        assertEquals(map("data", "done" + DATA, "width", 3), plain(node.run(Map.of("target_field", "small"), map("image", DATA, "small", "text")).get("small")));
    }

    @Test
    void anotherTargetOfAList() {
        Result result = node.run(Map.of("target_field", "small"), map("image", List.of("AAA0", map("data", "AAA1", "operations", List.of("grayscale")))));
        assertEquals("doneAAA0", result.get("small.0.data"));
        assertEquals("doneAAA1", result.get("small.1.data"));
        assertEquals(map("data", "AAA1"), result.get("image.1"));
    }

    @Test
    void removeBinary() {
        assertEquals(map("width", 3), plain(node.run(Map.of("remove_binary", true), map("image", DATA)).get("image")));
        Result result = node.run(Map.of("remove_binary", true, "target_field", "small"), map("image", DATA));
        assertFalse(result.document().hasField("image"));
        assertEquals("done" + DATA, result.get("small.data"));
    }

    @Test
    void removeBinaryRemovesABadPictureUnlessItIsToBeKept() {
        service.behaviour = FakeService.refused(DATA);
        Map<String, Object> config = Map.of("remove_binary", true, "on_invalid", "record");
        assertFalse(node.run(config, map("image", DATA)).document().hasField("image.data"));
        Map<String, Object> separate = with(config, "target_field", "small");
        Result result = node.run(separate, map("image", DATA));
        assertFalse(result.document().hasField("image"));
        assertEquals("corrupt_image", result.get("small.error.code"));
        assertEquals("cut-" + DATA, result.get("small.data"), "of a picture whose source goes");
        assertFalse(node.run(with(separate, "store", "none"), map("image", DATA)).document().hasField("small.data"));
        assertEquals(DATA, node.run(with(config, "keep_invalid", true), map("image", DATA)).get("image.data"));
        result = node.run(with(separate, "keep_invalid", true), map("image", DATA));
        assertEquals(DATA, result.get("image"));
        assertEquals("corrupt_image", result.get("small.error.code"));
        assertFalse(result.document().hasField("small.data"));
    }

    @Test
    void removeBinaryOfAListInWhichSomeAreByAddress() {
        node.set(settings -> settings.putList("ingest.image.url_hosts", "images.example.org"));
        Map<String, Object> url = map("url", "https://images.example.org/cat.jpg");
        Map<String, Object> config = Map.of("remove_binary", true, "target_field", "small");
        Result result = node.run(config, map("image", List.of(url, DATA, map("data", DATA, "mine", 1))));
        assertEquals(List.of(url, map(), map("mine", 1)), result.get("image"), "the others keep their places");
        assertEquals("done" + DATA, result.get("small.1.data"));
    }

    // Faults.

    @Test
    void aBadPictureFailsItsDocument() {
        service.behaviour = FakeService.error(422, "corrupt_image");
        Result result = run(DATA);
        assertEquals("[corrupt_image] because of corrupt_image; field [image]", result.message());
        assertInstanceOf(IllegalArgumentException.class, result.failure());
        assertNull(result.failure().getCause(), "the deepest message is the one that is shown");
    }

    @Test
    void aBadPictureInAListIsNamed() {
        service.behaviour = (exchange, request) -> (request.get("data").equals("BAAD") ? FakeService.error(422, "corrupt_image") : FakeService.good())
            .answer(exchange, request);
        Result result = run(List.of("AAA0", "BAAD"));
        assertEquals("[corrupt_image] because of corrupt_image; field [image.1]", result.message());
        Result recorded = node.run(Map.of("on_invalid", "record"), map("image", List.of("AAA0", map("data", "BAAD", "width", 9, "mine", 1), 7)));
        assertEquals("doneAAA0", recorded.get("image.0.data"));
        assertEquals(
            map("mine", 1, "error", map("code", "corrupt_image", "reason", "because of corrupt_image")),
            recorded.get("image.1")
        );
        assertEquals("invalid_base64", recorded.get("image.2.error.code"));
    }

    @Test
    void recordingStoresWhatIsCleanAndNothingOfAnEarlierPicture() {
        Map<String, Object> error = map("code", "corrupt_image", "reason", "because of corrupt_image");
        Map<String, Object> config = Map.of("on_invalid", "record");
        Map<String, Object> image = map("data", DATA, "caption", "mine", "width", 3, "mark", "x", "thumbnail", "y", "thumbnail_mark", "z");
        // A service that sends null, none, or a proxy that sends nothing at all.
        for (String fields : List.of("\"fields\": {\"data\": null, \"width\": null}", "\"fields\": {}", "\"x\": 1")) {
            service.behaviour = FakeService.json(
                422,
                "{\"error\": {\"code\": \"corrupt_image\", \"reason\": \"because of corrupt_image\"}, " + fields + "}"
            );
            assertEquals(map("error", error), node.run(config, map("image", DATA)).get("image"));
            assertEquals(map("caption", "mine", "error", error), node.run(config, map("image", image)).get("image"));
            assertEquals(map("data", DATA, "error", error), node.run(with(config, "keep_invalid", true), map("image", DATA)).get("image"));
        }
        service.behaviour = FakeService.refused(DATA);
        assertEquals(map("data", "cut-" + DATA, "caption", "mine", "error", error), node.run(config, map("image", image)).get("image"));
        assertEquals(
            map("data", DATA, "caption", "mine", "error", error),
            node.run(with(config, "keep_invalid", true), map("image", image)).get("image")
        );
        assertFalse(node.run(with(config, "store", "none"), map("image", image)).document().hasField("image.data"));
        Map<String, Object> separate = Map.of("on_invalid", "record", "target_field", "small");
        Result result = node.run(separate, map("image", DATA, "small", map("data", "older", "mark", "x", "source_mark", "y", "width", 3)));
        assertEquals(map("error", error), result.get("small"));
        assertEquals(DATA, result.get("image"), "the owner said that the source stays");
    }

    @Test
    void bytesAsNumbersAreNotStoredWhereverTheyStand() {
        Map<String, Object> typedArray = map("0", 255, "1", 216, "2", 255);
        Map<String, Object> record = Map.of("on_invalid", "record", "ignore_missing", true);
        Map<String, Object> separate = with(record, "target_field", "small");
        for (Object numbers : new Object[] { List.of(255, 216), List.of(255.0, 216), typedArray, map("data", typedArray), map("data", List.of(255)) }) {
            for (Result result : List.of(node.run(record, map("image", numbers)), node.run(separate, map("small", numbers)))) {
                Object stored = result.document().hasField("small") ? result.get("small") : result.get("image");
                assertEquals(Set.of("error"), ((Map<?, ?>) stored).keySet());
                assertTrue(((Map<?, ?>) ((Map<?, ?>) stored).get("error")).get("reason").toString().contains("Buffer.from(bytes)"));
            }
            assertTrue(node.run(Map.of("ignore_missing", true, "target_field", "small"), map("small", numbers)).message().contains("[invalid_base64]"));
            Result list = node.run(separate, map("small", List.of(numbers, map("error", map("code", "x")))));
            assertEquals("invalid_base64", list.get("small.0.error.code"));
            assertEquals(map(), node.run(separate, map("image", null, "small", numbers)).get("small"));
        }
        assertEquals(map("0", "a text", "mine", 1), node.run(record, map("image", map("0", "a text", "mine", 1))).get("image"));
        assertEquals(0, service.calls.get());
    }

    @Test
    void aProxyThatFindsThePictureTooLargeLeavesNothingOfAnEarlierOne() {
        service.behaviour = FakeService.json(413, "<html>413 Request Entity Too Large</html>");
        Map<String, Object> image = map("data", DATA, "width", 3, "sha256", "00", "thumbnail", "t", "mark", "m", "mine", 1);
        Result result = node.run(Map.of("on_invalid", "record"), map("image", image));
        assertEquals("image_too_large", result.get("image.error.code"));
        assertEquals(Set.of("mine", "error"), ((Map<?, ?>) result.get("image")).keySet());
    }

    @Test
    void aRecordedDocumentIsNotMissingItsPicture() {
        Map<String, Object> recorded = map("caption", "mine", "error", map("code", "corrupt_image"));
        assertEquals(recorded, node.run(Map.of("on_invalid", "record"), map("image", recorded)).get("image"));
        assertEquals(List.of(recorded), node.run(Map.of(), map("image", List.of(recorded))).get("image"));
        assertEquals(recorded, node.run(Map.of("target_field", "small"), map("small", recorded)).get("small"));
        assertEquals(0, service.calls.get());
    }

    // Pictures that were taken away.

    @Test
    void aNullClearsWhatIsOursAndAbsentDataDoesNot() {
        Map<String, Object> fields = map("width", 3, "colors", List.of(), "metadata", map("location", "60,5"), "sha256", "00", "recipe", "r", "mine", 1);
        Map<String, Object> config = Map.of("ignore_missing", true);
        assertEquals(map("mine", 1), node.run(config, map("image", with(fields, "data", null))).get("image"));
        assertEquals(fields, node.run(config, map("image", fields)).get("image"));
        assertEquals(List.of(map("mine", 1), fields), node.run(config, map("image", List.of(with(fields, "data", null), fields))).get("image"));
        assertTrue(run(with(fields, "data", null)).message().contains("not present"), "the pipeline wants a picture");
        assertEquals(0, service.calls.get());
    }

    @Test
    void aNullAsTheSourceClearsTheTarget() {
        Map<String, Object> config = Map.of("ignore_missing", true, "target_field", "small");
        Map<String, Object> made = map("data", DATA, "width", 3, "mark", "m", "mine", 1);
        for (Object none : new Object[] { null, map("data", null), map("url", null), List.of() }) {
            assertEquals(map("mine", 1), node.run(config, map("image", none, "small", made)).get("small"));
        }
        List<Object> one = new ArrayList<>(List.of(DATA, map("data", DATA)));
        one.set(0, null);
        Result result = node.run(config, map("image", one, "small", List.of(made, made)));
        assertEquals(map("mine", 1), result.get("small.0"));
        assertEquals("done" + DATA, result.get("small.1.data"));
        assertEquals(map(), node.run(config, map("image", null, "small", DATA)).get("small"));
    }

    // What is not made by us.

    @Test
    void picturesBesideNoPictureDoNotStay() {
        Map<String, Object> invented = map("thumbnail", DATA, "placeholder", DATA, "mark", "m", "source_mark", "s", "thumbnail_mark", "t", "mine", 1);
        Map<String, Object> config = Map.of("ignore_missing", true);
        assertEquals(map("mine", 1), node.run(config, map("image", invented)).get("image"));
        assertEquals(List.of(map("mine", 1)), node.run(config, map("image", List.of(invented))).get("image"));
        assertEquals(map("mine", 1), node.run(with(config, "target_field", "small"), map("small", invented)).get("small"));
        assertTrue(run(invented).message().contains("not present"), "no mark that is not verified counts");
        assertEquals(0, service.calls.get());
    }

    @Test
    void aTargetWithoutASourceIsProcessedItself() {
        Map<String, Object> config = Map.of("target_field", "small", "ignore_missing", true);
        assertEquals(map("data", "done" + DATA, "width", 3), plain(node.run(config, map("small", map("data", DATA))).get("small")));
        assertEquals("done" + DATA, node.run(config, map("small", DATA)).get("small.data"));
        assertEquals("done" + DATA, node.run(config, map("image", map("mine", 1), "small", List.of(DATA))).get("small.0.data"));
        assertEquals(7, node.run(config, map("small", 7)).get("small"));
        assertEquals(3, service.calls.get());
    }

    @Test
    void bytesAsNumbersAreOneWrongPicture() {
        for (Object image : List.of(
            List.of(137, 80, 78, 71),
            map("type", "Buffer", "data", List.of(137, 80)),
            map("data", List.of(137, 80)),
            map("data", map("type", "Buffer", "data", List.of(137, 80)))
        )) {
            String message = run(image).message();
            assertTrue(message.contains("a Buffer or Uint8Array") && message.endsWith("; field [image]"), message);
            Result recorded = node.run(Map.of("on_invalid", "record"), map("image", image));
            assertEquals("invalid_base64", recorded.get("image.error.code"));
            assertFalse(recorded.document().hasField("image.data"));
        }
        assertEquals(0, service.calls.get());
    }

    @Test
    void onlyThePicturesFaultIsRecorded() {
        Map<String, Object> config = Map.of("on_invalid", "record");
        Map<FakeService.Behaviour, RestStatus> faults = Map.of(
            FakeService.error(400, "invalid_recipe"),
            RestStatus.BAD_REQUEST,
            FakeService.error(429, "busy"),
            RestStatus.TOO_MANY_REQUESTS,
            FakeService.error(503, "shutting_down"),
            RestStatus.SERVICE_UNAVAILABLE,
            FakeService.error(401, "unauthorized"),
            RestStatus.INTERNAL_SERVER_ERROR
        );
        faults.forEach((fault, status) -> {
            service.behaviour = fault;
            Result told = node.runUntil(result -> ExceptionsHelper.status(result.failure()) == status, config, map("image", DATA));
            assertEquals(status, ExceptionsHelper.status(told.failure()));
        });
    }

    @Test
    void eachFaultHasItsExceptionAndIsToldOnce() throws Exception {
        record Case(FakeService.Behaviour fault, Class<? extends Exception> type) {}
        List<Case> cases = List.of(
            new Case(FakeService.error(422, "corrupt_image"), IllegalArgumentException.class),
            new Case(FakeService.error(429, "busy"), EsRejectedExecutionException.class),
            new Case(FakeService.error(500, "internal_error"), ElasticsearchStatusException.class),
            new Case(FakeService.error(503, "shutting_down"), ElasticsearchStatusException.class),
            new Case(FakeService.hangUp(), ElasticsearchStatusException.class),
            new Case(FakeService.dieMidAnswer(), ElasticsearchStatusException.class),
            new Case(FakeService.json(200, "nonsense"), ElasticsearchStatusException.class),
            new Case(service.hang(), ElasticsearchStatusException.class),
            new Case(service.stall(), ElasticsearchStatusException.class)
        );
        for (Case each : cases) {
            service.behaviour = each.fault;
            Result result = node.runUntil(told -> each.type.isInstance(told.failure()), Map.of(), map("image", DATA));
            assertInstanceOf(each.type, result.failure());
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
        ImageProcessor processor = node.processor(Map.of("timeout", "3s"));
        List<CompletableFuture<Result>> results = new ArrayList<>();
        for (int i = 1000; i < 1500; i++) {
            results.add(node.start(processor, TestNode.document(map("image", String.valueOf(i)))));
        }
        for (int i = 1000; i < 1500; i++) {
            Result result = results.get(i - 1000).get(30, TimeUnit.SECONDS);
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
        assertInstanceOf(IllegalArgumentException.class, result.failure());
        assertEquals(List.of(map("data", "AAA0"), map("data", "BAAD")), document.getFieldValue("image", Object.class));
    }

    // Traps of asynchronous processors.

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
            assertEquals(List.of("client 7", List.of("Elasticsearch"), "generic"), seen.get(20, TimeUnit.SECONDS));
        }
        String sent = service.headers.get(0).getFirst("X-Opaque-Id");
        assertTrue(sent.startsWith("client_7__Evil:_1xxx") && sent.length() == 128, sent);
        assertNull(service.headers.get(0).getFirst("Evil"));
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
        assertTrue(late.get(5, TimeUnit.SECONDS).message().startsWith("[node_closing]"));
        node.client.close();
        assertTrue(under_way.get(5, TimeUnit.SECONDS).message().startsWith("[node_closing]"));
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
