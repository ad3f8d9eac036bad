package org.ingestimage.processor;

import org.elasticsearch.core.TimeValue;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.service.ServiceClient;

/**
 * What the pictures of one document share.
 *
 * @param options of the processor
 * @param schema of the recipes
 * @param client to the service
 * @param opaqueId the request's `X-Opaque-Id`, null when there is none
 */
record ProcessorContext(Options options, RecipeSchema schema, ServiceClient client, String opaqueId) {

    TimeValue timeout() {
        return options.timeout() == null ? client.timeout() : options.timeout();
    }
}
