package org.ingestimage.testing;

import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;

import org.elasticsearch.cluster.metadata.ProjectId;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.ingest.Processor;
import org.elasticsearch.threadpool.Scheduler;

/** What differs between the lines of Elasticsearch, for tests. */
public final class TestApi {

    private TestApi() {}

    public static Processor create(Processor.Factory factory, Map<String, Object> config) throws Exception {
        return factory.create(Map.of(), "tag", "description", config, ProjectId.DEFAULT);
    }

    public static Processor.Parameters parameters(
        ThreadContext context,
        BiFunction<Long, Runnable, Scheduler.ScheduledCancellable> scheduler,
        Consumer<Runnable> generic
    ) {
        return new Processor.Parameters(null, null, null, context, System::nanoTime, scheduler, null, null, generic, null, null, null);
    }
}
