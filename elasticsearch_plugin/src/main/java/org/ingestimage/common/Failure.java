package org.ingestimage.common;

import java.util.Map;

import org.ingestimage.common.Code.Kind;

/**
 * Why a picture was not processed: a stable code, a sentence, and who has to act.
 *
 * <p>It becomes one of Elasticsearch's exceptions only when it leaves the processor, so that the field is in the
 * innermost message: `_ingest.on_failure_message` shows the deepest cause and nothing else.
 */
public final class Failure extends Exception {

    private static final long serialVersionUID = 1L;

    private final Kind kind;
    private final String code;
    private final String reason;
    /** What to merge when the failure is recorded; mostly nulls that remove what an earlier picture left. */
    private final transient Map<String, Object> fields;
    /** The id of the request's line in the service's log; null when no service refused it. */
    private final String requestId;

    public Failure(Code code, String reason) {
        this(code, reason, Map.of());
    }

    /** @param fields to merge when the failure is recorded */
    public Failure(Code code, String reason, Map<String, Object> fields) {
        this(code.kind(), code.toString(), reason, fields, null);
    }

    private Failure(Kind kind, String code, String reason, Map<String, Object> fields, String requestId) {
        super("[" + code + "] " + reason, null, false, false);
        this.kind = kind;
        this.code = code;
        this.reason = reason;
        this.fields = fields;
        this.requestId = requestId;
    }

    /** With a code of the service, or with one of ours that is of another kind here. */
    public static Failure of(Kind kind, String code, String reason) {
        return of(kind, code, reason, Map.of());
    }

    /** The same with fields to merge when it is recorded. */
    public static Failure of(Kind kind, String code, String reason, Map<String, Object> fields) {
        return new Failure(kind, code, reason, fields, null);
    }

    /** The same with the id of the request's line in the service's log; null for none. */
    public Failure withRequestId(String id) {
        return new Failure(kind, code, reason, fields, id);
    }

    /** The same, but it refuses the document even if the pipeline records pictures that are at fault. */
    public Failure refusingTheDocument(String why) {
        return new Failure(Kind.REQUEST, code, why, Map.of(), requestId);
    }

    public boolean is(Code other) {
        return code.equals(other.toString());
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

    /** The id of the request's line in the service's log; null when no service refused it. */
    public String requestId() {
        return requestId;
    }

    /** The exception that clients see, for a document or a question. It has no cause: the deepest message is shown. */
    public ImageException toException(String path) {
        String where = "; field [" + path + "]" + (requestId == null ? "" : "; request_id [" + requestId + "]");
        return new ImageException(code, getMessage() + where, kind.status());
    }

    /** The same where it is not about a field. */
    public ImageException toException() {
        return new ImageException(code, getMessage(), kind.status());
    }
}
