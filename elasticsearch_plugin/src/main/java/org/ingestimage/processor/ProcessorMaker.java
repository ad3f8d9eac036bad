package org.ingestimage.processor;

import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.service.ServiceClient;

/**
 * Makes processors from their configuration, and gives them what they need of the node.
 *
 * @param schema that recipes are checked against
 * @param threadContext of the node
 * @param executor for work that must not run on a thread of the network
 * @param client to the service; the node makes it after the pipelines, so it is asked for with each document
 */
public record ProcessorMaker(RecipeSchema schema, ThreadContext threadContext, Executor executor, Supplier<ServiceClient> client) {

    /** Runs on the thread that applies cluster states: it only reads the configuration. */
    public ImageProcessor make(String tag, String description, Map<String, Object> config) {
        return new ImageProcessor(tag, description, Options.read(tag, config, schema), this);
    }
}
