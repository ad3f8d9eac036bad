package org.ingestimage.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.admin.indices.create.CreateIndexRequest;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.junit.jupiter.api.Test;

/** Who may have an index created by writing to it. */
class DeletedIndicesTest {

    private static final String GONE = "no such index [a] and it was deleted while its documents were in work";

    /** What became of it when somebody of this name writes to an index that is not there. */
    private static String written(Map<String, String> headers) {
        ThreadContext context = new ThreadContext(Settings.EMPTY);
        context.putHeader(headers);
        List<String> said = new ArrayList<>();
        ActionListener<ActionResponse> listener = ActionListener.wrap(response -> said.add("answered"), failure -> said.add(failure.getMessage()));
        DeletedIndices filter = new DeletedIndices(() -> context);
        filter.apply(null, filter.actionName(), new CreateIndexRequest("a"), listener, (task, action, request, then) -> said.add("created"));
        return String.join(", ", said);
    }

    @Test
    void whatOnlyWritesBackCreatesNone() {
        assertEquals(GONE, written(Map.of("X-Opaque-Id", "ingest-image-enrich 0a1b2c3d 4e5f6071")));
        assertEquals(GONE, written(Map.of("X-Opaque-Id", "ingest-image-reprocess-0123456789ab")));
    }

    @Test
    void everybodyElseDoes() {
        assertEquals("created", written(Map.of()));
        assertEquals("created", written(Map.of("X-Opaque-Id", "shop")));
        assertEquals("created", written(Map.of("X-Opaque-Id", "ingest-image-index")));
    }
}
