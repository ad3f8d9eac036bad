package org.ingestimage.embedded.restroot;

import java.util.Collection;
import java.util.List;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.Plugin;

/** What does not differ between the lines of Elasticsearch: the node's cluster service is remembered for the handler. */
abstract class KeepsClusterService extends Plugin implements ActionPlugin {
    private volatile ClusterService clusterService;

    @Override
    public Collection<?> createComponents(PluginServices services) {
        clusterService = services.clusterService();
        return List.of();
    }

    RootHandler handler() {
        return new RootHandler(() -> clusterService);
    }
}
