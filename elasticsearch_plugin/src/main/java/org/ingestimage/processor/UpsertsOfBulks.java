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
 * The `upsert` of an update in a bulk, or its `doc` with `doc_as_upsert`, is a document of its own, whose index Elasticsearch leaves out, unless it has
 * sent the bulk to another node: then it is there. Here it is there if the index is not, and only then:
 *
 * <ul><li>Of an index that is not there yet, Elasticsearch looks for the pipelines in templates by this name. Without it, the pictures of the bulk
 * that makes an index would be stored as they came.
 * <li>That it is missing tells {@link PartialDocument} that the result is merged into what is stored.</ul>
 *
 * @param isThere whether there is an index, an alias or a data stream of a name
 */
public record UpsertsOfBulks(Predicate<String> isThere) implements MappedActionFilter {

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
        if (written != null && update.index() != null) {
            written.index(isThere.test(update.index()) ? null : update.index());
        }
    }
}
