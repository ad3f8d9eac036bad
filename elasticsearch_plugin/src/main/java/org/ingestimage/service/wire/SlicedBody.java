package org.ingestimage.service.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Publishes a request's body in slices of its arrays. The JDK's own publishers copy the body into pieces of 16 kB, and
 * each piece goes through all stages of the client and to the socket by itself: 40 times for a picture of half a
 * megabyte.
 */
final class SlicedBody implements Subscription {

    /** Bytes. The client keeps one buffer of this size outside of the heap for each of its threads that write. */
    private static final int SLICE = 256 * 1024;

    private final Subscriber<? super ByteBuffer> subscriber;
    private final Queue<ByteBuffer> slices = new ArrayDeque<>();
    private final AtomicLong wanted = new AtomicLong();
    /** How often something was asked for and not looked at yet. Whoever finds none before gives. */
    private final AtomicInteger asked = new AtomicInteger();
    private volatile boolean ended;

    /** @param parts of the body, null when it was dropped */
    SlicedBody(List<byte[]> parts, Subscriber<? super ByteBuffer> subscriber) {
        this.subscriber = subscriber;
        this.ended = parts == null;
        for (byte[] part : parts == null ? List.<byte[]>of() : parts) {
            for (int at = 0; at < part.length; at += SLICE) {
                slices.add(ByteBuffer.wrap(part, at, Math.min(SLICE, part.length - at)).asReadOnlyBuffer());
            }
        }
    }

    void start() {
        boolean dropped = ended;
        subscriber.onSubscribe(this);
        if (dropped) {
            subscriber.onError(new IOException("the call has ended"));
        }
    }

    @Override
    public void request(long count) {
        wanted.accumulateAndGet(count, (before, more) -> before + more < 0 ? Long.MAX_VALUE : before + more);
        publish();
    }

    /** The client does not want the rest. */
    @Override
    public void cancel() {
        ended = true;
        publish();
    }

    /** A subscriber asks for more while it is given something. That only counts here: the stack must not grow with each slice. */
    private void publish() {
        if (asked.getAndIncrement() > 0) {
            return;
        }
        int seen = 1;
        while (seen > 0) {
            give();
            seen = asked.addAndGet(-seen);
        }
    }

    private void give() {
        while (ended == false && wanted.get() > 0 && slices.isEmpty() == false) {
            wanted.decrementAndGet();
            subscriber.onNext(slices.remove());
        }
        if (ended) {
            // An idle connection of the client may keep this object for a long time.
            slices.clear();
        } else if (slices.isEmpty()) {
            ended = true;
            subscriber.onComplete();
        }
    }
}
