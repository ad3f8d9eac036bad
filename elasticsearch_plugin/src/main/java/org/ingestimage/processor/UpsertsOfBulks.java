package org.ingestimage.processor;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.bulk.BulkRequest;
import org.elasticsearch.action.bulk.TransportBulkAction;
import org.elasticsearch.action.index.IndexRequest;
import org.elasticsearch.action.support.ActionFilterChain;
import org.elasticsearch.action.support.MappedActionFilter;
import org.elasticsearch.action.update.UpdateRequest;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.gateway.GatewayService;
import org.elasticsearch.ingest.IngestService;
import org.elasticsearch.tasks.Task;
import org.ingestimage.common.Api;

/**
 * The `upsert` of an update in a bulk, or its `doc` with `doc_as_upsert`, is a document of its own, whose index Elasticsearch leaves out, unless it has
 * sent the bulk to another node. That it is missing tells {@link PartialDocument} that the result is merged into what is stored.
 *
 * <p>But Elasticsearch looks for pipelines by this name in templates, so it finds none for an index that is not there yet; and up to
 * 8.19.9 and 9.3.3 it takes what it has found for the first such document for all others of the bulk, whatever their index. Pictures would be stored as
 * they came. So the pipelines are looked for here.
 *
 * @param state of the cluster
 */
public record UpsertsOfBulks(Supplier<ClusterState> state) implements MappedActionFilter {

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
            ClusterState now = state.get();
            // Elasticsearch waits until it knows its indices, and looks then. Until then the name stays, so that no pipeline is passed by.
            boolean known = now.blocks().hasGlobalBlock(GatewayService.STATE_NOT_RECOVERED_BLOCK) == false;
            Map<String, IngestService.Pipelines> found = new HashMap<>();
            bulk.requests().forEach(one -> {
                IndexRequest written = one instanceof UpdateRequest update ? update.docAsUpsert() ? update.doc() : update.upsertRequest() : null;
                if (written != null) {
                    written.index(known ? null : one.index());
                    if (known) {
                        resolve((UpdateRequest) one, written, now, found);
                    }
                }
            });
        }
        chain.proceed(task, action, request, listener);
    }

    private static void resolve(UpdateRequest update, IndexRequest written, ClusterState state, Map<String, IngestService.Pipelines> found) {
        // Another node may have done so, or the bulk has been here before.
        if (written.isPipelineResolved() == false && update.index() != null) {
            IngestService.setPipelineOnRequest(written, found.computeIfAbsent(update.index(), name -> Api.pipelines(state, update)));
        }
    }
}
