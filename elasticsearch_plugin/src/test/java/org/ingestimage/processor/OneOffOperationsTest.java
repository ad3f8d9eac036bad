package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.ingestimage.testing.Documents.plain;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One-off operations of a document, on pictures that were processed before and on new ones. */
@Timeout(240)
class OneOffOperationsTest extends MarkedPictures {

    @Test
    void oneOffOperations() {
        Result result = node.run(CONFIG, map("image", with(marked(), "operations", TURN)));
        assertEquals(map("width", 3), without(plain(image(result)), "data"), "and no thumbnail");
        assertEquals("done" + DATA, result.get("image.data"));
        assertEquals(
            map("data", DATA, "operations", List.of("auto_orient"), "document_operations", TURN, "normalized", true),
            service.requests.get(0)
        );
        node.run(CONFIG, map("image", map("data", SOURCE, "operations", TURN)));
        assertEquals(map("data", SOURCE, "operations", List.of("auto_orient"), "document_operations", TURN), service.requests.get(1));
    }

    @Test
    void wrongOneOffOperationsAreRefusedWithoutACall() {
        for (Map<String, Object> config : List.of(CONFIG, with(CONFIG, "on_invalid", "record"))) {
            String message = node.run(config, map("image", map("data", DATA, "operations", List.of("rotat")))).message();
            assertTrue(message.startsWith("[invalid_recipe] unknown operation [rotat]; valid operations are ["), message);
            assertTrue(message.endsWith("; field [image]"), message);
            message = node.run(config, map("image", map("data", DATA, "operations", "grayscale"))).message();
            assertEquals("[invalid_recipe] [operations] must be a list, got [grayscale]; field [image]", message);
            message = node.run(config, map("image", List.of(DATA, map("operations", TURN)))).message();
            assertEquals("[missing_data] [operations] need a picture, but there is no [data] beside them; field [image.1]", message);
        }
        assertEquals(0, service.calls.get());
    }

    @Test
    void thePipelinesOwnerMayForbidThem() {
        for (Object listed : List.of(List.of("crop", "flip"), List.of())) {
            String refusal = node.run(with(CONFIG, "document_operations", listed), map("image", with(marked(), "operations", TURN))).message();
            assertTrue(refusal.contains("the pipeline allows documents " + listed), refusal);
        }
        List<Object> keep = List.of(Map.of("strip_metadata", Map.of("keep", List.of("all"))));
        for (List<Object> wanted : List.of(keep, List.<Object>of("animation"), List.<Object>of(Map.of("convert", Map.of("format", "png"))))) {
            String refusal = node.run(CONFIG, map("image", with(marked(), "operations", wanted))).message();
            assertTrue(refusal.startsWith("[operation_not_allowed] operation ["), refusal);
        }
        Map<String, Object> signed = Map.of("operations", List.of(Map.of("watermark", Map.of("text", "mine"))));
        String refusal = node.run(signed, map("image", map("data", DATA, "operations", TURN))).message();
        assertTrue(refusal.startsWith("[document_operations_disabled] the pipeline applies [watermark], which "), refusal);
        assertEquals(0, service.calls.get());
        node.run(with(signed, "document_operations", List.of("rotate")), map("image", map("data", DATA, "operations", TURN)));
        assertEquals(TURN, service.requests.get(0).get("document_operations"));
        Map<String, Object> config = with(CONFIG, "document_operations", false);
        String message = node.run(config, map("image", with(marked(), "operations", TURN))).message();
        assertTrue(message.startsWith("[document_operations_disabled] "), message);
        assertEquals(marked(), node.run(config, map("image", with(marked(), "operations", null))).get("image"));
        assertEquals(1, service.calls.get());
    }

    @Test
    void anOperationThatFailsLosesNoPicture() {
        service.behaviour = FakeService.error(422, "crop_outside");
        Map<String, Object> record = with(CONFIG, "on_invalid", "record");
        Result result = node.run(record, map("image", with(marked(), "operations", TURN, "mine", 1)));
        Map<String, Object> error = map("code", "crop_outside", "reason", "because of crop_outside");
        Map<String, Object> recorded = map("data", DATA, "mark", mark(DATA), "mine", 1, "error", error);
        assertEquals(recorded, result.get("image"));
        service.behaviour = FakeService.good();
        result = node.run(record, map("image", recorded));
        assertEquals(true, service.requests.get(1).get("normalized"), "its fields are made anew");
        assertFalse(result.document().hasField("image.error"));
    }

    @Test
    void withoutASourceOneOffOperationsAreAppliedToTheTarget() {
        Map<String, Object> config = with(CONFIG, "target_field", "small", "remove_binary", true);
        Result asked = node.run(config, map("image", map("operations", TURN), "small", made()));
        assertEquals("done" + DATA, asked.get("small.data"));
        service.requests.clear();
        Result result = node.run(config, map("small", with(made(), "operations", TURN)));
        assertEquals("done" + DATA, result.get("small.data"));
        assertFalse(result.document().hasField("small.operations"));
        assertEquals(true, service.requests.get(0).get("normalized"));
    }

    @Test
    void oneOffOperationsOnTheWayToAnotherTarget() {
        Map<String, Object> config = with(CONFIG, "target_field", "small");
        Result result = node.run(config, map("image", map("data", SOURCE, "operations", TURN, "mine", 1), "small", made()));
        assertEquals(map("data", SOURCE, "mine", 1), result.get("image"));
        assertEquals("done" + SOURCE, result.get("small.data"));
        assertEquals(map("data", SOURCE, "operations", List.of("auto_orient"), "document_operations", TURN), service.requests.get(0));
        node.run(config, map("image", SOURCE, "small", with(new HashMap<>(made()), "operations", TURN)));
        assertEquals(TURN, service.requests.get(1).get("document_operations"));
        assertNull(service.requests.get(1).get("normalized"));
    }
}
