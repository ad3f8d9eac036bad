package org.ingestimage;

import java.util.ArrayList;
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
 * The results that one bulk holds: given back when the bulk has ended, which no processor is told. Every way to store a document is a bulk inside
 * the node, also a single one, an update and a reindex. The bulk travels with its documents as a transient of the thread context.
 */
final class HeldResults implements Releasable {

    private static final String TRANSIENT = "_ingest_image_results";

    private final List<ResultShare> shares = new ArrayList<>();
    private volatile boolean any;
    private boolean closed;

    /** The bulk that this thread works for, null when it is none, such as `_simulate`. */
    static HeldResults of(ThreadContext context) {
        return context.getTransient(TRANSIENT);
    }

    /** Keeps a share until the end. */
    void add(ResultShare share) {
        synchronized (this) {
            if (closed == false) {
                any |= share.length() > 0;
                shares.add(share);
                return;
            }
        }
        share.close();
    }

    /** Whether some document of the bulk is done and holds a result. */
    boolean any() {
        return any;
    }

    @Override
    public void close() {
        List<ResultShare> given;
        synchronized (this) {
            closed = true;
            given = List.copyOf(shares);
            shares.clear();
        }
        given.forEach(ResultShare::close);
    }

    /** Stands around every bulk of the node. */
    record Filter(Supplier<ThreadContext> context) implements MappedActionFilter {

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
            HeldResults results = new HeldResults();
            // Cleared first: a bulk may be started by what another one left behind.
            try (var ignored = context.get().newStoredContextPreservingResponseHeaders(List.of(TRANSIENT), List.of())) {
                context.get().putTransient(TRANSIENT, results);
                chain.proceed(task, action, request, ActionListener.runBefore(listener, results::close));
            }
        }
    }
}
