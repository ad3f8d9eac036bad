package org.ingestimage.common;

import org.elasticsearch.ElasticsearchStatusException;
import org.elasticsearch.rest.RestStatus;

/**
 * A failure as clients see it. Elasticsearch makes `error.type` of the name of the class, `image_exception`, and prints its metadata beside it:
 * the stable code as `error.image_code`.
 *
 * <p>Nodes send each other only exceptions of their own. From another node it comes as a wrapper that keeps type, status and metadata, and puts
 * the type before the reason: `image_exception: [busy] ...`.
 */
public final class ImageException extends ElasticsearchStatusException {

    private static final long serialVersionUID = 1L;
    /** Elasticsearch takes names of metadata only with this prefix, and prints them without it. */
    private static final String CODE = "es.image_code";

    ImageException(String code, String message, RestStatus status) {
        super(message, status);
        addMetadata(CODE, code);
    }

    /** The stable code: one of {@link Code}, or one of the service. */
    public String code() {
        return getMetadata(CODE).get(0);
    }
}
