package org.ingestimage.processor;

import java.util.Map;

import org.elasticsearch.ingest.Processor;

/** Makes `image` processors; the signature of Elasticsearch 8.x and 9.0. */
public final class ImageFactory implements Processor.Factory {

    private final ProcessorEnvironment environment;

    public ImageFactory(ProcessorEnvironment environment) {
        this.environment = environment;
    }

    @Override
    public Processor create(Map<String, Processor.Factory> factories, String tag, String description, Map<String, Object> config) {
        return ImageProcessor.make(environment, tag, description, config);
    }
}
