package org.ingestimage.memory;

import java.util.List;
import java.util.function.Supplier;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.bulk.SimulateBulkAction;
import org.elasticsearch.action.bulk.TransportBulkAction;
import org.elasticsearch.action.ingest.SimulatePipelineAction;
import org.elasticsearch.action.support.ActionFilterChain;
import org.elasticsearch.action.support.MappedActionFilter;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.core.Releasable;
import org.elasticsearch.tasks.Task;

/**
 * The results that one bulk holds: given back when the bulk has ended, which processors do not hear of. Inside the node
 * every way to store a document is a bulk, also for a single one, an update and a reindex. `_simulate` counts as one: it
 * stores nothing, but holds all its documents, too. The bulk travels with its documents as a transient of the thread
 * context.
 */
public final class BulkResults implements Releasable {

    private static final String TRANSIENT = "_ingest_image_results";

    private final ResultMemory memory;
    private final int copies;
    private long bytes;
    private boolean closed;

    BulkResults(ResultMemory memory, int copies) {
        this.memory = memory;
        this.copies = copies;
    }

    /** The bulk that this thread works for; null for anything else. */
    public static BulkResults of(ThreadContext context) {
        return context.getTransient(TRANSIENT);
    }

    /** How often a result is there until the end. */
    public int copies() {
        return copies;
    }

    /** Keeps bytes of the account until the end. It is only a number, so that written documents can be freed. */
    public void add(long more) {
        synchronized (this) {
            if (closed == false) {
                bytes += more;
                return;
            }
        }
        memory.giveBack(more);
    }

    /** Whether any document of the bulk is done and holds a result. */
    public synchronized boolean any() {
        return bytes > 0;
    }

    @Override
    public void close() {
        long given;
        synchronized (this) {
            closed = true;
            given = bytes;
            bytes = 0;
        }
        memory.giveBack(given);
        memory.freed();
    }

    /**
     * Wraps every request of one kind.
     *
     * @param actionName of that kind
     * @param answersDocuments whether the answer has the documents: then it holds them again, as JSON, until it is sent
     * @param shown how often the answer has each
     */
    public record Filter(
        String actionName,
        boolean answersDocuments,
        ShownProcessors shown,
        Supplier<ThreadContext> context,
        ResultMemory memory
    ) implements MappedActionFilter {

        /** One for each kind of request that runs pipelines. */
        public static List<MappedActionFilter> all(ShownProcessors shown, Supplier<ThreadContext> context, ResultMemory memory) {
            return List.of(
                new Filter(TransportBulkAction.NAME, false, shown, context, memory),
                new Filter(SimulatePipelineAction.NAME, true, shown, context, memory),
                new Filter(SimulateBulkAction.NAME, true, shown, context, memory)
            );
        }

        @Override
        public <Request extends ActionRequest, Response extends ActionResponse> void apply(
            Task task,
            String action,
            Request request,
            ActionListener<Response> listener,
            ActionFilterChain<Request, Response> chain
        ) {
            BulkResults results = new BulkResults(memory, answersDocuments ? 1 + shown.in(request) : 1);
            ActionListener<Response> end = answersDocuments
                ? ActionListener.runAfter(listener, results::close)
                : ActionListener.runBefore(listener, results::close);
            // Cleared first: a bulk may be started within the context of another one.
            try (var ignored = context.get().newStoredContextPreservingResponseHeaders(List.of(TRANSIENT), List.of())) {
                context.get().putTransient(TRANSIENT, results);
                chain.proceed(task, action, request, end);
            }
        }
    }
}
