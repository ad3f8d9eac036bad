package org.ingestimage.service.calls;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.memory.ResultShare;
import org.ingestimage.service.hosts.ServiceHosts.Host;
import org.ingestimage.service.load.CallLimiter;
import org.ingestimage.service.wire.Answer;
import org.ingestimage.service.wire.AnswerProof;
import org.ingestimage.service.wire.BoundedBody;
import org.ingestimage.service.wire.NoAnswer;
import org.ingestimage.service.wire.RequestBody;
import org.ingestimage.service.wire.RequestSignature;
import org.ingestimage.service.wire.ServiceRequest;

/**
 * The network side of one call: the body of its request, which serves all attempts of a turn, and the current exchange.
 */
final class CallExchange {

    /** Gets the outcome of an attempt: one of the two, once. */
    interface Listener {
        /** Called on a thread that may work. */
        void answered(Host from, Answer answer, AttemptOutcome outcome);

        /** There can be no answer, from no host. */
        void fail(Failure failure);
    }

    private final CallEnvironment calls;
    private final ServiceRequest request;
    private final ResultShare share;
    private final CallTime time;
    private final Listener listener;
    private volatile RequestBody body;
    private volatile Host host;
    private volatile CompletableFuture<?> exchange;

    CallExchange(CallEnvironment calls, ServiceRequest request, ResultShare share, CallTime time, Listener listener) {
        this.calls = calls;
        this.request = request;
        this.share = share;
        this.time = time;
        this.listener = listener;
    }

    /** Makes the body, which is as large as the picture. False if that failed; then the listener was called. */
    boolean prepare() {
        try {
            body = request.body();
            return true;
        } catch (Exception e) {
            listener.fail(defect(e));
            return false;
        }
    }

    /** Lets go of the body. */
    void drop() {
        RequestBody current = body;
        if (current != null) {
            current.drop();
        }
    }

    /**
     * Sends the request to a host that was acquired. The outcome goes to the host's watch, too, and releases the host.
     */
    void attempt(Host to, Duration patience) {
        long sentNanos = System.nanoTime();
        RequestSignature signature;
        CompletableFuture<HttpResponse<AtomicReference<byte[]>>> sent;
        try {
            signature = RequestSignature.post(calls.marks().transportKey(), to.address().uri(), request.path(), body.sha256());
            sent = send(to, patience, signature);
        } catch (Exception e) {
            calls.hosts().release(to, null, 0);
            listener.fail(defect(e));
            return;
        }
        calls.watch().sent(to, sentNanos);
        AtomicBoolean late = new AtomicBoolean();
        Runnable stop = endBodyAfter(patience, sent, late);
        sent.whenComplete((response, error) -> {
            stop.run();
            try {
                // Reading an answer and checking its signature is work, which a thread of the HTTP client must not do.
                Throwable why = error != null && late.get() ? new HttpTimeoutException("the answer did not end") : error;
                calls.executor().execute(() -> answered(to, sentNanos, signature.proof(), response, why));
            } catch (RuntimeException e) {
                calls.hosts().release(to, null, 0);
                listener.fail(CallLimiter.closing());
            }
        });
    }

    /** The JDK's own timeout ends with the head of the answer: a host could be silent in the middle of the body. Returns what calls it off. */
    private Runnable endBodyAfter(Duration patience, CompletableFuture<?> sent, AtomicBoolean late) {
        try {
            var end = calls.timer().apply(patience.toMillis(), () -> {
                late.set(true);
                sent.cancel(true);
            });
            return end::cancel;
        } catch (RuntimeException e) {
            // The node is closing, which ends the call.
            return () -> {};
        }
    }

    private CompletableFuture<HttpResponse<AtomicReference<byte[]>>> send(Host to, Duration patience, RequestSignature signature) {
        HttpRequest http = request.toHttp(to.address(), body, patience, time.grace(), signature.authorization());
        long longest = Math.min(calls.maxResponseBytes().getAsLong(), share.longestAnswer());
        var sent = calls.http().send(to.address(), http, BoundedBody.atMost(longest, share, signature.proof()));
        host = to;
        exchange = sent;
        return sent;
    }

    private void answered(Host from, long sentNanos, AnswerProof proof, HttpResponse<AtomicReference<byte[]>> response, Throwable error) {
        Answer answer;
        long took = System.nanoTime() - sentNanos;
        try {
            answer = error == null ? Answer.of(response, proof, request, calls.marks()) : NoAnswer.because(error);
        } catch (Throwable e) {
            calls.hosts().release(from, null, took);
            listener.fail(defect(e));
            return;
        }
        if (answer.fields() != null) {
            // Whatever else is said, the web process may say alone, while its workers stand still.
            calls.watch().worked(from);
            share.isTrue();
        }
        AttemptOutcome outcome = AttemptOutcome.learn(calls, request, time, from, sentNanos, took, answer);
        listener.answered(from, answer, outcome);
    }

    /** A defect of ours, or a missing entitlement. The message may quote a header, so only the type is shown. */
    private static Failure defect(Throwable e) {
        return new Failure(Code.INTERNAL_ERROR, "the call could not be made: " + e.getClass().getSimpleName());
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
