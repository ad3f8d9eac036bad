package org.ingestimage.service.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;

import org.junit.jupiter.api.Test;

/** A body is published as the JDK's client asks for it: a piece at a time, each from within the piece before. */
class RequestBodyTest {

    /** Takes one piece after the other. */
    private static final class OneByOne implements Subscriber<ByteBuffer> {
        final ByteArrayOutputStream got = new ByteArrayOutputStream();
        private final int most;
        int pieces;
        int deepest;
        private int depth;
        int completed;
        Throwable error;
        private Subscription subscription;

        OneByOne(int most) {
            this.most = most;
        }

        @Override
        public void onSubscribe(Subscription given) {
            subscription = given;
            given.request(1);
        }

        @Override
        public void onNext(ByteBuffer piece) {
            deepest = Math.max(deepest, ++depth);
            byte[] bytes = new byte[piece.remaining()];
            piece.get(bytes);
            got.writeBytes(bytes);
            pieces++;
            if (pieces == most) {
                subscription.cancel();
            }
            subscription.request(1);
            depth--;
        }

        @Override
        public void onError(Throwable problem) {
            error = problem;
        }

        @Override
        public void onComplete() {
            completed++;
        }
    }

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static OneByOne published(RequestBody body, int most) {
        OneByOne subscriber = new OneByOne(most);
        body.subscribe(subscriber);
        return subscriber;
    }

    @Test
    void everyByteIsPublishedInFewPieces() {
        byte[] open = random(100);
        byte[] data = random(634_000);
        byte[] all = ByteBuffer.allocate(open.length + data.length).put(open).put(data).array();
        RequestBody body = RequestBody.of(open, new byte[0], data);
        assertEquals(all.length, body.contentLength());
        // Twice, as for a second attempt.
        for (int i = 0; i < 2; i++) {
            OneByOne got = published(body, Integer.MAX_VALUE);
            assertArrayEquals(all, got.got.toByteArray());
            assertEquals(1, got.completed);
            assertEquals(1, got.deepest);
            assertTrue(got.pieces < 10, () -> "in " + got.pieces + " pieces");
        }
    }

    @Test
    void whoCancelsGetsNothingMore() {
        OneByOne got = published(RequestBody.of(random(1 << 20)), 2);
        assertEquals(2, got.pieces);
        assertEquals(0, got.completed);
    }

    @Test
    void aDroppedBodyIsAnError() {
        RequestBody body = RequestBody.of(random(10));
        body.drop();
        OneByOne got = published(body, Integer.MAX_VALUE);
        assertEquals("the call has ended", got.error.getMessage());
        assertEquals(0, got.pieces + got.completed);
    }
}
