package org.ingestimage.common;

import java.net.http.HttpClient;
import java.util.Map;
import java.util.stream.Collectors;

import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
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

    /** Whether there is an index, an alias or a data stream of this name, which may be one with a date to be filled in. */
    public static boolean isThere(ClusterState state, String name) {
        return state.metadata().hasIndexAbstraction(IndexNameExpressionResolver.resolveDateMathExpression(name));
    }

    /** Nothing: documents are counted as large as they are. */
    public static Settings additionalSettings(Settings settings) {
        return Settings.EMPTY;
    }

    /** Nothing: the client of Java 17 cannot be closed, and ends its thread when it is garbage-collected. */
    public static void close(HttpClient client) {}
}
