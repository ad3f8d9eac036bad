package org.ingestimage.service.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.elasticsearch.common.util.concurrent.EsRejectedExecutionException;
import org.elasticsearch.rest.RestStatus;
import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.junit.jupiter.api.Test;

class CallLimiterTest {

    private final List<String> started = new ArrayList<>();
    private final List<String> rejected = new ArrayList<>();
    private Failure lastFailure;

    private CallLimiter.Job job(String name) {
        return new CallLimiter.Job() {
            @Override
            public void start() {
                started.add(name);
            }

            @Override
            public void reject(Failure failure) {
                rejected.add(name);
                lastFailure = failure;
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }

    @Test
    void soManyAtOnceTheOthersInOrder() {
        CallLimiter limiter = new CallLimiter(Runnable::run, 2, 3);
        for (String name : List.of("a", "b", "c", "d", "e", "f")) {
            limiter.submit(job(name));
        }
        assertEquals(List.of("a", "b"), started);
        assertEquals(List.of("f"), rejected);
        assertEquals(Kind.BUSY, lastFailure.kind());
        assertTrue(lastFailure.getMessage().contains("[ingest.image.queue_size] = [3]"), lastFailure.getMessage());
        assertEquals(RestStatus.TOO_MANY_REQUESTS, lastFailure.toException("image").status());
        limiter.release();
        limiter.release();
        limiter.release();
        assertEquals(List.of("a", "b", "c", "d", "e"), started);
    }

    @Test
    void aQueueOfZeroStillRuns() {
        CallLimiter limiter = new CallLimiter(Runnable::run, 1, 0);
        limiter.submit(job("a"));
        limiter.submit(job("b"));
        assertEquals(List.of("a"), started);
        assertEquals(List.of("b"), rejected);
    }

    @Test
    void limitsChangeWhileItRuns() {
        CallLimiter limiter = new CallLimiter(Runnable::run, 1, 1);
        limiter.submit(job("a"));
        limiter.setQueueSize(3);
        limiter.submit(job("b"));
        limiter.submit(job("c"));
        limiter.setMaxInFlight(2);
        limiter.release();
        assertEquals(List.of("a", "b", "c"), started);
        limiter.setMaxInFlight(1);
        limiter.submit(job("d"));
        limiter.release();
        assertEquals(List.of("a", "b", "c"), started);
        limiter.release();
        assertEquals(List.of("a", "b", "c", "d"), started);
    }

    @Test
    void thoseThatWaitCanBeRejected() {
        CallLimiter limiter = new CallLimiter(Runnable::run, 1, 10);
        List.of("a", "b", "c").forEach(name -> limiter.submit(job(name)));
        limiter.rejectWaiting(job -> job.toString().equals("b"), Failure.of(Kind.UNAVAILABLE, "down", "down"));
        assertEquals(List.of("b"), rejected);
        limiter.release();
        assertEquals(List.of("a", "c"), started);
    }

    @Test
    void closingRejectsAll() {
        CallLimiter limiter = new CallLimiter(Runnable::run, 1, 10);
        List.of("a", "b").forEach(name -> limiter.submit(job(name)));
        limiter.close();
        limiter.submit(job("c"));
        assertEquals(List.of("a"), started);
        assertEquals(List.of("b", "c"), rejected);
        assertEquals(Kind.UNAVAILABLE, lastFailure.kind());
    }

    @Test
    void anExecutorThatRefusesLosesNothing() {
        CallLimiter limiter = new CallLimiter(runnable -> { throw new EsRejectedExecutionException("closed", true); }, 1, 10);
        List.of("a", "b", "c").forEach(name -> limiter.submit(job(name)));
        assertEquals(List.of("a", "b", "c"), rejected);
    }

    @Test
    void jobsThatEndAtOnceDoNotPileUpOnTheStack() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try {
            CallLimiter limiter = new CallLimiter(executor, 1, 200_000);
            AtomicInteger done = new AtomicInteger();
            for (int i = 0; i < 100_000; i++) {
                limiter.submit(new CallLimiter.Job() {
                    @Override
                    public void start() {
                        done.incrementAndGet();
                        limiter.release();
                    }

                    @Override
                    public void reject(Failure failure) {
                        throw new AssertionError(failure);
                    }
                });
            }
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (done.get() < 100_000 && System.nanoTime() < end) {
                Thread.sleep(5);
            }
            assertEquals(100_000, done.get());
        } finally {
            executor.shutdownNow();
        }
    }
}
