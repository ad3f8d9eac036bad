package org.ingestimage.testing;

import org.elasticsearch.common.logging.LogConfigurator;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Many classes of Elasticsearch want its logging when they are loaded; a node has set it up long before. */
public final class NodeLogging implements BeforeAllCallback {

    @Override
    public void beforeAll(ExtensionContext context) {
        LogConfigurator.configureESLogging();
    }
}
