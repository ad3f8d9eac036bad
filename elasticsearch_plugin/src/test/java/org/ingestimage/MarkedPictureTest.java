package org.ingestimage;

import static org.ingestimage.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.elasticsearch.common.settings.SecureString;
import org.ingestimage.TestNode.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pictures that were processed before, and one-off operations of a document. */
@Timeout(60)
class MarkedPictureTest {

    private static final String DATA = Base64.getEncoder().encodeToString("a processed picture".getBytes(StandardCharsets.UTF_8));
    private static final String SOURCE = Base64.getEncoder().encodeToString("a source".getBytes(StandardCharsets.UTF_8));
    private static final Map<String, Object> CONFIG = Map.of("operations", List.of("auto_orient"));
    private static final String RECIPE = Recipe.of(List.of("auto_orient"), null).hash();
    private static final List<Object> TURN = List.of(Map.of("rotate", Map.of("degrees", 90)));

    private final FakeService service = new FakeService(FakeService.good());
    private final TestNode node = new TestNode(TestNode.hosts(service));

    @AfterEach
    void close() {
        node.close();
        service.close();
    }

    private static String mark(String prefix, String data) {
        return Documents.mark(prefix, RECIPE, Base64.getDecoder().decode(data));
    }

    private static Map<String, Object> marked() {
        return map("data", DATA, "mark", mark("", DATA), "width", 3, "thumbnail", "t");
    }

    private static Map<String, Object> with(Map<String, Object> config, Object... pairs) {
        Map<String, Object> result = map(pairs);
        result.putAll(config);
        return result;
    }

    @Test
    void aMarkedPictureIsLeftAlone() {
        assertEquals(marked(), node.run(CONFIG, map("image", marked())).get("image"));
        assertEquals(List.of(marked(), marked()), node.run(CONFIG, map("image", List.of(marked(), marked()))).get("image"));
        assertEquals(marked(), node.run(CONFIG, map("image", with(marked(), "operations", List.of()))).get("image"));
        assertEquals(0, service.calls.get());
    }

    @Test
    void theMarkOfThePreviousTokenIsRenewedWithoutACall() {
        node.marks.setTokens(secret("new"), secret(TestNode.TOKEN));
        Result result = node.run(CONFIG, map("image", marked()));
        assertNotEquals(marked().get("mark"), result.get("image.mark"));
        Map<String, Object> renewed = marked();
        renewed.put("mark", result.get("image.mark"));
        assertEquals(renewed, result.get("image"));
        // When it is gone, the renewed mark is believed, and the old one is not.
        node.marks.setTokens(secret("new"), secret(""));
        assertEquals(renewed, node.run(CONFIG, map("image", renewed)).get("image"));
        assertEquals(0, service.calls.get());
        assertEquals("done-" + DATA, node.run(CONFIG, map("image", marked())).get("image.data"));
    }

    private static SecureString secret(String text) {
        return new SecureString(text.toCharArray());
    }

    @Test
    void alsoWhenItIsLargerThanWhatMayComeIn() {
        node.client.setMaxImageBytes(5);
        assertEquals(marked(), node.run(CONFIG, map("image", marked())).get("image"));
    }

    @Test
    void aForgedMarkIsNotBelieved() {
        Map<String, Object> forged = with(marked(), "x", 1);
        forged.put("data", SOURCE);
        assertEquals("done-" + SOURCE, node.run(CONFIG, map("image", forged)).get("image.data"));
        assertNull(service.requests.get(0).get("normalized"));
        forged.put("operations", TURN);
        node.run(CONFIG, map("image", forged));
        assertNull(service.requests.get(1).get("normalized"));
        assertEquals("done-" + DATA, node.run(Map.of(), map("image", marked())).get("image.data"), "another recipe");
    }

    @Test
    void onlyNewElementsOfAListAreProcessed() {
        Result result = node.run(CONFIG, map("image", List.of(marked(), SOURCE)));
        assertEquals(marked(), result.get("image.0"));
        assertEquals("done-" + SOURCE, result.get("image.1.data"));
        assertEquals(1, service.calls.get());
    }

    @Test
    void aVectorThatIsACopyIsPutBackWithoutACall() {
        Map<String, Object> lacking = with(marked(), "perceptual_hashes", Map.of("hex", "0f"));
        Map<String, Object> later = with(marked(), "perceptual_hashes", Map.of("hex", "0f", "bits", "0f"));
        Map<String, Object> first = with(later, "perceptual_hash", "0f");
        assertEquals(first, node.run(CONFIG, map("image", lacking)).get("image"));
        assertEquals(first, node.run(CONFIG, map("image", first)).get("image"));
        assertEquals(List.of(first, later, later), node.run(CONFIG, map("image", List.of(later, first, lacking))).get("image"));
        assertEquals(0, service.calls.get());
    }

    @Test
    void oneOffOperations() {
        Result result = node.run(CONFIG, map("image", with(marked(), "operations", TURN)));
        assertEquals(map("data", "done-" + DATA, "mark", mark("", DATA), "width", 3), result.get("image"));
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
        Map<String, Object> config = with(CONFIG, "document_operations", false);
        String message = node.run(config, map("image", with(marked(), "operations", TURN))).message();
        assertTrue(message.startsWith("[document_operations_disabled] "), message);
        assertEquals(marked(), node.run(config, map("image", with(marked(), "operations", null))).get("image"));
        assertEquals(0, service.calls.get());
    }

    @Test
    void withoutDataAMarkIsEnough() {
        Map<String, Object> stored = map("mark", mark("", DATA), "width", 3);
        assertEquals(stored, node.run(with(CONFIG, "remove_binary", true), map("image", stored)).get("image"));
        assertTrue(node.run(CONFIG, map("image", with(stored, "operations", TURN))).message().startsWith("[missing_data]"));
        assertEquals(0, service.calls.get());
    }

    @Test
    void aMarkedPictureStillLosesItsDataWhenThePipelineSaysSo() {
        Map<String, Object> expected = marked();
        expected.remove("data");
        assertEquals(expected, node.run(with(CONFIG, "remove_binary", true), map("image", marked())).get("image"));
        assertEquals(0, service.calls.get());
    }

    // Another target.

    private static Map<String, Object> made() {
        return with(marked(), "source_mark", mark("source:", SOURCE));
    }

    @Test
    void aTargetThatWasMadeFromThisSourceIsLeftAlone() {
        Map<String, Object> config = with(CONFIG, "target_field", "small");
        for (Object source : new Object[] { SOURCE, map("data", SOURCE), "data:image/png;base64," + SOURCE, Base64.getDecoder().decode(SOURCE) }) {
            Result result = node.run(config, map("image", source, "small", made()));
            assertEquals(made(), result.get("small"));
            assertEquals(source, result.get("image"));
        }
        assertEquals(List.of(made()), node.run(config, map("image", List.of(SOURCE), "small", List.of(made()))).get("small"));
        assertEquals(0, service.calls.get());
        assertEquals("done-" + DATA, node.run(config, map("image", DATA, "small", made())).get("small.data"), "another source");
        assertEquals(1, service.calls.get());
    }

    @Test
    void aTargetThatWasSwappedIsNotBelieved() {
        Map<String, Object> swapped = made();
        swapped.put("data", SOURCE);
        Result result = node.run(with(CONFIG, "target_field", "small"), map("image", SOURCE, "small", swapped));
        assertEquals("done-" + SOURCE, result.get("small.data"));
        assertEquals(1, service.calls.get());
    }

    @Test
    void withoutASourceTheTargetIsLeftAlone() {
        Map<String, Object> config = with(CONFIG, "target_field", "small", "remove_binary", true);
        assertEquals(made(), node.run(config, map("small", made())).get("small"));
        assertEquals(List.of(made(), made()), node.run(config, map("small", List.of(made(), made()))).get("small"));
        assertEquals("field [image] not present as part of path [image]", node.run(config, map("small", map("mine", 1))).message());
        assertEquals(0, service.calls.get());
    }

    @Test
    void withoutASourceOneOffOperationsAreAppliedToTheTarget() {
        Map<String, Object> config = with(CONFIG, "target_field", "small", "remove_binary", true);
        Result result = node.run(config, map("small", with(made(), "operations", TURN)));
        assertEquals("done-" + DATA, result.get("small.data"));
        assertFalse(result.document().hasField("small.operations"));
        assertEquals(true, service.requests.get(0).get("normalized"));
    }

    @Test
    void oneOffOperationsOnTheWayToAnotherTarget() {
        Map<String, Object> config = with(CONFIG, "target_field", "small");
        Result result = node.run(config, map("image", map("data", SOURCE, "operations", TURN, "mine", 1), "small", made()));
        assertEquals(map("data", SOURCE, "mine", 1), result.get("image"));
        assertEquals("done-" + SOURCE, result.get("small.data"));
        assertEquals(map("data", SOURCE, "operations", List.of("auto_orient"), "document_operations", TURN), service.requests.get(0));
        node.run(config, map("image", SOURCE, "small", with(new HashMap<>(made()), "operations", TURN)));
        assertEquals(TURN, service.requests.get(1).get("document_operations"));
        assertNull(service.requests.get(1).get("normalized"));
    }

    @Test
    void theDocumentsListsAreNotChangedInPlace() {
        List<Object> original = new ArrayList<>(List.of(SOURCE));
        node.run(CONFIG, map("image", original));
        assertEquals(List.of(SOURCE), original);
    }
}
