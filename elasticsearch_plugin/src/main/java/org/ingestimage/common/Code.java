package org.ingestimage.common;

import java.util.Locale;

import org.elasticsearch.rest.RestStatus;

/**
 * Every error that the node finds itself: a stable code, whose fault it is, and what it means. The table in docs/plugin.md is checked against it.
 * Codes of the service (docs/wire.md) are passed on as they come.
 */
public enum Code {
    INVALID_BASE64(Kind.PICTURE, "the picture is neither base64 nor bytes"),
    IMAGE_TOO_LARGE(Kind.PICTURE, "the picture has more bytes than `ingest.image.max_image_bytes`, or than the service accepts"),
    RESULT_TOO_LARGE(Kind.PICTURE, "the result is longer than `ingest.image.max_response_bytes` or `max_result_bytes`, or than half of the memory for results"),
    URL_NOT_ALLOWED(Kind.PICTURE, "the picture's address is not one that `ingest.image.url_hosts` allows"),

    AMBIGUOUS_FIELD(Kind.REQUEST, "the picture is written twice (`{\"image\": ..., \"image.data\": ...}`), or in a list on the way to the field, or two names of fields differ only in halves of surrogate pairs"),
    FIELD_TAKES_NO_OBJECT(Kind.REQUEST, "the index maps the field of the picture as `binary`, `text` or `keyword`, and the processor puts an object there: give it another `target_field`"),
    URL_AND_DATA(Kind.REQUEST, "the document has a `url` and a `data` that was not made from it"),
    STORED_NOT_SIGNED(Kind.REQUEST, "the document names a picture in the store that no `mark` of this token covers"),
    MISSING_DATA(Kind.REQUEST, "there are one-off `operations`, but no picture; or a picture under another name than the pipeline's, as `{\"image\": {\"Data\": ...}}`"),
    INVALID_RECIPE(Kind.REQUEST, "a one-off operation or one of its parameters is unknown or wrong"),
    OPERATION_NOT_ALLOWED(Kind.REQUEST, "the pipeline does not allow documents this operation"),
    DOCUMENT_OPERATIONS_DISABLED(Kind.REQUEST, "the pipeline allows documents no operations"),
    RECOGNITION_OFF(Kind.REQUEST, "a pipeline that is put asks for recognition, and no service that answers has it"),
    RESULTS_TOO_LARGE(Kind.REQUEST, "the results of the document's list are larger than what the node can hold"),

    QUEUE_FULL(Kind.BUSY, "more pictures wait for their turn than `ingest.image.queue_size`"),
    RESULTS_MEMORY_FULL(Kind.BUSY, "bulks hold all of the node's memory for results (breaker `ingest_image`)"),
    BUSY(Kind.BUSY, "the service answered 429 until the deadline, without a code of its own"),

    NODE_STARTING(Kind.UNAVAILABLE, "the node is not ready yet"),
    NODE_CLOSING(Kind.UNAVAILABLE, "the node is stopping"),
    SERVICE_TIMEOUT(Kind.UNAVAILABLE, "the service did not answer before the deadline"),
    SERVICE_UNAVAILABLE(Kind.UNAVAILABLE, "no service can be reached, or none of them can work now"),
    SERVICE_BAD_ANSWER(Kind.UNAVAILABLE, "what answered is not a processor service"),
    SERVICE_NOT_OURS(Kind.UNAVAILABLE, "the answer, or a refusal, was not signed with this token, or is not about this picture"),

    SERVICE_UNAUTHORIZED(Kind.DEFECT, "the service refuses the token"),
    SERVICE_ERROR(Kind.DEFECT, "the service has a defect, or `ingest.image.hosts` names something else"),
    INTERNAL_ERROR(Kind.DEFECT, "the plugin has a defect, or may not open connections");

    /** Who is at fault. That decides the status of the document. */
    public enum Kind {
        /** The picture: refused, or recorded in the document when the pipeline says so. */
        PICTURE(RestStatus.BAD_REQUEST, false),
        /** What the document or the pipeline asks for: always refused. */
        REQUEST(RestStatus.BAD_REQUEST, false),
        /** Too much at once: the client's own retry helps. */
        BUSY(RestStatus.TOO_MANY_REQUESTS, true),
        /** The service cannot be reached: retrying later helps. */
        UNAVAILABLE(RestStatus.SERVICE_UNAVAILABLE, true),
        /** A defect or a wrong configuration: an administrator has to act. */
        DEFECT(RestStatus.INTERNAL_SERVER_ERROR, false);

        private final RestStatus status;
        private final boolean retryable;

        Kind(RestStatus status, boolean retryable) {
            this.status = status;
            this.retryable = retryable;
        }

        /** Of the document's item in a bulk. */
        public RestStatus status() {
            return status;
        }

        /** Whether the same document, sent again, may be stored. */
        public boolean isRetryable() {
            return retryable;
        }
    }

    private final Kind kind;
    private final String meaning;

    Code(Kind kind, String meaning) {
        this.kind = kind;
        this.meaning = meaning;
    }

    public Kind kind() {
        return kind;
    }

    /** For the documentation, in Markdown. */
    public String meaning() {
        return meaning;
    }

    /** As it stands in answers and documents. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
