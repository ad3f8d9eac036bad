package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.elasticsearch.ElasticsearchParseException;
import org.elasticsearch.ingest.IngestDocument;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.OneServiceTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;

/** Where a recipe hides what must not be seen, the original stays nowhere. */
class ConcealmentTest extends OneServiceTest {

    private static final String DATA = Base64.getEncoder().encodeToString("a picture".getBytes(StandardCharsets.UTF_8));
    private static final Map<String, Object> REDACT = Map.of("redact", Map.of("what", List.of("faces", "plates")));

    private static Map<String, Object> redacting(Object... options) {
        Map<String, Object> config = map("operations", List.of(REDACT));
        config.putAll(map(options));
        return config;
    }

    private static String refusal(Object... options) {
        return assertThrows(
            ElasticsearchParseException.class,
            () -> Options.read("tag", new HashMap<>(redacting(options)), RecipeSchema.packed())
        ).getMessage();
    }

    @Test
    void aPipelineThatWouldKeepTheOriginalIsRefused() {
        assertTrue(refusal("keep_invalid", true).contains("[keep_invalid] must be false: a refused picture would be stored as it came"));
        assertTrue(refusal("target_field", "other").contains("[remove_binary] must be true: the source would stay as it came"));
        assertTrue(refusal("field", "_ingest._value").contains("[field] must be in the document, such as the list that [foreach] goes through"));
        assertTrue(Options.read("tag", redacting("target_field", "other", "remove_binary", true), RecipeSchema.packed()).conceals());
        assertFalse(Options.read("tag", map("keep_invalid", true, "target_field", "other"), RecipeSchema.packed()).conceals());
    }

    private static Map<String, Object> onceRedacting(Object... options) {
        Map<String, Object> config = map("document_operations", List.of("rotate", "redact"));
        config.putAll(map(options));
        return config;
    }

    private static String refusalOfOnce(Object... options) {
        return assertThrows(
            ElasticsearchParseException.class,
            () -> Options.read("tag", onceRedacting(options), RecipeSchema.packed())
        ).getMessage();
    }

    /** What a document may have hidden would otherwise stay beside it. */
    @Test
    void aPipelineThatWouldKeepTheOriginalOfWhatADocumentHidesIsRefused() {
        assertTrue(refusalOfOnce("keep_invalid", true).contains("[keep_invalid] must be false"));
        assertTrue(refusalOfOnce("originals", "external").contains("[originals] must be none"));
        assertTrue(refusalOfOnce("target_field", "other").contains("[remove_binary] must be true"));
        assertTrue(refusalOfOnce("field", "_ingest._value").contains("[field] must be in the document"));
        assertTrue(Options.read("tag", onceRedacting("target_field", "other", "remove_binary", true), RecipeSchema.packed()).conceals());
        assertTrue(Options.read("tag", onceRedacting("properties", List.of("faces")), RecipeSchema.packed()).conceals());
        Map<String, Object> another = map("document_operations", List.of("rotate"), "originals", "external", "keep_invalid", true);
        assertFalse(Options.read("tag", another, RecipeSchema.packed()).conceals());
    }

    @Test
    void aPropertyThatWouldFindNothingIsRefused() {
        String message = refusal("properties", List.of("text", Map.of("faces", Map.of())));
        assertTrue(message.contains("[properties] property [faces] finds nothing where operation [redact] hides faces"), message);
        assertTrue(Options.read("tag", redacting("properties", List.of("text", "labels")), RecipeSchema.packed()).conceals());
    }

    @Test
    void whatIsHiddenHasAName() {
        String message = assertThrows(
            ElasticsearchParseException.class,
            () -> Options.read("tag", map("operations", List.of(Map.of("redact", Map.of("what", List.of("hands"))))), RecipeSchema.packed())
        ).getMessage();
        assertTrue(message.contains("faces") && message.contains("plates"), message);
        assertThrows(
            ElasticsearchParseException.class,
            () -> Options.read("tag", map("operations", List.of("redact")), RecipeSchema.packed())
        );
    }

    @Test
    void documentsMayAskForNoOperation() {
        assertTrue(node.run(redacting(), map("image", map("data", DATA, "operations", List.of("auto_orient")))).message().contains("redact"));
    }

    private IngestDocument failed(Map<String, Object> config, Map<String, Object> source) throws Exception {
        service.behaviour = FakeService.error(400, "recognition_off");
        IngestDocument document = TestNode.document(source);
        TestNode.Result result = node.start(node.processor(config), document).get();
        assertNotNull(result.failure());
        assertFalse(result.message().contains(DATA));
        return document;
    }

    /** With `ignore_failure` or `on_failure` the node goes on with this very document. */
    @Test
    void aDocumentThatFailsHasLostItsPicture() throws Exception {
        assertEquals(map("title", "a"), failed(redacting(), map("title", "a", "image", map("data", DATA))).getSource());
        assertEquals(map("title", "a"), failed(redacting(), map("title", "a", "image", DATA)).getSource());
        assertEquals(map("title", "a"), failed(redacting(), map("title", "a", "image", new ArrayList<>(List.of(DATA, DATA)))).getSource());
        Map<String, Object> own = redacting("field", "from", "target_field", "to", "remove_binary", true);
        assertEquals(map("title", "a"), failed(own, map("title", "a", "from", DATA, "to", map("data", DATA))).getSource());
        Map<String, Object> nested = redacting("field", "a.b.image");
        assertFalse(failed(nested, map("a", map("b", map("image", map("data", DATA))))).getSource().toString().contains(DATA));
        assertFalse(failed(nested, map("a.b", map("image", map("data", DATA)))).getSource().toString().contains(DATA));
        Map<String, Object> named = redacting("field", "_source.image", "target_field", "_source.to", "remove_binary", true);
        assertEquals(map("title", "a"), failed(named, map("title", "a", "image", DATA, "to", map("data", DATA))).getSource());
    }

    @Test
    void aDocumentThatFailsBeforeTheServiceIsAskedHasLostItToo() throws Exception {
        Map<String, Object> twice = map("image", map("data", DATA), "image.data", DATA);
        assertFalse(failed(redacting(), twice).getSource().toString().contains(DATA));
    }

    @Test
    void anotherRecipeLeavesADocumentThatFailsAsItIs() throws Exception {
        assertEquals(map("image", map("data", DATA)), failed(map(), map("image", map("data", DATA))).getSource());
    }

    @Test
    void aPictureThatIsRecordedAsRefusedIsNotStored() {
        service.behaviour = FakeService.error(422, "picture_timeout");
        TestNode.Result result = node.run(redacting("on_invalid", "record"), map("image", map("data", DATA)));
        assertEquals("picture_timeout", result.get("image.error.code"));
        assertNull(result.get("image.data"));
    }
}
