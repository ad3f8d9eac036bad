package org.ingestimage.processor;

import java.util.concurrent.Executor;
import java.util.function.Supplier;

import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.service.ServiceClient;
import org.ingestimage.service.wire.ClientIds;

/**
 * What processors need from the node.
 *
 * @param schema that recipes are checked against
 * @param threadContext of the node
 * @param executor for work that must not run on a thread of the network
 * @param service the client to the service; made after the pipelines, so it is asked for with each document
 */
public record ProcessorEnvironment(RecipeSchema schema, ThreadContext threadContext, Executor executor, Supplier<ServiceClient> service) {

    /** Null while the node is starting; from then on always the same. */
    ServiceClient client() {
        return service.get();
    }

    /** Of the request that this thread works for. */
    ClientIds clientIds() {
        return ClientIds.of(threadContext);
    }
}
