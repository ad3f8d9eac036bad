package org.ingestimage.common;

import java.net.http.HttpClient;
import java.util.Map;
import java.util.stream.Collectors;

import org.elasticsearch.action.index.IndexRequest;
import org.elasticsearch.action.update.UpdateRequest;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.metadata.ProjectId;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.IndexingPressure;
import org.elasticsearch.ingest.IngestService;
import org.elasticsearch.ingest.PipelineConfiguration;

/** What differs from Elasticsearch 8.x: Java 21, and how the node accounts for what is indexed. */
public final class Api {

    private Api() {}

    /** All stored pipelines, by their ids. */
    public static Map<String, Map<String, Object>> pipelines(ClusterState state) {
        return IngestService.getPipelines(state.metadata().getProject(ProjectId.DEFAULT)).stream()
            .collect(Collectors.toMap(PipelineConfiguration::getId, PipelineConfiguration::getConfig));
    }

    /** The pipelines of the index that is updated, or of the templates that it is to be made by. */
    public static IngestService.Pipelines pipelines(ClusterState state, UpdateRequest update) {
        IndexRequest found = new IndexRequest(update.index());
        IngestService.resolvePipelinesAndUpdateIndexRequest(update, found, state.metadata().getProject(ProjectId.DEFAULT));
        return new IngestService.Pipelines(found.getPipeline(), found.getFinalPipeline());
    }

    /**
     * From 9.5 on a node counts the largest document of a bulk four more times while it is indexed, within a limit of
     * 10 % of the heap. So a document of more than a fortieth of the heap would be refused with 429 forever, and
     * pictures can be larger. A limit that somebody has set stays.
     */
    public static Settings additionalSettings(Settings settings) {
        boolean own = IndexingPressure.MAX_INDEXING_BYTES.exists(settings) || IndexingPressure.MAX_PRIMARY_BYTES.exists(settings);
        return own ? Settings.EMPTY : Settings.builder().put(IndexingPressure.MAX_PRIMARY_BYTES.getKey(), "30%").build();
    }

    /** At once: nobody waits for anything that is under way. */
    public static void close(HttpClient client) {
        client.shutdownNow();
    }
}
