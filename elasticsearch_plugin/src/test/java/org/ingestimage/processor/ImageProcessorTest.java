package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.ingestimage.testing.Documents.plain;
import static org.ingestimage.testing.Documents.with;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;

import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.OneServiceTest;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.Test;

/** How documents come in and go out. */
class ImageProcessorTest extends OneServiceTest {

    private static final String DATA = Base64.getEncoder().encodeToString("a picture".getBytes(StandardCharsets.UTF_8));

    private Result run(Object image) {
        return node.run(Map.of(), Map.of("image", image));
    }

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
        // The first and the last are answered when both are there, and the one between them at once.
        CyclicBarrier both = new CyclicBarrier(2);
        service.behaviour = (exchange, request) -> {
            if (request.get("data").equals("AAA1") == false) {
                both.await(120, TimeUnit.SECONDS);
            }
            FakeService.good().answer(exchange, request);
        };
        List<Object> list = new ArrayList<>(List.of("AAA0", map("data", "AAA1"), new byte[] { 0, 0, 2 }));
        Result result = run(list);
        assertEquals("doneAAA0", result.get("image.0.data"));
        assertEquals("doneAAA1", result.get("image.1.data"));
        assertEquals("doneAAAC", result.get("image.2.data"));
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
    void removeBinaryOfAListInWhichSomeAreByAddress() {
        node.set(settings -> settings.putList("ingest.image.url_hosts", "images.example.org"));
        Map<String, Object> url = map("url", "https://images.example.org/cat.jpg");
        Map<String, Object> config = Map.of("remove_binary", true, "target_field", "small");
        Result result = node.run(config, map("image", List.of(url, DATA, map("data", DATA, "mine", 1))));
        assertEquals(List.of(url, map(), map("mine", 1)), result.get("image"), "the others keep their places");
        assertEquals("done" + DATA, result.get("small.1.data"));
    }

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

    /** What an upsert leaves of a refused picture has nulls in place of everything (PartialDocument). */
    @Test
    void theErrorOfAnUpsertStaysThoughThereIsANull() {
        Map<String, Object> refused = with(with(map("error", map("code", "x"), "mine", 1), "data", null), "sha256", null);
        for (Map<String, Object> config : List.<Map<String, Object>>of(Map.of(), Map.of("field", "photo", "target_field", "image"))) {
            assertEquals(refused, node.run(config, map("image", refused)).get("image"));
            assertEquals(List.of(refused), node.run(config, map("image", List.of(refused))).get("image"));
        }
        // A null in the source is somebody's.
        Map<String, Object> separate = Map.of("field", "photo", "target_field", "image", "ignore_missing", true);
        for (Object none : Arrays.asList(null, map("data", null), map("url", null))) {
            assertEquals(map("mine", 1), node.run(separate, map("photo", none, "image", refused)).get("image"));
        }
        Map<String, Object> config = Map.of("ignore_missing", true);
        Map<String, Object> url = with(refused, "url", "https://images.example.org/a.jpg");
        assertFalse(node.run(config, map("image", url)).document().hasField("image.error"), "as beside any address that is off");
        assertEquals(map("mine", 1), node.run(config, map("image", with(map("error", map("code", "x"), "mine", 1), "data", null))).get("image"));
        assertEquals(0, service.calls.get());
    }

    /** Where the source is removed, the target is what users know of. */
    @Test
    void aNullInTheTargetClearsItWhereThereIsNoSource() {
        Map<String, Object> gone = with(map("width", 3, "sha256", "00", "mark", "m", "mine", 1), "data", null);
        for (Map<String, Object> more : List.<Map<String, Object>>of(map("x", 1), map("image", map("mine", 1)), map("image", List.of()))) {
            for (Map<String, Object> options : List.<Map<String, Object>>of(Map.of(), Map.of("store", "none"), Map.of("remove_binary", true))) {
                Map<String, Object> config = new HashMap<>(with(with(options, "ignore_missing", true), "target_field", "small"));
                assertEquals(map("mine", 1), node.run(config, with(more, "small", gone)).get("small"));
                assertEquals(map("mine", 1), node.run(config, with(more, "small", List.of(gone))).get("small.0"));
                Map<String, Object> dotted = with(with(more, "small", map("width", 3, "mine", 1)), "small.data", null);
                assertEquals(map("mine", 1), node.run(config, dotted).get("small"));
            }
        }
        Map<String, Object> strict = Map.of("target_field", "small");
        assertTrue(node.run(strict, map("small", gone)).message().contains("not present"), "the pipeline wants a picture");
        assertEquals("done" + DATA, node.run(strict, map("image", DATA, "small", gone)).get("small.data"), "the source says more");
        assertEquals(1, service.calls.get());
    }

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
}
