package org.ingestimage.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.bulk.BulkRequest;
import org.elasticsearch.action.bulk.TransportBulkAction;
import org.elasticsearch.action.index.IndexRequest;
import org.elasticsearch.action.support.ActionFilterChain;
import org.elasticsearch.action.update.UpdateRequest;
import org.elasticsearch.common.io.stream.BytesStreamOutput;
import org.elasticsearch.tasks.Task;
import org.junit.jupiter.api.Test;

class UpsertsOfBulksTest {

    /** What goes on behind the filter. */
    private static BulkRequest filtered(BulkRequest bulk) {
        List<ActionRequest> seen = new ArrayList<>();
        ActionFilterChain<ActionRequest, ActionResponse> chain = (Task task, String action, ActionRequest request, ActionListener<ActionResponse> listener) -> seen
            .add(request);
        new UpsertsOfBulks("there"::equals).apply(null, TransportBulkAction.NAME, bulk, ActionListener.noop(), chain);
        assertSame(bulk, seen.get(0));
        return bulk;
    }

    private static BulkRequest bulk() {
        BulkRequest bulk = new BulkRequest();
        for (String index : List.of("there", "new")) {
            bulk.add(new UpdateRequest(index, "1").doc(Map.of("a", 1)).docAsUpsert(true));
            bulk.add(new UpdateRequest(index, "2").doc(Map.of("a", 1)).upsert(Map.of("a", 2)));
        }
        bulk.add(new UpdateRequest("new", "3").doc(Map.of("a", 1)), new IndexRequest("new").source(Map.of("a", 1)));
        return bulk;
    }

    @Test
    void anUpsertNamesItsIndexIfThatIsNotThere() throws Exception {
        BulkRequest bulk = bulk();
        assertNamed(filtered(bulk));
        // As the node that has the request sends it to one that runs pipelines.
        bulk.writeTo(new BytesStreamOutput());
        assertEquals("there", ((UpdateRequest) bulk.requests().get(0)).doc().index());
        assertNamed(filtered(bulk));
    }

    private static void assertNamed(BulkRequest bulk) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            UpdateRequest update = (UpdateRequest) bulk.requests().get(i);
            names.add((update.docAsUpsert() ? update.doc() : update.upsertRequest()).index());
        }
        assertEquals(Arrays.asList(null, null, "new", "new"), names);
        assertEquals("new", bulk.requests().get(5).index());
    }
}
