package org.ingestimage.processor;

import java.util.function.Predicate;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.bulk.BulkRequest;
import org.elasticsearch.action.bulk.TransportBulkAction;
import org.elasticsearch.action.index.IndexRequest;
import org.elasticsearch.action.support.ActionFilterChain;
import org.elasticsearch.action.support.MappedActionFilter;
import org.elasticsearch.action.update.UpdateRequest;
import org.elasticsearch.tasks.Task;

/**
 * The `upsert` of an update in a bulk, or its `doc` with `doc_as_upsert`, goes through the pipelines also if the index is not there yet.
 * Elasticsearch looks for them in templates by the name of the index, which this part of the request does not have: the pictures of the bulk that
 * makes an index would be stored as they came.
 *
 * @param isThere whether there is an index, an alias or a data stream of a name
 */
public record UpsertsOfNewIndices(Predicate<String> isThere) implements MappedActionFilter {

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
        if (request instanceof BulkRequest bulk) {
            bulk.requests().forEach(one -> {
                if (one instanceof UpdateRequest update) {
                    name(update);
                }
            });
        }
        chain.proceed(task, action, request, listener);
    }

    private void name(UpdateRequest update) {
        IndexRequest written = update.docAsUpsert() ? update.doc() : update.upsertRequest();
        // Where the index is there, its absence tells parts of documents (see PartialDocument).
        if (written != null && written.index() == null && update.index() != null && isThere.test(update.index()) == false) {
            written.index(update.index());
        }
    }
}
