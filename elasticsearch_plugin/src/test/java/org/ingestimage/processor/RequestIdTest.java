package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;

import org.ingestimage.common.ImageException;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.OneServiceTest;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.Test;

/** What the service refused can be found in its log by the id that the document's failure carries. */
class RequestIdTest extends OneServiceTest {

    private static final String DATA = "AAAA";

    private static FakeService.Behaviour refusal(int status, String code, String id) {
        return FakeService.proved(
            status,
            "{\"error\": {\"request_id\": \"" + id + "\", \"code\": \"" + code + "\", \"reason\": \"why\", \"retryable\": false}}"
        );
    }

    @Test
    void aRecordedErrorHasIt() {
        service.behaviour = refusal(422, "corrupt_image", "id-7");
        Result result = node.run(Map.of("on_invalid", "record"), map("image", DATA));
        assertEquals(map("code", "corrupt_image", "reason", "why", "request_id", "id-7"), result.get("image.error"));
    }

    @Test
    void aRefusedDocumentSaysItBehindTheField() {
        service.behaviour = refusal(422, "corrupt_image", "id-7");
        assertEquals("[corrupt_image] why; field [image]; request_id [id-7]", node.run(Map.of(), map("image", DATA)).message());
        service.behaviour = refusal(400, "invalid_recipe", "id-8");
        assertEquals("[invalid_recipe] why; field [image]; request_id [id-8]", node.run(Map.of(), map("image", DATA)).message());
        service.behaviour = refusal(500, "internal_error", "id-9");
        assertTrue(node.run(Map.of(), map("image", DATA)).message().endsWith("; field [image]; request_id [id-9]"));
    }

    @Test
    void ofManyAttemptsTheLastOneCounts() {
        service.behaviour = refusal(503, "no_worker", "id-7");
        Result result = node.runUntil(told -> told.message().contains("no_worker"), Map.of(), map("image", DATA));
        assertEquals(ImageException.class, result.failure().getClass());
        assertTrue(result.message().endsWith("; field [image]; request_id [id-7]"), result.message());
    }

    @Test
    void whatIsNoIdOfTheServiceIsLeftOut() {
        for (String id : List.of("", "two words", "line\\nfeed", "\\u00e4", "x".repeat(129))) {
            service.behaviour = refusal(422, "corrupt_image", id);
            assertEquals("[corrupt_image] why; field [image]", node.run(Map.of(), map("image", DATA)).message());
        }
    }
}
