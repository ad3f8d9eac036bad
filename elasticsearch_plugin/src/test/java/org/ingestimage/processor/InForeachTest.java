package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.elasticsearch.ingest.IngestDocument;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.OneServiceTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;

/**
 * The processor within `foreach`: the element is `_ingest._value`, which is not in the document. That processor is in none
 * of the jars that Elastic publishes, so the elements are put there by hand as it does, one after the other.
 */
class InForeachTest extends OneServiceTest {

    private static final String VALUE = "_value";

    /** What becomes of the elements of the list, and of the first one that fails. */
    private TestNode.Result each(Map<String, Object> config, Map<String, Object> source) throws Exception {
        IngestDocument document = TestNode.document(source);
        ImageProcessor processor = node.processor(config);
        List<Object> after = new ArrayList<>();
        List<?> before = document.getFieldValue("list", List.class);
        for (Object element : before) {
            document.getIngestMetadata().put(VALUE, element);
            TestNode.Result result = node.start(processor, document).get(120, TimeUnit.SECONDS);
            after.add(document.getIngestMetadata().remove(VALUE));
            if (result.failure() != null) {
                return result;
            }
        }
        document.setFieldValue("list", after);
        return new TestNode.Result(document, null, null, after.size());
    }

    @Test
    void picturesOfAList() throws Exception {
        TestNode.Result result = each(map("field", "_ingest._value"), map("list", List.of("AAAA", map("data", "BBBB", "mine", 1))));
        assertEquals("doneAAAA", result.get("list.0.data"));
        assertEquals("doneBBBB", result.get("list.1.data"));
        assertEquals(1, result.get("list.1.mine"));
        // Once more, as when the title is updated.
        assertEquals("doneAAAA", each(map("field", "_ingest._value"), result.document().getSource()).get("list.0.data"));
        assertEquals(2, service.calls.get());
    }

    @Test
    void aPictureUnderANameInAnotherCaseIsRefusedThereToo() throws Exception {
        Map<String, Object> config = map("field", "_ingest._value.image", "ignore_missing", true);
        String url = "data:image/png;base64,AAA0";
        for (Map<String, Object> element : List.<Map<String, Object>>of(map("Image", url), map("image", map("Data", url)), map("Image.data", url))) {
            assertTrue(each(config, map("list", List.of(new HashMap<>(element)))).message().contains("] is not read: "));
        }
        assertNull(each(config, map("list", List.of(map("Image", 5)), "Image", url)).failure());
    }

    @Test
    void picturesOfTheObjectsOfAList() throws Exception {
        Map<String, Object> source = map("list", List.of(map("title", "a", "image", "AAAA"), new HashMap<>(Map.of("title", "b", "image.data", "BBBB"))));
        TestNode.Result result = each(map("field", "_ingest._value.image"), source);
        assertEquals("doneAAAA", result.get("list.0.image.data"));
        assertEquals("doneBBBB", result.get("list.1.image.data"));
        assertEquals("b", result.get("list.1.title"));
    }

    @Test
    void oneOfThemIsBad() throws Exception {
        service.behaviour = (exchange, request) -> (request.get("data").equals("BAAD") ? FakeService.error(422, "corrupt_image") : FakeService.good())
            .answer(exchange, request);
        TestNode.Result recorded = each(map("field", "_ingest._value.image", "on_invalid", "record"), withBad());
        assertEquals("corrupt_image", recorded.get("list.1.image.error.code"));
        assertNull(recorded.get("list.0.image.error"));
        assertEquals("doneCCCC", recorded.get("list.2.image.data"));
        TestNode.Result refused = each(map("field", "_ingest._value.image", "on_invalid", "fail"), withBad());
        assertTrue(refused.message().startsWith("[corrupt_image]") && refused.message().contains("field [_ingest._value.image]"), refused.message());
    }

    private static Map<String, Object> withBad() {
        return map("list", List.of(map("image", "AAAA"), map("image", "BAAD"), map("image", "CCCC")));
    }

    @Test
    void halvesOfPairsGo() throws Exception {
        Map<String, Object> source = map("list", List.of(map("title", "a\uD83D", "image", "AAAA")));
        String title = (String) each(map("field", "_ingest._value.image"), source).get("list.0.title");
        assertFalse(title.contains("\uD83D"), title);
    }
}
