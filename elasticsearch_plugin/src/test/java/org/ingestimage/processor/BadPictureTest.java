package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.ingestimage.testing.Documents.with;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.elasticsearch.ExceptionsHelper;
import org.elasticsearch.rest.RestStatus;
import org.ingestimage.common.ImageException;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.OneServiceTest;
import org.ingestimage.testing.TestNode;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.Test;

/** Pictures that are at fault: refused, or recorded in the document. */
class BadPictureTest extends OneServiceTest {

    private static final String DATA = Base64.getEncoder().encodeToString("a picture".getBytes(StandardCharsets.UTF_8));

    private Result run(Object image) {
        return node.run(Map.of(), Map.of("image", image));
    }

    @Test
    void aBadPictureFailsItsDocument() {
        service.behaviour = FakeService.error(422, "corrupt_image");
        Result result = run(DATA);
        assertEquals("[corrupt_image] because of corrupt_image; field [image]", result.message());
        assertEquals("corrupt_image", assertInstanceOf(ImageException.class, result.failure()).code());
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
        // A service that sends null, none, or no fields at all.
        for (String fields : List.of("\"fields\": {\"data\": null, \"width\": null}", "\"fields\": {}", "\"x\": 1")) {
            service.behaviour = FakeService.proved(
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
    void aPictureUnderANameInAnotherCaseIsRefused() {
        String data = Base64.getEncoder().encodeToString(new byte[36]);
        String url = "data:image/png;base64,AAA0";
        Map<String, Object> record = Map.of("on_invalid", "record", "ignore_missing", true);
        for (Map<String, Object> config : List.of(record, with(record, "target_field", "small"), with(record, "field", "_source.image"))) {
            for (Map<String, Object> document : List.<Map<String, Object>>of(
                map("image", map("Data", data)),
                map("image", map("DATA", url, "width", 3)),
                map("image", map("data ", "x", "dAtA", new byte[] { 1 })),
                map("image", List.of(map("data", DATA), map("Data", data))),
                map("image.Data", data),
                map("Image", data),
                map("IMAGE", map("data", url)),
                map("Image", List.of(map("Data", data))),
                map("Image.Data", data),
                map("image", null, "Image", data),
                map("image", map("data", DATA, "mark", "m", "Data", data)),
                map("image", map("url", "https://images.example.org/a.jpg", "Data", data))
            )) {
                String message = node.run(config, document).message();
                assertTrue(message.startsWith("[missing_data] [") && message.contains("] is not read: "), message);
            }
        }
        assertTrue(node.run(with(record, "field", "a.b"), map("a", map("B", data))).message().contains("[a.B] is not read"));
        Map<String, Object> separate = with(record, "target_field", "small");
        assertTrue(node.run(separate, map("image", DATA, "small", map("Data", data))).message().contains("[Data] is not read"));
        // What is no picture, is beside one that is removed, or has another name.
        for (Map<String, Object> document : List.<Map<String, Object>>of(
            map("image", map("Data", "2026-11-28")),
            map("image", map("Data", "Foto tirada em Lisboa, no verao de 2026, por uma camara antiga")),
            map("image", map("Data", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")),
            map("Image", "/mnt/photographs/customers/november/harbour/IMG-0001.jpg"),
            map("image", map("Data", null)),
            map("image", map("Data", map("data", data))),
            map("image", map("data", null, "Data", data)),
            map("Image", 5, "Images", data, "Imag", map("data", data))
        )) {
            assertNull(node.run(record, document).failure());
        }
    }

    @Test
    void whatIsMadeAlreadyMayHaveTheFieldsNameInAnotherCase() {
        String data = Base64.getEncoder().encodeToString(new byte[36]);
        Map<String, Object> missing = Map.of("ignore_missing", true, "on_invalid", "record");
        Map<String, Object> separate = with(with(missing, "field", "Image"), "target_field", "image");
        // The target alone: it comes back as it was handed out, or has a picture that is processed in place.
        for (Object target : List.of(data, map("data", data), map("data", data, "mark", "ours"), List.of(map("data", data)))) {
            assertNull(node.run(separate, map("image", target)).failure());
            assertNull(node.run(separate, map("image", target, "Image", null)).failure());
        }
        // Two processors: what the first one wrote.
        for (Object made : List.of(
            map("data", data, "mark", "ours"),
            map("data", data, "error", map("code", "corrupt_image")),
            List.of(map("data", data, "mark", "ours"), map("data", data, "mark", "ours"))
        )) {
            assertNull(node.run(with(missing, "field", "photo"), map("Photo", made)).failure());
        }
        // Nothing of ours, within what may be, and beside it.
        assertTrue(node.run(separate, map("IMAGE", data, "image", map("data", data))).message().contains("[IMAGE] is not read"));
        assertTrue(node.run(separate, map("image", map("Data", data))).message().contains("[Data] is not read"));
        assertTrue(node.run(missing, map("image", map("Data", data, "mark", "ours"))).message().contains("[Data] is not read"));
    }

    @Test
    void bytesAsNumbersAreOneWrongPicture() {
        for (Object image : List.of(
            List.of(137, 80, 78, 71),
            map("type", "Buffer", "data", List.of(137, 80)),
            map("type", "Buffer", "data", List.of()),
            map("data", List.of(137, 80)),
            map("data", map("type", "Buffer", "data", List.of())),
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
    void aProxyThatFindsThePictureTooLargeCostsNoPicture() {
        service.behaviour = FakeService.json(413, "<html>413 Request Entity Too Large</html>");
        Map<String, Object> image = map("data", DATA, "width", 3, "sha256", "00", "thumbnail", "t", "mark", "m", "mine", 1);
        Result result = node.run(Map.of("on_invalid", "record"), map("image", image));
        assertTrue(result.message().startsWith("[service_not_ours] status 413: "), result.message());
        assertTrue(result.message().contains("a proxy before the service allows less"), result.message());
        try (TestNode withoutToken = new TestNode(TestNode.hosts(service), "")) {
            result = withoutToken.run(Map.of("on_invalid", "record"), map("image", image));
            assertEquals("image_too_large", result.get("image.error.code"));
            assertEquals(Set.of("mine", "error"), ((Map<?, ?>) result.get("image")).keySet(), "nothing of an earlier one");
        }
    }

    @Test
    void aRecordedDocumentIsNotMissingItsPicture() {
        Map<String, Object> recorded = map("caption", "mine", "error", map("code", "corrupt_image"));
        assertEquals(recorded, node.run(Map.of("on_invalid", "record"), map("image", recorded)).get("image"));
        assertEquals(List.of(recorded), node.run(Map.of(), map("image", List.of(recorded))).get("image"));
        assertEquals(recorded, node.run(Map.of("target_field", "small"), map("small", recorded)).get("small"));
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
}
