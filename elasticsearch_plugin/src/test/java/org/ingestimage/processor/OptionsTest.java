package org.ingestimage.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.elasticsearch.ElasticsearchParseException;
import org.elasticsearch.core.TimeValue;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.testing.Docs;
import org.junit.jupiter.api.Test;

class OptionsTest {

    private static Options read(Map<String, Object> config) {
        Map<String, Object> left = new HashMap<>(config);
        Options options = Options.read("tag", left, RecipeSchema.packed());
        assertEquals(Map.of(), left, "an option that is not taken out is refused by the node");
        return options;
    }

    private static String refusal(String option, Object value) {
        return assertThrows(ElasticsearchParseException.class, () -> read(Map.of(option, value))).getMessage();
    }

    @Test
    void defaults() {
        Options options = read(Map.of());
        assertEquals("image", options.field());
        assertEquals("image", options.targetField());
        assertTrue(options.inPlace());
        assertNull(options.recipe().operations());
        assertNull(options.recipe().properties());
        assertFalse(options.ignoreMissing());
        assertFalse(options.removeBinary());
        assertFalse(options.recordInvalid());
        assertEquals(Set.copyOf(RecipeSchema.packed().forDocuments()), options.documentOperations().allowed());
        assertFalse(options.keepInvalid());
        assertEquals(Options.Store.DATA, options.store());
        assertFalse(options.acceptTruncated() || options.leavesOutData());
        assertNull(options.timeout());
        assertEquals(0, options.maxResultBytes());
    }

    @Test
    void aRecipeThatTheServiceWouldNotReadIsRefused() {
        Map<String, Object> mark = Map.of("watermark", Map.of("image", "A".repeat(80_000)));
        assertEquals(2, read(Map.of("operations", List.of(mark, mark))).recipe().operations().size());
        assertTrue(refusal("operations", List.of(mark, mark, mark, mark)).contains("bytes as JSON, at most 262144 are accepted"));
    }

    @Test
    void aFieldIsOneOfTheSource() {
        for (String option : List.of("field", "target_field")) {
            for (String metadata : List.of("_index", "_id", "_version")) {
                assertTrue(refusal(option, metadata).contains("must be a field of the document's source, got [" + metadata + "]"));
            }
            for (String path : List.of(".a", "a.", "a..b", ".")) {
                assertTrue(refusal(option, path).contains("names with single dots between them, got [" + path + "]"));
            }
            assertEquals("_source.a.0.b", read(Map.of(option, "_source.a.0.b")).targetField());
            assertEquals("_ingest._value", read(Map.of(option, "_ingest._value")).targetField());
        }
    }

    @Test
    void everyOptionIsRead() {
        Map<String, Object> config = new HashMap<>();
        config.put("field", "a.b");
        config.put("target_field", "c");
        config.put("operations", List.of("auto_orient"));
        config.put("properties", List.of("thumbnail"));
        config.put("ignore_missing", true);
        config.put("remove_binary", true);
        config.put("on_invalid", "record");
        config.put("keep_invalid", true);
        config.put("document_operations", false);
        config.put("store", "none");
        config.put("truncated", "accept");
        config.put("timeout", "5s");
        config.put("max_result_bytes", "5mb");
        Options options = read(config);
        assertEquals("a.b", options.field());
        assertEquals("c", options.targetField());
        assertFalse(options.inPlace());
        assertEquals(List.of("auto_orient"), options.recipe().operations());
        assertEquals(List.of("thumbnail"), options.recipe().properties());
        assertTrue(options.ignoreMissing() && options.removeBinary() && options.recordInvalid());
        assertTrue(options.keepInvalid());
        assertTrue(options.documentOperations().allowed().isEmpty());
        assertEquals(Options.Store.NONE, options.store());
        assertTrue(options.acceptTruncated() && options.leavesOutData());
        assertEquals(TimeValue.timeValueSeconds(5), options.timeout());
        assertEquals(5 << 20, options.maxResultBytes());
    }

    @Test
    void theTargetFollowsTheField() {
        assertEquals("photo", read(Map.of("field", "photo")).targetField());
    }

    @Test
    void badValuesNameTheValidOnes() {
        assertEquals("[on_invalid] must be one of [fail, record], got [ignore]", refusal("on_invalid", "ignore"));
        assertEquals("[store] must be one of [data, none, external], got [all]", refusal("store", "all"));
        assertEquals("[truncated] must be one of [fail, accept], got [true]", refusal("truncated", "true"));
        assertEquals("[timeout] must be a time between 1ms and 1h such as 30s, got [soon]", refusal("timeout", "soon"));
        assertTrue(refusal("timeout", "0s").contains("such as 30s"));
        assertTrue(refusal("timeout", "-1").contains("such as 30s"));
        assertTrue(refusal("timeout", "2h").contains("such as 30s"));
        assertTrue(refusal("field", " ").contains("must not be empty"));
        assertTrue(refusal("target_field", "").contains("must not be empty"));
        assertTrue(refusal("ignore_missing", "maybe").contains("ignore_missing"));
        assertTrue(refusal("operations", "auto_orient").contains("isn't a list"));
    }

    @Test
    void unknownOptionsAreToldTheValidOnes() {
        String refusal = refusal("operation", List.of("auto_orient"));
        assertTrue(refusal.startsWith("[operation] unknown option; valid options are [field, target_field, operations, properties, "), refusal);
    }

    @Test
    void documentsMayAskForWhatThePipelineLists() {
        assertEquals(Set.of("rotate", "convert"), read(Map.of("document_operations", List.of("rotate", "convert"))).documentOperations().allowed());
        assertEquals(Set.of(), read(Map.of("document_operations", List.of())).documentOperations().allowed());
        Map<String, Object> watermark = Map.of("operations", List.of(Map.of("watermark", Map.of("text", "mine"))));
        assertEquals(Set.of(), read(watermark).documentOperations().allowed(), "it could be cut off");
        Map<String, Object> listed = new HashMap<>(watermark);
        listed.put("document_operations", List.of("flip"));
        assertEquals(Set.of("flip"), read(listed).documentOperations().allowed());
        for (Object wrong : List.of("rotate", "true", 1, List.of("rotat"), List.of(Map.of("rotate", Map.of())), List.of(1))) {
            String refusal = refusal("document_operations", wrong);
            assertTrue(refusal.startsWith("[document_operations] must be true, false or a list of names of operations: [adjust, "), refusal);
        }
    }

    @Test
    void aWrongRecipeIsRefused() {
        String refusal = refusal("operations", List.of("rotat"));
        assertTrue(refusal.startsWith("[operations] unknown operation [rotat]; valid operations are ["), refusal);
        assertTrue(refusal.contains("rotate") && refusal.contains("auto_orient"), refusal);
        assertEquals(
            "[operations] operation [rotate]: [degrees] must be between -360 and 360, got [999]",
            refusal("operations", List.of(Map.of("rotate", Map.of("degrees", 999))))
        );
        refusal = refusal("properties", List.of("no_such_property"));
        assertTrue(refusal.startsWith("[properties] unknown property [no_such_property]; valid properties are ["), refusal);
        assertTrue(refusal.contains("thumbnail"), refusal);
    }

    @Test
    void theDocumentationHasEveryOption() throws Exception {
        Docs.assertTable("Options of the processor", Arrays.stream(Option.values()).map(Option::row).toList());
    }
}
