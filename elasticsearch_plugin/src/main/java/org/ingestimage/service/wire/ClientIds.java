package org.ingestimage.service.wire;

import java.net.http.HttpRequest;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.tasks.Task;
import org.ingestimage.common.SafeText;

/**
 * By what the client's request is found again, in the log of the service too. Neither is signed: nothing depends on it.
 *
 * @param opaqueId its `X-Opaque-Id`, made harmless for a header; null when there is none
 * @param traceParent in the form of W3C's Trace Context; null when the request belongs to no trace
 */
public record ClientIds(String opaqueId, String traceParent) {

    private static final int OPAQUE_ID_LENGTH = 128;
    /** What Elasticsearch keeps of the client's `traceparent` until it has a span of its own. */
    private static final String CLIENTS_TRACE_PARENT = "parent_" + Task.TRACE_PARENT_HTTP_HEADER;
    private static final Pattern TRACE_PARENT = Pattern.compile("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

    /** Those of the request that this thread works for. */
    public static ClientIds of(ThreadContext context) {
        String id = context.getHeader(Task.X_OPAQUE_ID_HTTP_HEADER);
        return new ClientIds(id == null || id.isBlank() ? null : SafeText.header(id.strip(), OPAQUE_ID_LENGTH), traceParent(context));
    }

    /** That of the node's own span, else the client's; where only the trace is known, as from 9.x on, with a new id. */
    private static String traceParent(ThreadContext context) {
        String own = context.getHeader(Task.TRACE_PARENT_HTTP_HEADER);
        String clients = context.getTransient(CLIENTS_TRACE_PARENT);
        String id = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE));
        String made = "00-" + context.getHeader(Task.TRACE_ID) + "-" + id + "-01";
        for (String found : new String[] { own, clients, made }) {
            if (found != null && TRACE_PARENT.matcher(found).matches()) {
                return found;
            }
        }
        return null;
    }

    void addTo(HttpRequest.Builder request) {
        if (opaqueId != null) {
            request.header(Task.X_OPAQUE_ID_HTTP_HEADER, opaqueId);
        }
        if (traceParent != null) {
            request.header(Task.TRACE_PARENT_HTTP_HEADER, traceParent);
        }
    }
}
