package org.ingestimage.service.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.util.List;

import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.junit.jupiter.api.Test;

/** What the service is told of the client's request, by what Elasticsearch keeps of it. */
class ClientIdsTest {

    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String CLIENTS = "00-" + TRACE + "-b7ad6b7169203331-00";
    private static final String OWN = "00-" + TRACE + "-00f067aa0ba902b7-01";

    private final ThreadContext context = new ThreadContext(Settings.EMPTY);

    private HttpHeaders sent() {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1"));
        ClientIds.of(context).addTo(request);
        return request.build().headers();
    }

    @Test
    void aRequestWithoutAnythingSendsNothing() {
        assertTrue(sent().map().isEmpty());
    }

    @Test
    void theNodesOwnSpanIsTheParent() {
        context.putHeader("trace.id", TRACE);
        context.putTransient("parent_traceparent", CLIENTS);
        context.putHeader("traceparent", OWN);
        assertEquals(List.of(OWN), sent().allValues("traceparent"));
    }

    @Test
    void withoutOneTheClientsIs() {
        context.putHeader("trace.id", TRACE);
        context.putTransient("parent_traceparent", CLIENTS);
        assertEquals(List.of(CLIENTS), sent().allValues("traceparent"));
    }

    @Test
    void whereOnlyTheTraceIsKnownItIsTheSameTrace() {
        context.putHeader("trace.id", TRACE);
        String first = ClientIds.of(context).traceParent();
        assertTrue(first.matches("00-" + TRACE + "-[0-9a-f]{16}-01"), first);
        assertNotEquals(first, ClientIds.of(context).traceParent());
    }

    @Test
    void whatIsNoTraceIsNotHandedOn() {
        for (String id : List.of("x".repeat(32), "0".repeat(32), TRACE.toUpperCase(java.util.Locale.ROOT), "a\r\nEvil: 1", "")) {
            try (ThreadContext.StoredContext ignored = context.stashContext()) {
                context.putHeader("trace.id", id);
                context.putTransient("parent_traceparent", "00-" + id + "-b7ad6b7169203331-00");
                assertNull(ClientIds.of(context).traceParent(), id);
            }
        }
    }
}
