package org.ingestimage.processor;

import java.util.List;
import java.util.function.Supplier;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.admin.indices.create.AutoCreateAction;
import org.elasticsearch.action.admin.indices.create.CreateIndexRequest;
import org.elasticsearch.action.support.ActionFilterChain;
import org.elasticsearch.action.support.MappedActionFilter;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.index.IndexNotFoundException;
import org.elasticsearch.tasks.Task;

/**
 * An index that is deleted while its pictures are in work stays deleted. When pipelines are done with the documents of a bulk,
 * Elasticsearch creates the indices that these name, also when a document is only to be written if it has a certain sequence number.
 * `ingest-image enrich` and `reprocess` write nothing but what they have read. They say by `X-Opaque-Id` who they are.
 */
public record DeletedIndices(Supplier<ThreadContext> context) implements MappedActionFilter {

    private static final List<String> WRITING_BACK = List.of("ingest-image-enrich", "ingest-image-reprocess");

    @Override
    public String actionName() {
        return AutoCreateAction.NAME;
    }

    @Override
    public <Request extends ActionRequest, Response extends ActionResponse> void apply(
        Task task,
        String action,
        Request request,
        ActionListener<Response> listener,
        ActionFilterChain<Request, Response> chain
    ) {
        String who = context.get().getHeader(Task.X_OPAQUE_ID_HTTP_HEADER);
        if (who != null && WRITING_BACK.stream().anyMatch(who::startsWith) && request instanceof CreateIndexRequest create) {
            // Elasticsearch then says so of each document for this index, with 404.
            listener.onFailure(new IndexNotFoundException("it was deleted while its documents were in work", create.index()));
        } else {
            chain.proceed(task, action, request, listener);
        }
    }
}
