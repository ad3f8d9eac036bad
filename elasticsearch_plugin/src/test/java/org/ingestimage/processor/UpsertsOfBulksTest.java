package org.ingestimage.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
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
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.block.ClusterBlocks;
import org.elasticsearch.cluster.metadata.ComposableIndexTemplate;
import org.elasticsearch.cluster.metadata.IndexMetadata;
import org.elasticsearch.cluster.metadata.Template;
import org.elasticsearch.common.io.stream.BytesStreamOutput;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.gateway.GatewayService;
import org.elasticsearch.index.IndexVersion;
import org.elasticsearch.tasks.Task;
import org.ingestimage.testing.TestApi;
import org.junit.jupiter.api.Test;

class UpsertsOfBulksTest {

    private static final ClusterState STATE = TestApi.state(
        IndexMetadata.builder("there").settings(settings("a", "b").put(IndexMetadata.SETTING_VERSION_CREATED, IndexVersion.current())).build(),
        ComposableIndexTemplate.builder()
            .indexPatterns(List.of("new*"))
            .template(new Template(settings("c", "d").build(), null, null))
            .build()
    );

    private static Settings.Builder settings(String pipeline, String last) {
        return Settings.builder()
            .put("index.number_of_shards", 1)
            .put("index.number_of_replicas", 0)
            .put("index.default_pipeline", pipeline)
            .put("index.final_pipeline", last);
    }

    /** What goes on behind the filter. */
    private static BulkRequest filtered(BulkRequest bulk, ClusterState state) {
        List<ActionRequest> seen = new ArrayList<>();
        ActionFilterChain<ActionRequest, ActionResponse> chain = (Task task, String action, ActionRequest request, ActionListener<ActionResponse> listener) -> seen
            .add(request);
        new UpsertsOfBulks(() -> state).apply(null, TransportBulkAction.NAME, bulk, ActionListener.noop(), chain);
        assertSame(bulk, seen.get(0));
        return bulk;
    }

    private static BulkRequest bulk() {
        BulkRequest bulk = new BulkRequest();
        for (String index : List.of("other", "there", "new", "<new-{now/y}>")) {
            bulk.add(new UpdateRequest(index, "1").doc(Map.of("a", 1)).docAsUpsert(true));
            bulk.add(new UpdateRequest(index, "2").doc(Map.of("a", 1)).upsert(new IndexRequest().source(Map.of("a", 2)).setPipeline("own")));
        }
        bulk.add(new UpdateRequest("new", "3").doc(Map.of("a", 1)), new IndexRequest("new").source(Map.of("a", 1)));
        return bulk;
    }

    @Test
    void anUpsertHasThePipelinesOfItsIndexAndNoIndex() throws Exception {
        BulkRequest bulk = bulk();
        List<String> expected = List.of(
            "true _none _none null",
            "true own _none null",
            "true a b null",
            "true own b null",
            "true c d null",
            "true own d null",
            "true c d null",
            "true own d null"
        );
        assertEquals(expected, upserts(filtered(bulk, STATE)));
        // As the node that has the request sends it to one that runs pipelines.
        bulk.writeTo(new BytesStreamOutput());
        assertEquals("true a b there", upserts(bulk).get(2));
        assertEquals(expected, upserts(filtered(bulk, STATE)));
        assertEquals("false null null new", shown((IndexRequest) bulk.requests().get(9)));
    }

    @Test
    void itHasItsIndexWhileTheNodeDoesNotKnowItsIndices() {
        ClusterBlocks blocks = ClusterBlocks.builder().addGlobalBlock(GatewayService.STATE_NOT_RECOVERED_BLOCK).build();
        List<String> shown = upserts(filtered(bulk(), ClusterState.builder(STATE).blocks(blocks).build()));
        assertEquals(List.of("false null null other", "false own null other", "false null null there"), shown.subList(0, 3));
    }

    private static List<String> upserts(BulkRequest bulk) {
        List<String> shown = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            UpdateRequest update = (UpdateRequest) bulk.requests().get(i);
            shown.add(shown(update.docAsUpsert() ? update.doc() : update.upsertRequest()));
        }
        return shown;
    }

    private static String shown(IndexRequest written) {
        return String.join(" ", String.valueOf(written.isPipelineResolved()), written.getPipeline(), written.getFinalPipeline(), written.index());
    }
}
