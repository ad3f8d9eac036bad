package org.ingestimage.processor;

import java.util.Map;

import org.elasticsearch.cluster.metadata.ProjectId;
import org.elasticsearch.ingest.Processor;

/** Makes `image` processors; the signature of Elasticsearch 9.1 and later. */
public final class ImageFactory implements Processor.Factory {

    private final ProcessorMaker maker;

    public ImageFactory(ProcessorMaker maker) {
        this.maker = maker;
    }

    @Override
    public Processor create(
        Map<String, Processor.Factory> factories,
        String tag,
        String description,
        Map<String, Object> config,
        ProjectId projectId
    ) {
        return maker.make(tag, description, config);
    }
}
