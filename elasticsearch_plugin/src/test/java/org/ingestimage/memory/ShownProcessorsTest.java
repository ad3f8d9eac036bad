package org.ingestimage.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;

import org.elasticsearch.action.bulk.BulkRequest;
import org.elasticsearch.action.ingest.SimulatePipelineRequest;
import org.elasticsearch.common.xcontent.XContentHelper;
import org.elasticsearch.xcontent.json.JsonXContent;
import org.ingestimage.testing.TestApi;
import org.junit.jupiter.api.Test;

/** How often a verbose simulation shows a document. */
class ShownProcessorsTest {

    private final Map<String, Map<String, Object>> stored = new HashMap<>();

    private void store(String id, String pipeline) {
        stored.put(id, XContentHelper.convertToMap(JsonXContent.jsonXContent, pipeline, false));
    }

    private int shown(String id, String body, boolean verbose) {
        SimulatePipelineRequest request = TestApi.simulation(body);
        request.setId(id);
        request.setVerbose(verbose);
        return new ShownProcessors(() -> stored).in(request);
    }

    private int inline(String pipeline) {
        return shown(null, "{\"docs\": [{\"_source\": {\"image\": \"AAAA\"}}], \"pipeline\": " + pipeline + "}", true);
    }

    @Test
    void otherRequestsShowItOnce() {
        store("three", "{\"processors\": [{\"image\": {}}, {\"set\": {}}, {\"set\": {}}]}");
        assertEquals(1, shown("three", "{}", false));
        assertEquals(1, new ShownProcessors(() -> stored).in(new BulkRequest()));
    }

    @Test
    void eachProcessorShowsItAlsoThoseForFailures() {
        store(
            "five",
            "{\"processors\": [{\"image\": {\"on_failure\": [{\"set\": {\"on_failure\": [{\"set\": {}}]}}]}}, {\"remove\": {}}], "
                + "\"on_failure\": [{\"set\": {}}]}"
        );
        assertEquals(5, shown("five", "{}", true));
        assertEquals(2, inline("{\"processors\": [{\"image\": {}}, {\"remove\": {}}]}"));
    }

    @Test
    void thoseOfCalledPipelinesShowItToo() {
        store("two", "{\"processors\": [{\"image\": {}}, {\"set\": {}}]}");
        store("three", "{\"processors\": [{\"pipeline\": {\"name\": \"two\"}}]}");
        assertEquals(6, inline("{\"processors\": [{\"pipeline\": {\"name\": \"three\"}}, {\"pipeline\": {\"name\": \"none\"}}, {\"image\": {}}]}"));
    }

    /** The document names it. */
    @Test
    void theLargestCountsIfAnyCanBeCalled() {
        store("two", "{\"processors\": [{\"image\": {}}, {\"set\": {}}]}");
        store("four", "{\"processors\": [{\"image\": {}}, {\"pipeline\": {\"name\": \"two\"}}]}");
        assertEquals(5, inline("{\"processors\": [{\"pipeline\": {\"name\": \"{{which}}\"}}]}"));
    }

    @Test
    void whatCallsItselfOrIsNotReadableIsLeftToTheNode() {
        store("circle", "{\"processors\": [{\"pipeline\": {\"name\": \"circle\"}}, {\"image\": {}}]}");
        assertEquals(2, shown("circle", "{}", true));
        assertEquals(1, shown("missing", "{}", true));
        assertEquals(1, shown(null, "{\"docs\"", true));
        assertEquals(1, inline("[1]"));
        assertEquals(1, inline("{\"processors\": [1, null, \"image\"], \"on_failure\": 7}"));
    }

    @Test
    void thereIsAMost() {
        for (int i = 0; i < 40; i++) {
            store("" + i, "{\"processors\": [{\"pipeline\": {\"name\": \"" + (i + 1) + "\"}}, {\"pipeline\": {\"name\": \"" + (i + 1) + "\"}}]}");
        }
        assertEquals(ShownProcessors.MOST, shown("0", "{}", true));
    }
}
