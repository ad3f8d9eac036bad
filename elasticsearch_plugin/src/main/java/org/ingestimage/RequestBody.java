package org.ingestimage;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.nio.ByteBuffer;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;

/**
 * A request's body that can be dropped. An idle connection of the JDK's client keeps the first exchange that it had, for 20 minutes with
 * Java 17: with it, it would keep a picture.
 */
final class RequestBody implements BodyPublisher {

    private final long length;
    private volatile BodyPublisher body;

    RequestBody(BodyPublisher body) {
        this.length = body.contentLength();
        this.body = body;
    }

    @Override
    public long contentLength() {
        return length;
    }

    @Override
    public void subscribe(Subscriber<? super ByteBuffer> subscriber) {
        BodyPublisher current = body;
        if (current != null) {
            current.subscribe(subscriber);
            return;
        }
        subscriber.onSubscribe(new Subscription() {
            @Override
            public void request(long count) {}

            @Override
            public void cancel() {}
        });
        subscriber.onError(new IOException("the call has ended"));
    }

    /** The call has ended: nothing of the body is needed any more. */
    void drop() {
        body = null;
    }
}
