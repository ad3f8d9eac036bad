package org.ingestimage.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.admin.indices.create.CreateIndexRequest;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.ingestimage.testing.TestApi;
import org.junit.jupiter.api.Test;

/** Who may have an index created by writing to it, and who may write to one that is another one than before. */
class DeletedIndicesTest {

    private static final ActionRequest CREATED = new CreateIndexRequest("a");
    private static final ActionRequest WRITTEN = TestApi.shardBulk("a", "new");
    private static final String GONE = "no such index [a] and it was deleted while its documents were in work";
    private static final String ANOTHER = "no such index [a] and it was made again while its documents were in work";

    /** What becomes of a request that somebody of this name makes. */
    private static String made(ActionRequest request, String who) {
        ThreadContext context = new ThreadContext(Settings.EMPTY);
        if (who != null) {
            context.putHeader("X-Opaque-Id", who);
        }
        List<String> said = new ArrayList<>();
        ActionListener<ActionResponse> listener = ActionListener.wrap(response -> said.add("answered"), failure -> said.add(failure.getMessage()));
        DeletedIndices filter = new DeletedIndices("any", () -> context);
        filter.apply(null, filter.actionName(), request, listener, (task, action, same, then) -> said.add("done"));
        return String.join(", ", said);
    }

    @Test
    void whatOnlyWritesBackCreatesNone() {
        assertEquals(GONE, made(CREATED, "ingest-image-enrich index=a uuid=old 0a1b2c3d 4e5f6071"));
        assertEquals(GONE, made(CREATED, "ingest-image-reprocess-0123456789ab"));
    }

    @Test
    void norDoesItWriteToAnotherOneOfThatName() {
        assertEquals(ANOTHER, made(WRITTEN, "ingest-image-enrich index=a uuid=old 0a1b2c3d"));
        assertEquals(ANOTHER, made(WRITTEN, "ingest-image-reprocess-0123456789ab index=a uuid=old"));
        assertEquals("done", made(WRITTEN, "ingest-image-enrich index=a uuid=new 0a1b2c3d"));
        // As earlier releases of the programs call themselves.
        assertEquals("done", made(WRITTEN, "ingest-image-reprocess-0123456789ab"));
    }

    @Test
    void norToOneToWhichAPipelineSendsIt() {
        String sent = "a pipeline sends what was read from [%s] ";
        assertEquals(
            sent.formatted("b") + "to [a], where it is not written back",
            made(WRITTEN, "ingest-image-enrich index=b uuid=old 0a1b2c3d")
        );
        assertEquals(
            "no such index [a] and " + sent.formatted("\u65c5+") + "there",
            made(CREATED, "ingest-image-reprocess-0123456789ab index=%E6%97%85%2B uuid=old")
        );
    }

    @Test
    void everybodyElseDoes() {
        for (ActionRequest request : List.of(CREATED, WRITTEN)) {
            assertEquals("done", made(request, null));
            assertEquals("done", made(request, "shop index=a uuid=old"));
            assertEquals("done", made(request, "ingest-image-index index=a uuid=old"));
        }
    }
}
