package org.ingestimage.common;

import java.net.http.HttpClient;
import java.util.Map;
import java.util.stream.Collectors;

import org.elasticsearch.action.index.IndexRequest;
import org.elasticsearch.action.update.UpdateRequest;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.ingest.IngestService;
import org.elasticsearch.ingest.PipelineConfiguration;

/** What differs from Elasticsearch 9.x. */
public final class Api {

    private Api() {}

    /** All stored pipelines, by their ids. */
    public static Map<String, Map<String, Object>> pipelines(ClusterState state) {
        return IngestService.getPipelines(state).stream()
            .collect(Collectors.toMap(PipelineConfiguration::getId, PipelineConfiguration::getConfig));
    }

    /** The pipelines of the index that is updated, or of the templates that it is to be made by. */
    public static IngestService.Pipelines pipelines(ClusterState state, UpdateRequest update) {
        IndexRequest found = new IndexRequest(update.index());
        IngestService.resolvePipelinesAndUpdateIndexRequest(update, found, state.metadata());
        return new IngestService.Pipelines(found.getPipeline(), found.getFinalPipeline());
    }

    /** Nothing: documents are counted as large as they are. */
    public static Settings additionalSettings(Settings settings) {
        return Settings.EMPTY;
    }

    /** Nothing: the client of Java 17 cannot be closed, and ends its thread when it is garbage-collected. */
    public static void close(HttpClient client) {}
}
