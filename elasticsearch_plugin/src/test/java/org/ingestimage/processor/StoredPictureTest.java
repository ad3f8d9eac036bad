package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.elasticsearch.common.settings.SecureString;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.testing.Documents;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pictures in the service's store. */
@Timeout(240)
class StoredPictureTest {

    static final String DATA = Base64.getEncoder().encodeToString("a picture".getBytes(StandardCharsets.UTF_8));
    static final String OTHER = Base64.getEncoder().encodeToString("another picture".getBytes(StandardCharsets.UTF_8));
    static final List<Object> TURN = List.of(Map.of("rotate", Map.of("degrees", 90)));
    static final Map<String, Object> CONFIG = Map.of("operations", List.of("auto_orient"), "store", "external", "ignore_missing", true);
    static final String RECIPE = Recipe.of(List.of("auto_orient"), null).hash();

    private final FakeService service = new FakeService(FakeService.good());
    private final TestNode node = new TestNode(TestNode.hosts(service));

    @AfterEach
    void close() {
        node.close();
        service.close();
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> image(Result result) {
        return new HashMap<>((Map<String, Object>) result.get("image"));
    }

    private Map<String, Object> stored() {
        Map<String, Object> image = image(node.run(CONFIG, map("image", map("data", DATA, "caption", "mine"))));
        service.requests.clear();
        service.calls.set(0);
        return image;
    }

    static Map<String, Object> config(Object... pairs) {
        Map<String, Object> result = new HashMap<>(CONFIG);
        result.putAll(map(pairs));
        return result;
    }

    static Map<String, Object> with(Map<String, Object> image, Object... pairs) {
        Map<String, Object> result = new HashMap<>(image);
        result.putAll(map(pairs));
        return result;
    }

    @Test
    void theDocumentSaysWhereThePictureIsAndDoesNotHoldIt() {
        Map<String, Object> image = image(node.run(CONFIG, map("image", map("data", DATA, "caption", "mine"))));
        assertEquals("external", service.requests.get(0).get("store"));
        assertFalse(image.containsKey("data"));
        assertTrue(Documents.STORE.containsKey(image.get("stored")));
        assertEquals("mine", image.get("caption"));
    }

    @Test
    void aStoredPictureIsLeftAlone() {
        Map<String, Object> image = stored();
        assertEquals(image, image(node.run(CONFIG, map("title", "new", "image", image))));
        assertEquals(List.of(image, image), node.run(CONFIG, map("image", List.of(image, image))).get("image"));
        assertEquals(0, service.calls.get());
    }

    @Test
    void oneOffOperationsSendTheKeyAndItsMarkAndNoPicture() {
        Map<String, Object> image = stored();
        Map<String, Object> turned = image(node.run(CONFIG, map("image", with(image, "operations", TURN))));
        Map<String, Object> request = service.requests.get(0);
        assertEquals(map("key", image.get("stored"), "recipe", RECIPE, "mark", image.get("mark")), request.get("stored"));
        assertEquals(true, request.get("normalized"));
        assertEquals(TURN, request.get("document_operations"));
        assertFalse(request.containsKey("data"));
        assertFalse(turned.get("stored").equals(image.get("stored")));
        assertFalse(turned.containsKey("operations"));
    }

    @Test
    void aChangedRecipeBeginsWithTheStoredPicture() {
        Map<String, Object> image = with(stored(), "recipe", RECIPE);
        Map<String, Object> again = image(node.run(config("operations", List.of("grayscale")), map("image", image)));
        Map<String, Object> request = service.requests.get(0);
        assertEquals(map("key", image.get("stored"), "recipe", RECIPE, "mark", image.get("mark")), request.get("stored"));
        assertFalse(request.containsKey("normalized"));
        assertFalse(again.get("stored").equals(image.get("stored")));
        assertEquals("mine", again.get("caption"));
    }

    @Test
    void aKeyThatNoMarkCoversIsRefused() {
        Map<String, Object> image = stored();
        String other = Documents.key("somebody else's".getBytes(StandardCharsets.UTF_8));
        for (Map<String, Object> forged : List.of(
            with(image, "stored", other),
            with(image, "stored", other, "sha256", other.substring(13, 77)),
            with(image, "stored", image.get("stored") + "x"),
            with(image, "mark", "0".repeat(64)),
            with(image, "recipe", "0".repeat(32), "mark", "0".repeat(64)),
            map("stored", other)
        )) {
            Result result = node.run(CONFIG, map("image", forged));
            assertTrue(result.message().contains("[stored_not_signed]"), result::message);
        }
        assertEquals(0, service.calls.get());
    }

    @Test
    void aMarkOfAPictureInADocumentCoversNoKey() {
        Map<String, Object> inside = image(node.run(config("store", "none"), map("image", map("data", DATA))));
        String key = Documents.key(Base64.getDecoder().decode("done" + DATA));
        assertTrue(node.run(CONFIG, map("image", with(inside, "stored", key))).message().contains("[stored_not_signed]"));
    }

    @Test
    void anotherPictureTakesItsPlace() {
        Map<String, Object> image = stored();
        Map<String, Object> after = image(node.run(CONFIG, map("image", with(image, "data", OTHER))));
        assertEquals(OTHER, service.requests.get(0).get("data"));
        assertFalse(service.requests.get(0).containsKey("stored"));
        assertFalse(after.get("stored").equals(image.get("stored")));
        assertFalse(after.containsKey("data"));
    }

    @Test
    void theVeryPictureThatIsInTheStoreIsNotSentAgain() {
        Map<String, Object> image = stored();
        String same = Base64.getEncoder().encodeToString(Documents.STORE.get(image.get("stored")));
        assertEquals(image, image(node.run(CONFIG, map("image", with(image, "data", same)))));
        assertEquals(0, service.calls.get());
    }

    @Test
    void aNullRemovesItAlsoWithoutAMark() {
        Map<String, Object> image = stored();
        assertEquals(map("caption", "mine"), image(node.run(CONFIG, map("image", with(image, "data", null)))));
        assertEquals(map("caption", "mine"), image(node.run(CONFIG, map("image", with(image, "data", null, "mark", "x")))));
        assertEquals(0, service.calls.get());
    }

    @Test
    void aPictureMovesIntoTheStoreAndBackAsItIs() {
        Map<String, Object> inside = image(node.run(config("store", "data"), map("image", map("data", DATA))));
        Map<String, Object> moved = image(node.run(CONFIG, map("image", inside)));
        assertEquals(true, service.requests.get(1).get("normalized"));
        assertFalse(moved.containsKey("data"));
        assertEquals(inside.get("sha256"), moved.get("sha256"));
        Map<String, Object> back = image(node.run(config("store", "data"), map("image", moved)));
        assertEquals(true, service.requests.get(2).get("normalized"));
        assertEquals(inside.get("data"), back.get("data"));
        assertFalse(back.containsKey("stored"));
    }

    @Test
    void aPictureOfItsOwnTarget() {
        Map<String, Object> config = config("field", "photo", "target_field", "image");
        Result first = node.run(config, map("photo", DATA));
        Map<String, Object> image = image(first);
        assertFalse(image.containsKey("data"));
        assertEquals(DATA, first.get("photo"));
        node.run(config, map("photo", DATA, "image", image));
        // The source is gone: what is in the store is what there is.
        assertEquals(image, image(node.run(config, map("image", image))));
        assertEquals(1, service.calls.get());
        node.run(config, map("image", with(image, "operations", TURN)));
        assertTrue(service.requests.get(1).containsKey("stored"));
    }

    @Test
    void aTokenThatChangedIsNoReasonToLoseThePicture() {
        Map<String, Object> image = stored();
        node.marks.setTokens(new SecureString("new".toCharArray()), new SecureString(TestNode.TOKEN.toCharArray()));
        Map<String, Object> renewed = image(node.run(CONFIG, map("image", image)));
        assertEquals(image.get("stored"), renewed.get("stored"));
        assertFalse(renewed.get("mark").equals(image.get("mark")));
        node.marks.setTokens(new SecureString("new".toCharArray()), new SecureString("".toCharArray()));
        assertTrue(node.run(CONFIG, map("image", image)).message().contains("[stored_not_signed]"));
        assertEquals(renewed, image(node.run(CONFIG, map("image", renewed))));
        assertEquals(0, service.calls.get());
    }

    @Test
    void aPictureThatTheStoreHasLostIsRecordedAndKeepsItsKey() {
        Map<String, Object> image = with(stored(), "recipe", RECIPE);
        service.behaviour = FakeService.error(422, "stored_picture_missing");
        Map<String, Object> config = config("operations", List.of("grayscale"), "on_invalid", "record");
        Map<String, Object> after = image(node.run(config, map("image", image)));
        assertEquals("stored_picture_missing", ((Map<?, ?>) after.get("error")).get("code"));
        for (String name : List.of("stored", "sha256", "recipe", "mark", "caption")) {
            assertEquals(image.get(name), after.get(name));
        }
        assertNull(after.get("width"));
        service.behaviour = FakeService.good();
        Map<String, Object> found = image(node.run(config, map("image", after)));
        assertFalse(found.containsKey("error"));
        assertEquals(3, found.get("width"));
    }

    @Test
    void aStoreThatIsDownIsTriedAgainAndThenUnavailable() {
        service.behaviour = FakeService.sequence(FakeService.error(503, "store_unavailable"), FakeService.good());
        assertFalse(image(node.run(CONFIG, map("image", map("data", DATA)))).containsKey("data"));
        service.behaviour = FakeService.error(503, "store_unavailable");
        Result result = node.runUntil(each -> each.message().contains("[store_unavailable]"), CONFIG, map("image", map("data", DATA)));
        assertTrue(result.message().contains("[store_unavailable]"), result::message);
    }

    @Test
    void anAnswerWithThePictureIsNotOneOfAStore() {
        service.behaviour = FakeService.changed(fields -> fields.put("data", DATA));
        Result result = node.runUntil(each -> each.message().contains("not where it should be"), CONFIG, map("image", map("data", DATA)));
        assertTrue(result.message().contains("not where it should be"), result::message);
    }

    @Test
    void maxResultBytesHoldsForTheStore() {
        service.behaviour = FakeService.changed(fields -> fields.put("bytes", 101));
        Result result = node.run(config("max_result_bytes", "100b"), map("image", map("data", DATA)));
        assertTrue(result.message().contains("[result_too_large]"), result::message);
    }
}
