package org.ingestimage.service;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

import org.ingestimage.memory.ResultShare;
import org.ingestimage.service.ServiceHosts.Host;

/** What one call has on the wire: the body of its request, which serves all attempts of a turn, and the exchange of the present attempt. */
final class CallExchange {

    private final ServiceClient client;
    private final ServiceRequest request;
    private final ResultShare share;
    private volatile RequestBody body;
    private volatile Host host;
    private volatile CompletableFuture<?> exchange;

    CallExchange(ServiceClient client, ServiceRequest request, ResultShare share) {
        this.client = client;
        this.request = request;
        this.share = share;
    }

    /** Makes the body, which is as large as the picture. */
    void prepare() throws Exception {
        body = request.body();
    }

    /** Lets go of the body. */
    void drop() {
        RequestBody current = body;
        if (current != null) {
            current.drop();
        }
    }

    CompletableFuture<HttpResponse<AtomicReference<byte[]>>> send(Host to, Duration patience, Duration grace) {
        RequestBody current = body;
        String authorization = RequestSignature.post(client.marks.transportKey(), to.uri, request.path(), current.sha256());
        HttpRequest http = request.toHttp(to.uri, current, patience, grace, authorization);
        CompletableFuture<HttpResponse<AtomicReference<byte[]>>> sent = client.http.sendAsync(
            http,
            BoundedBody.atMost(client.maxResponseBytes(), share)
        );
        host = to;
        exchange = sent;
        return sent;
    }

    boolean isWaiting() {
        CompletableFuture<?> current = exchange;
        return current != null && current.isDone() == false;
    }

    boolean isWith(Host which) {
        return host == which;
    }

    void cancel() {
        CompletableFuture<?> current = exchange;
        if (current != null) {
            current.cancel(true);
        }
    }
}
