package org.ingestimage.memory;

import java.util.List;
import java.util.function.Supplier;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.bulk.TransportBulkAction;
import org.elasticsearch.action.support.ActionFilterChain;
import org.elasticsearch.action.support.MappedActionFilter;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.core.Releasable;
import org.elasticsearch.tasks.Task;

/**
 * The results that one bulk holds: given back when the bulk has ended, which processors do not hear of. Inside the node
 * every way to store a document is a bulk, also for a single one, an update and a reindex. The bulk travels with its
 * documents as a transient of the thread context.
 */
public final class BulkResults implements Releasable {

    private static final String TRANSIENT = "_ingest_image_results";

    private final ResultMemory memory;
    private long bytes;
    private boolean closed;

    BulkResults(ResultMemory memory) {
        this.memory = memory;
    }

    /** The bulk that this thread works for; null for anything else, such as `_simulate`. */
    public static BulkResults of(ThreadContext context) {
        return context.getTransient(TRANSIENT);
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

    /** Wraps every bulk of the node. */
    public record Filter(Supplier<ThreadContext> context, ResultMemory memory) implements MappedActionFilter {

        @Override
        public String actionName() {
            return TransportBulkAction.NAME;
        }

        @Override
        public <Request extends ActionRequest, Response extends ActionResponse> void apply(
            Task task,
            String action,
            Request request,
            ActionListener<Response> listener,
            ActionFilterChain<Request, Response> chain
        ) {
            BulkResults results = new BulkResults(memory);
            // Cleared first: a bulk may be started within the context of another one.
            try (var ignored = context.get().newStoredContextPreservingResponseHeaders(List.of(TRANSIENT), List.of())) {
                context.get().putTransient(TRANSIENT, results);
                chain.proceed(task, action, request, ActionListener.runBefore(listener, results::close));
            }
        }
    }
}
