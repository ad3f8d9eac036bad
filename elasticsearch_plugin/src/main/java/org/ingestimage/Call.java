package org.ingestimage;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.threadpool.Scheduler;
import org.ingestimage.Failure.Kind;
import org.ingestimage.Hosts.Host;

/**
 * One picture or question at the service, until it is answered or its time is over: attempts, one after the other, with growing pauses.
 *
 * <p>Attempts never overlap; what can come at any time is the end of the deadline and the end of the node. Whoever flips `done` calls the
 * listener, so it is called exactly once.
 */
final class Call implements CallLimiter.Job {

    private static final long FIRST_PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 2000;

    private final ServiceClient client;
    private final ServiceRequest request;
    private final ActionListener<Map<String, Object>> listener;
    private final AtomicBoolean done = new AtomicBoolean();
    private final Set<URI> tried = new LinkedHashSet<>();
    private volatile long startNanos;
    private volatile Scheduler.Cancellable deadline;
    private BodyPublisher body;
    private volatile int attempts;
    private volatile Failure last;
    private volatile Host failedHost;
    private volatile CompletableFuture<?> exchange;

    Call(ServiceClient client, ServiceRequest request, ActionListener<Map<String, Object>> listener) {
        this.client = client;
        this.request = request;
        this.listener = listener;
    }

    TimeValue timeout() {
        return request.timeout();
    }

    @Override
    public boolean isUrgent() {
        return request.isUrgent();
    }

    @Override
    public void start() {
        startNanos = System.nanoTime();
        client.started(this);
        try {
            body = request.body();
            deadline = client.timer.apply(timeout().millis(), this::expire);
        } catch (Exception e) {
            fail(defect(e));
            return;
        }
        if (done.get()) {
            // The node closed while the timer was being set.
            deadline.cancel();
        }
        attempt();
    }

    @Override
    public void reject(Failure failure) {
        if (done.compareAndSet(false, true)) {
            listener.onFailure(failure);
        }
    }

    private void attempt() {
        if (done.get()) {
            return;
        }
        Host host = client.hosts.acquire(failedHost);
        synchronized (tried) {
            tried.add(host.uri);
        }
        attempts++;
        CompletableFuture<HttpResponse<byte[]>> sent;
        try {
            HttpRequest http = request.toHttp(host.uri, body, patience(), client.marks.authorization());
            sent = client.http.sendAsync(http, BoundedBody.atMost(client.maxResponseBytes()));
        } catch (Exception e) {
            client.hosts.release(host, null);
            fail(defect(e));
            return;
        }
        exchange = sent;
        sent.whenComplete((response, error) -> {
            try {
                client.executor.execute(() -> answered(host, response, error));
            } catch (RuntimeException e) {
                client.hosts.release(host, null);
                fail(CallLimiter.closing());
            }
        });
        if (done.get()) {
            // The deadline came between the two lines above and saw the exchange before this one.
            sent.cancel(true);
        }
    }

    /** With another host at hand, one that hangs must leave it some time. */
    private Duration patience() {
        long left = Math.max(1, millisLeft());
        return Duration.ofMillis(client.hosts.size() > 1 ? Math.max(1, left / 2) : left);
    }

    private void answered(Host host, HttpResponse<byte[]> response, Throwable error) {
        Answer answer;
        try {
            answer = error == null ? Answer.of(response.statusCode(), response.body()) : NoAnswer.because(error);
        } catch (Throwable e) {
            client.hosts.release(host, null);
            fail(defect(e));
            return;
        }
        // After the deadline the exchange was cancelled: the host did not answer in time.
        client.hosts.release(host, answer.again() == null);
        if (answer.again() == null) {
            client.answered();
        }
        if (answer.fields() != null) {
            if (done.compareAndSet(false, true)) {
                end();
                listener.onResponse(answer.fields());
            }
        } else if (answer.failure() != null) {
            fail(answer.failure());
        } else {
            failedHost = host;
            last = answer.again();
            retry();
        }
    }

    private void retry() {
        long pause = Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(attempts - 1, 10));
        long jittered = ThreadLocalRandom.current().nextLong(pause / 2, pause + 1);
        if (jittered >= millisLeft()) {
            giveUp(last.code());
            return;
        }
        try {
            client.timer.apply(jittered, this::attempt);
        } catch (RuntimeException e) {
            fail(CallLimiter.closing());
        }
    }

    private void expire() {
        boolean waiting = exchange != null && exchange.isDone() == false;
        giveUp(waiting || last == null ? "service_timeout" : last.code());
    }

    private void giveUp(String code) {
        Set<URI> hosts;
        synchronized (tried) {
            hosts = new LinkedHashSet<>(tried);
        }
        String seconds = String.format(Locale.ROOT, "%.1f", (System.nanoTime() - startNanos) / 1e9);
        String reason = "no answer from the processor service in " + seconds + "s (timeout [" + timeout() + "]) and " + attempts
            + (attempts == 1 ? " attempt" : " attempts") + "; hosts tried " + hosts + " (setting [ingest.image.hosts]); "
            + (last == null ? "the last attempt was still waiting" : "last failure: " + last.reason());
        if (done.compareAndSet(false, true)) {
            // Before the place is given to the next one: that may be one of those who need not wait any longer.
            client.unanswered(this);
            end();
            listener.onFailure(new Failure(Kind.UNAVAILABLE, code, reason));
        }
    }

    /** Ends the call, unless it has ended. */
    void fail(Failure failure) {
        if (done.compareAndSet(false, true)) {
            end();
            listener.onFailure(failure);
        }
    }

    private void end() {
        Scheduler.Cancellable timer = deadline;
        if (timer != null) {
            timer.cancel();
        }
        CompletableFuture<?> current = exchange;
        if (current != null) {
            current.cancel(true);
        }
        client.finished(this);
    }

    long millisPassed() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
    }

    private long millisLeft() {
        return timeout().millis() - millisPassed();
    }

    /** A defect of ours or a missing entitlement. The message may quote a header, so only the type is told. */
    private static Failure defect(Throwable e) {
        return new Failure(Kind.DEFECT, "internal_error", "the call could not be made: " + e.getClass().getSimpleName());
    }
}
