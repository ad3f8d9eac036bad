package org.ingestimage.service.wire;

import java.io.IOException;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.atomic.AtomicReference;

import org.elasticsearch.common.breaker.CircuitBreakingException;
import org.ingestimage.memory.ResultMemory;
import org.ingestimage.memory.ResultShare;

/**
 * Reads an answer into memory that was taken from the node's account before. Hangs up when it is longer than allowed,
 * or when there is no room. If the answer says how long it is, that is known before a byte of it is read.
 *
 * <p>The answer comes in a reference, out of which it must be taken: an idle connection of the JDK's client keeps its
 * first exchange, with the answer, until it is closed.
 */
public final class BoundedBody implements BodySubscriber<AtomicReference<byte[]>> {

    /** An answer that is longer than allowed. */
    static final class TooLong extends IOException {
        private static final long serialVersionUID = 1L;

        /** Whether it is the service's result with a length of its own, so that the next attempt would have the same. */
        final boolean isResult;

        TooLong(long limit, boolean isResult, boolean isShownOften) {
            super(
                "the answer is longer than [" + limit + "] bytes: [ingest.image.max_response_bytes], or half of the node's memory for results "
                    + "([breaker." + ResultMemory.NAME + ".limit]), whichever is less"
                    + (isShownOften ? "; [verbose] shows it after each processor, so that only a part of that memory is left for each" : "")
            );
            this.isResult = isResult;
        }
    }

    /** The node has no memory for the answer now. */
    static final class NoRoom extends IOException {
        private static final long serialVersionUID = 1L;

        /** Whether the answer said how long it is. One that does not may never end. */
        final boolean isAnnounced;

        NoRoom(CircuitBreakingException cause, boolean isAnnounced) {
            super(cause.getMessage());
            this.isAnnounced = isAnnounced;
        }
    }

    /** Bytes. Answers of unknown length are accounted in steps of this size. */
    private static final long STEP = 1 << 20;

    private final long limit;
    private final ResultShare share;
    private final boolean isResult;
    /** The length that the answer announces; -1 for none. */
    private final long announced;
    private final CompletableFuture<AtomicReference<byte[]>> body = new CompletableFuture<>();
    private final List<ByteBuffer> parts = new ArrayList<>();
    /** The answer if its length was announced. Otherwise null, and it is joined from the parts at the end. */
    private byte[] bytes;
    private Subscription subscription;
    private long accounted;
    private int length;

    private BoundedBody(ResponseInfo head, long limit, ResultShare share, AnswerProof proof) {
        this.limit = limit;
        this.share = share;
        this.announced = head.headers().firstValueAsLong("Content-Length").orElse(-1);
        this.isResult = head.statusCode() == 200 && announced >= 0 && proof.isAnnounced(head.headers(), announced);
    }

    /** @param proof that tells a result of the service from what something else says */
    public static BodyHandler<AtomicReference<byte[]>> atMost(long limit, ResultShare share, AnswerProof proof) {
        return head -> new BoundedBody(head, limit, share, proof);
    }

    @Override
    public CompletionStage<AtomicReference<byte[]>> getBody() {
        return body;
    }

    @Override
    public void onSubscribe(Subscription newSubscription) {
        subscription = newSubscription;
        if (isAllowed(Math.max(announced, 0))) {
            bytes = announced < 0 ? null : new byte[(int) announced];
            subscription.request(Long.MAX_VALUE);
        }
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        if (body.isDone()) {
            return;
        }
        long size = buffers.stream().mapToLong(ByteBuffer::remaining).sum();
        if (length + size > accounted && isAllowed(length + size) == false) {
            return;
        }
        if (bytes == null) {
            parts.addAll(buffers);
            length += (int) size;
        } else {
            buffers.forEach(this::append);
        }
    }

    private void append(ByteBuffer part) {
        int size = part.remaining();
        part.get(bytes, length, size);
        length += size;
    }

    /** Takes memory for this many bytes of the answer. Hangs up if there is none, or the answer is too long. */
    private boolean isAllowed(long size) {
        IOException problem = size > limit ? new TooLong(limit, isResult, share.isShownOften()) : null;
        if (problem == null) {
            try {
                accounted = announced >= size ? size : Math.min(limit, size + STEP);
                share.arrive(accounted);
            } catch (CircuitBreakingException e) {
                problem = new NoRoom(e, announced >= 0);
            }
        }
        if (problem != null) {
            subscription.cancel();
            drop();
            body.completeExceptionally(problem);
        }
        return problem == null;
    }

    @Override
    public void onError(Throwable error) {
        drop();
        body.completeExceptionally(error);
    }

    private void drop() {
        parts.clear();
        bytes = null;
    }

    @Override
    public void onComplete() {
        if (body.isDone()) {
            return;
        }
        if (bytes == null) {
            share.arrive(length);
            bytes = new byte[length];
            length = 0;
            parts.forEach(this::append);
        }
        byte[] result = bytes;
        drop();
        body.complete(new AtomicReference<>(result));
    }
}
