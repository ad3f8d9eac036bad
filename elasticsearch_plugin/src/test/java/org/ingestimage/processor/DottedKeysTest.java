package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.ingestimage.testing.Documents.plain;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.elasticsearch.ingest.IngestDocument;
import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;

/** What Elasticsearch's mapping reads as the field is the field, however its name is written. */
class DottedKeysTest {

    private static Map<String, Object> expanded(String field, Map<String, Object> source) throws Failure {
        IngestDocument document = TestNode.document(source);
        DottedKeys.expand(document, field, RecipeSchema.packed().fields());
        return document.getSource();
    }

    @Test
    void everyWayToWriteTheField() throws Exception {
        Map<String, Object> expected = map("image", map("data", "AAAA", "caption", "mine"), "title", "t");
        for (Map<String, Object> source : List.of(
            map("image.data", "AAAA", "image.caption", "mine", "title", "t"),
            map("image.data", "AAAA", "image", map("caption", "mine"), "title", "t"),
            map("image.caption", "mine", "image", map("data", "AAAA"), "title", "t")
        )) {
            assertEquals(expected, expanded("image", source));
        }
        assertEquals(map("image", map("data", "AAAA")), expanded("image", map("image", null, "image.data", "AAAA")));
        assertEquals(map("image", map("data", null)), expanded("image", map("image.data", null)));
        assertEquals(map("image", map("data", List.of("AAAA"))), expanded("image", map("image.data", List.of("AAAA"))));
        assertEquals(map("image", map("url", "u", "mark", "m", "operations", List.of())),
            expanded("image", map("image.url", "u", "image.mark", "m", "image.operations", List.of())));
    }

    @Test
    void everyWayToWriteAFieldOnSeveralLevels() throws Exception {
        Map<String, Object> expected = map("a", map("b", map("c", map("data", "AAAA"))));
        for (Map<String, Object> source : List.of(
            map("a.b.c.data", "AAAA"),
            map("a.b.c", map("data", "AAAA")),
            map("a.b", map("c.data", "AAAA")),
            map("a.b", map("c", map("data", "AAAA"))),
            map("a", map("b.c.data", "AAAA")),
            map("a", map("b.c", map("data", "AAAA"))),
            map("a", map("b", map("c.data", "AAAA")))
        )) {
            assertEquals(expected, expanded("a.b.c", source), () -> "source " + source);
            assertEquals(expected, expanded("_source.a.b.c", source), () -> "source " + source);
        }
        Map<String, Object> mixed = map("a", map("b.c", map("caption", "mine"), "other.x", 1), "a.b", map("c.data", "AAAA"));
        assertEquals(map("a", map("b", map("c", map("data", "AAAA", "caption", "mine")), "other.x", 1)), expanded("a.b.c", mixed));
    }

    @Test
    void whatIsNotOursStaysAsItIsWritten() throws Exception {
        for (Map<String, Object> source : List.<Map<String, Object>>of(
            map("image_size.x", 1, "imagery.data", "AAAA", "my.image.data", "AAAA", "a.b", map("c.d", 1)),
            map("image", map("my.tags", List.of(1), "dataset.name", "x", "colorsx.y", 1)),
            map("other", map("image.data", "AAAA")),
            map("image", List.of("AAAA", map("my.tags", 1))),
            map("image", "AAAA", "images.data", 1)
        )) {
            assertEquals(new HashMap<>(source), expanded("image", source));
        }
    }

    @Test
    void ourOwnFieldsInTheObjectAndInListsOfThem() throws Exception {
        assertEquals(
            map("image", map("metadata", map("location", "1,2", "title", "t"), "error", map("code", "c"))),
            expanded("image", map("image", map("metadata.location", "1,2", "metadata", map("title", "t"), "error.code", "c")))
        );
        List<Object> list = Arrays.asList("AAAA", null, map("original.width", 1), map("mine", 1));
        assertEquals(Arrays.asList("AAAA", null, map("original", map("width", 1)), map("mine", 1)), expanded("image", map("image", list)).get("image"));
        assertEquals(map("image", List.of(map("metadata", map("title", "t")))), expanded("image", map("image", List.of(map("metadata.title", "t")))));
    }

    @Test
    void whatNamesTheSameTwiceIsRefused() {
        for (Map<String, Object> source : List.of(
            map("image", "AAAA", "image.data", "AAAB"),
            map("image", List.of("AAAA"), "image.data", "AAAB"),
            map("image", List.of(), "image.caption", "mine"),
            map("image", map("data", "AAAA"), "image.data", "AAAB"),
            map("image", map("data", null), "image.data", "AAAB"),
            map("image", map("data", "AAAA"), "image.data", null),
            map("image", map("data", "AAAA", "data.x", 1)),
            map("image", map("colors", List.of(), "colors.hex", "#ffffff")),
            map("image.data", "AAAA", "image.data.x", 1),
            map("image.", "AAAA"),
            map("image..data", "AAAA"),
            map("image.data.", "AAAA")
        )) {
            Failure failure = assertThrows(Failure.class, () -> expanded("image", source), () -> "source " + source);
            assertEquals("ambiguous_field", failure.code());
            assertEquals(Kind.REQUEST, failure.kind());
            assertTrue(failure.reason().startsWith("the key [") && failure.reason().contains("write each thing once"), failure.reason());
        }
    }

    @Test
    void aListBeforeTheFieldIsRefusedWhenItHoldsTheField() throws Exception {
        for (Object list : List.of(
            List.of(map("b", map("data", "AAAA"))),
            List.of(map("b.data", "AAAA")),
            List.of(map("x", 1), List.of(map("b", "AAAA")))
        )) {
            Failure failure = assertThrows(Failure.class, () -> expanded("a.b", map("a", list)));
            assertEquals("[a] is a list; write it as one object, or use a list of pictures (the pipeline's field is [a.b])", failure.reason());
        }
        Map<String, Object> harmless = map("a", List.of(map("bc", 1), "x"));
        assertEquals(harmless, expanded("a.b", harmless));
        // The pipeline may name an element.
        assertEquals(map("a", List.of(1, map("b", map("data", "AAAA")))), expanded("a.1.b", map("a", List.of(1, map("b.data", "AAAA")))));
        assertEquals(map("a", List.of(1)), expanded("a.1.b", map("a", List.of(1))));
        assertEquals(map("a", List.of("AAAA")), expanded("a.0", map("a", List.of("AAAA"))));
    }

    @Test
    void theElementOfAForeachProcessor() throws Exception {
        IngestDocument document = TestNode.document(map("title", "t"));
        document.getIngestMetadata().put("_value", map("data", "AAAA", "metadata.title", "t"));
        DottedKeys.expand(document, "_ingest._value", RecipeSchema.packed().fields());
        assertEquals(map("data", "AAAA", "metadata", map("title", "t")), document.getIngestMetadata().get("_value"));
    }

    @Test
    void theDocumentsObjectsAreNotChangedInPlace() throws Exception {
        Map<String, Object> image = Map.of("caption", "mine", "error.code", "c");
        Map<String, Object> source = map("image", image, "image.data", "AAAA", "list", new ArrayList<>());
        expanded("image", source);
        assertEquals(Map.of("caption", "mine", "error.code", "c"), image);
    }

    @Test
    void throughTheProcessor() {
        try (FakeService service = new FakeService(FakeService.good()); TestNode node = new TestNode(TestNode.hosts(service))) {
            assertEquals(map("data", "doneAAAA", "width", 3), plain(node.run(map(), map("image.data", "AAAA")).get("image")));
            Map<String, Object> separate = map("field", "a.b", "target_field", "c.d", "ignore_missing", true);
            assertEquals("doneAAAA", node.run(separate, map("a.b", "AAAA", "c", map("d.caption", "mine"))).get("c.d.data"));
            assertEquals(map("mine", 1), node.run(separate, map("c.d.mark", "x", "c.d.thumbnail", "AAAA", "c.d.mine", 1)).get("c.d"));
            String message = node.run(map("on_invalid", "record"), map("image", "AAAA", "image.data", "AAAA")).message();
            assertTrue(message.startsWith("[ambiguous_field] the key [image.data] ") && message.endsWith("; field [image]"), message);
        }
    }
}
