package org.ingestimage.testing;

import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;

import org.elasticsearch.action.bulk.BulkItemRequest;
import org.elasticsearch.action.bulk.BulkShardRequest;
import org.elasticsearch.action.ingest.PutPipelineRequest;
import org.elasticsearch.action.ingest.SimulatePipelineRequest;
import org.elasticsearch.action.support.WriteRequest;
import org.elasticsearch.cluster.ClusterName;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.metadata.ComposableIndexTemplate;
import org.elasticsearch.cluster.metadata.IndexMetadata;
import org.elasticsearch.cluster.metadata.ProjectId;
import org.elasticsearch.cluster.metadata.ProjectMetadata;
import org.elasticsearch.cluster.routing.SplitShardCountSummary;
import org.elasticsearch.common.bytes.BytesArray;
import org.elasticsearch.common.bytes.ReleasableBytesReference;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.index.shard.ShardId;
import org.elasticsearch.ingest.Processor;
import org.elasticsearch.threadpool.Scheduler;
import org.elasticsearch.xcontent.XContentType;

/** What differs between the lines of Elasticsearch, for tests. */
public final class TestApi {

    private TestApi() {}

    public static Processor create(Processor.Factory factory, Map<String, Object> config) throws Exception {
        return factory.create(Map.of(), "tag", "description", config, ProjectId.DEFAULT);
    }

    /** The request of `PUT _ingest/pipeline`. */
    public static PutPipelineRequest pipeline(String json) {
        return new PutPipelineRequest(TimeValue.THIRTY_SECONDS, TimeValue.THIRTY_SECONDS, "pipeline", new BytesArray(json), XContentType.JSON);
    }

    /** The request of `POST _ingest/pipeline/_simulate`. */
    public static SimulatePipelineRequest simulation(String json) {
        return new SimulatePipelineRequest(ReleasableBytesReference.wrap(new BytesArray(json)), XContentType.JSON);
    }

    /** A bulk without documents for the first shard of an index. */
    public static BulkShardRequest shardBulk(String index, String uuid) {
        return new BulkShardRequest(new ShardId(index, uuid, 0), SplitShardCountSummary.UNSET, WriteRequest.RefreshPolicy.NONE, new BulkItemRequest[0]);
    }

    /** Of a cluster with an index and with a template for others. */
    public static ClusterState state(IndexMetadata index, ComposableIndexTemplate template) {
        return ClusterState.builder(ClusterName.DEFAULT).putProjectMetadata(ProjectMetadata.builder(ProjectId.DEFAULT).put(index, false).put("template", template)).build();
    }

    public static Processor.Parameters parameters(
        ThreadContext context,
        BiFunction<Long, Runnable, Scheduler.ScheduledCancellable> scheduler,
        Consumer<Runnable> generic
    ) {
        return new Processor.Parameters(null, null, null, context, System::nanoTime, scheduler, null, null, generic, null, null, null);
    }
}
