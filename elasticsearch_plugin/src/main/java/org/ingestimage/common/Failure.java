package org.ingestimage.common;

import java.util.Map;

import org.elasticsearch.ElasticsearchStatusException;
import org.elasticsearch.common.util.concurrent.EsRejectedExecutionException;
import org.elasticsearch.rest.RestStatus;

/**
 * Why a picture was not processed: a stable code, a sentence, and who is to act.
 *
 * <p>It becomes the exception that the node knows only when it leaves the processor, so that field and index are in the innermost
 * message: `_ingest.on_failure_message` shows the deepest cause and nothing else.
 */
public final class Failure extends Exception {

    /** Who is at fault, and thereby the status of the document. */
    public enum Kind {
        /** The picture: 400, or recorded in the document when the pipeline says so. */
        PICTURE,
        /** The document's or the pipeline's wishes: always 400. */
        REQUEST,
        /** Too much at once: 429, the client's own retry helps. */
        BUSY,
        /** The service cannot be reached: 503, retrying later helps. */
        UNAVAILABLE,
        /** A defect or a wrong configuration of the service: 500, an administrator has to act. */
        DEFECT
    }

    private static final long serialVersionUID = 1L;

    private final Kind kind;
    private final String code;
    private final String reason;
    /** What to merge when the failure is recorded; mostly nulls that remove what an earlier picture left. */
    private final transient Map<String, Object> fields;

    public Failure(Kind kind, String code, String reason) {
        this(kind, code, reason, Map.of());
    }

    public Failure(Kind kind, String code, String reason, Map<String, Object> fields) {
        super("[" + code + "] " + reason, null, false, false);
        this.kind = kind;
        this.code = code;
        this.reason = reason;
        this.fields = fields;
    }

    public Kind kind() {
        return kind;
    }

    public String code() {
        return code;
    }

    public String reason() {
        return reason;
    }

    public Map<String, Object> fields() {
        return fields;
    }

    /** The exception with the right status in a bulk item. It has no cause: the deepest message is the one that is shown. */
    public Exception toException(String path) {
        String message = getMessage() + "; field [" + path + "]";
        return switch (kind) {
            case PICTURE, REQUEST -> new IllegalArgumentException(message);
            case BUSY -> new EsRejectedExecutionException(message);
            case UNAVAILABLE -> new ElasticsearchStatusException(message, RestStatus.SERVICE_UNAVAILABLE);
            case DEFECT -> new ElasticsearchStatusException(message, RestStatus.INTERNAL_SERVER_ERROR);
        };
    }
}
