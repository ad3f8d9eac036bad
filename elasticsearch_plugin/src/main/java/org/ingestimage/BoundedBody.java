package org.ingestimage;

import java.io.IOException;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;

/** Reads an answer into memory, and hangs up when it is longer than allowed. */
final class BoundedBody implements BodySubscriber<byte[]> {

    /** An answer that is longer than `ingest.image.max_response_bytes`. */
    static final class TooLong extends IOException {
        private static final long serialVersionUID = 1L;

        TooLong(long limit) {
            super("the answer is longer than [ingest.image.max_response_bytes] = [" + limit + "] bytes");
        }
    }

    private final long limit;
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();
    private final List<ByteBuffer> parts = new ArrayList<>();
    private Subscription subscription;
    private long length;

    private BoundedBody(long limit) {
        this.limit = limit;
    }

    static BodyHandler<byte[]> atMost(long limit) {
        return head -> new BoundedBody(limit);
    }

    @Override
    public CompletionStage<byte[]> getBody() {
        return body;
    }

    @Override
    public void onSubscribe(Subscription newSubscription) {
        subscription = newSubscription;
        subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            length += buffer.remaining();
        }
        if (length > limit) {
            subscription.cancel();
            parts.clear();
            body.completeExceptionally(new TooLong(limit));
        } else {
            parts.addAll(buffers);
        }
    }

    @Override
    public void onError(Throwable error) {
        parts.clear();
        body.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
        if (body.isDone()) {
            return;
        }
        byte[] bytes = new byte[Math.toIntExact(length)];
        int at = 0;
        for (ByteBuffer part : parts) {
            int size = part.remaining();
            part.get(bytes, at, size);
            at += size;
        }
        parts.clear();
        body.complete(bytes);
    }
}
