package org.ingestimage.processor;

import static org.ingestimage.processor.StoredPictureTest.DATA;
import static org.ingestimage.processor.StoredPictureTest.OTHER;
import static org.ingestimage.processor.StoredPictureTest.RECIPE;
import static org.ingestimage.processor.StoredPictureTest.TURN;
import static org.ingestimage.processor.StoredPictureTest.config;
import static org.ingestimage.processor.StoredPictureTest.image;
import static org.ingestimage.processor.StoredPictureTest.with;
import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Base64;
import java.util.List;
import java.util.Map;

import org.elasticsearch.common.settings.SecureString;
import org.ingestimage.testing.Documents;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What came in, kept in the service's store (`originals`). */
@Timeout(240)
class OriginalsTest {

    private final FakeService service = new FakeService(FakeService.good());
    private final TestNode node = new TestNode(TestNode.hosts(service));

    @AfterEach
    void close() {
        node.close();
        service.close();
    }

    @Test
    void aChangedRecipeBeginsWithTheOriginalThatIsKept() {
        for (String store : List.of("external", "data")) {
            Map<String, Object> config = config("store", store, "originals", "external");
            Map<String, Object> image = with(image(node.run(config, map("image", map("data", DATA)))), "recipe", RECIPE);
            String key = Documents.key(Base64.getDecoder().decode(DATA));
            assertEquals(key, ((Map<?, ?>) image.get("original")).get("stored"));
            assertEquals(image, image(node.run(config, map("image", image))));
            service.requests.clear();
            Map<String, Object> another = with(config, "operations", List.of("grayscale"));
            node.run(another, map("image", image));
            assertEquals(map("key", key, "mark", image.get("original_mark")), service.requests.get(0).get("stored"));
            assertFalse(service.requests.get(0).containsKey("data") || service.requests.get(0).containsKey("normalized"));
            // What one-off operations have made begins with itself.
            Map<String, Object> turned = with(image(node.run(config, map("image", with(image, "operations", TURN)))), "recipe", RECIPE);
            node.run(another, map("image", turned));
            Map<String, Object> last = service.requests.get(service.requests.size() - 1);
            assertTrue(last.containsKey("data") || turned.get("stored").equals(((Map<?, ?>) last.get("stored")).get("key")));
            // Nobody names another original.
            Map<String, Object> forged = with(image, "original", with(original(image), "stored", Documents.key(new byte[] { 1 })));
            node.run(another, map("image", forged));
            last = service.requests.get(service.requests.size() - 1);
            assertTrue(last.containsKey("data") || image.get("stored").equals(((Map<?, ?>) last.get("stored")).get("key")));
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> original(Map<String, Object> image) {
        return (Map<String, Object>) image.get("original");
    }

    @Test
    void originalsAreNotKeptBesideWhatHides() {
        Exception refused = assertThrows(
            Exception.class,
            () -> node.run(config("operations", List.of(Map.of("redact", Map.of("what", List.of("faces")))), "properties", List.of(), "originals", "external"), map("image", map("data", DATA)))
        );
        assertTrue(refused.getMessage().contains("[originals] must be none"), refused::getMessage);
    }

    /** The request for a picture whose recipe has changed. */
    private Map<String, Object> changed(Map<String, Object> config, Map<String, Object> image) {
        node.run(with(config, "operations", List.of("grayscale")), map("image", with(image, "recipe", RECIPE)));
        return service.requests.get(service.requests.size() - 1);
    }

    private static Map<String, Object> asked(Map<String, Object> image) {
        return map("key", Documents.key(Base64.getDecoder().decode(DATA)), "mark", image.get("original_mark"));
    }

    @Test
    void aPictureThatMovesIsStillMadeFromItsOriginal() {
        Map<String, Object> inside = config("store", "data", "originals", "external");
        Map<String, Object> outside = config("originals", "external");
        Map<String, Object> image = image(node.run(inside, map("image", map("data", DATA))));
        Map<String, Object> moved = image(node.run(outside, map("image", image)));
        Map<String, Object> back = image(node.run(inside, map("image", moved)));
        for (Map<String, Object> each : List.of(moved, back)) {
            for (String name : List.of("source_mark", "original", "original_mark")) {
                assertEquals(image.get(name), each.get(name));
            }
        }
        assertEquals(asked(image), changed(outside, moved).get("stored"));
        assertEquals(asked(image), changed(inside, back).get("stored"));
    }

    @Test
    void whatIsMadeAgainIsStillMadeFromItsOriginal() {
        Map<String, Object> config = config("originals", "external");
        Map<String, Object> image = image(node.run(config, map("image", map("data", DATA))));
        Map<String, Object> again = image(node.run(config, map("image", with(image, "thumbnail", OTHER))));
        assertEquals(true, service.requests.get(1).get("normalized"));
        assertEquals(asked(image), changed(config, again).get("stored"));
        // After operations of the document it is made from itself.
        Map<String, Object> turned = image(node.run(config, map("image", with(image, "operations", TURN))));
        assertEquals(turned.get("stored"), ((Map<?, ?>) changed(config, turned).get("stored")).get("key"));
    }

    @Test
    void marksOfAnOriginalAreRenewedWithTheOthers() {
        for (String store : List.of("data", "external")) {
            Map<String, Object> config = config("store", store, "originals", "external", "on_invalid", "record");
            node.marks.setTokens(new SecureString(TestNode.TOKEN.toCharArray()), new SecureString("".toCharArray()));
            Map<String, Object> image = with(image(node.run(config, map("image", map("data", DATA)))), "recipe", RECIPE);
            node.marks.setTokens(new SecureString("new".toCharArray()), new SecureString(TestNode.TOKEN.toCharArray()));
            Map<String, Object> renewed = image(node.run(config, map("image", image)));
            service.behaviour = FakeService.error(422, "stored_picture_missing");
            Map<String, Object> failed = image(node.run(with(config, "operations", List.of("grayscale")), map("image", image)));
            service.behaviour = FakeService.good();
            assertEquals("stored_picture_missing", ((Map<?, ?>) failed.get("error")).get("code"));
            for (Map<String, Object> each : List.of(renewed, failed)) {
                for (String name : List.of("mark", "source_mark", "original_mark")) {
                    assertFalse(image.get(name).equals(each.get(name)), name);
                }
                node.marks.setTokens(new SecureString("new".toCharArray()), new SecureString("".toCharArray()));
                assertEquals(asked(each), changed(config, each).get("stored"));
            }
        }
    }

    @Test
    void aPictureInTheDocumentStaysWhenItsOriginalIsLost() {
        Map<String, Object> config = config("store", "data", "originals", "external", "on_invalid", "record");
        Map<String, Object> image = with(image(node.run(config, map("image", map("data", DATA, "caption", "mine")))), "recipe", RECIPE);
        config.put("operations", List.of("grayscale"));
        service.behaviour = FakeService.error(422, "stored_picture_missing");
        // What a writer has put around the picture does not stay.
        Map<String, Object> wrapped = with(image, "data", "data:image/jpeg;name=mine;base64," + image.get("data"));
        Map<String, Object> after = image(node.run(config, map("image", wrapped)));
        assertEquals("stored_picture_missing", ((Map<?, ?>) after.get("error")).get("code"));
        for (String name : List.of("data", "recipe", "mark", "source_mark", "original", "original_mark", "caption")) {
            assertEquals(image.get(name), after.get(name));
        }
        assertNull(after.get("width"));
        service.behaviour = FakeService.good();
        Map<String, Object> found = image(node.run(config, map("image", after)));
        assertEquals(map("key", Documents.key(Base64.getDecoder().decode(DATA)), "mark", image.get("original_mark")), service.requests.get(2).get("stored"));
        assertFalse(found.containsKey("error"));
        assertEquals(3, found.get("width"));
    }

    @Test
    void whatAnotherRecipeHasMadeIsNotKeptWhereThisOneHides() {
        for (String store : List.of("data", "external")) {
            Map<String, Object> before = config("store", store, "originals", "external");
            Map<String, Object> image = with(image(node.run(before, map("image", map("data", DATA)))), "recipe", RECIPE);
            Map<String, Object> redact = Map.of("redact", Map.of("what", List.of("faces")));
            Map<String, Object> hiding = config("store", store, "on_invalid", "record", "operations", List.of(redact), "properties", List.of());
            service.behaviour = FakeService.error(422, "picture_timeout");
            Map<String, Object> after = image(node.run(hiding, map("image", image)));
            service.behaviour = FakeService.good();
            assertEquals("picture_timeout", ((Map<?, ?>) after.get("error")).get("code"));
            for (String name : List.of("data", "stored", "original", "original_mark", "thumbnail", "mark")) {
                assertNull(after.get(name), name);
            }
        }
    }
}
