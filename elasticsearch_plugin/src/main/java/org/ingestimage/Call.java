package org.ingestimage;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.threadpool.Scheduler;
import org.ingestimage.Answer.Blame;
import org.ingestimage.Failure.Kind;
import org.ingestimage.Hosts.Host;

/**
 * One picture or question at the service, until it is answered or its time is over: attempts, one after the other, with growing pauses.
 *
 * <p>Attempts never overlap; what can come at any time is the end of the deadline and the end of the node. Whoever flips `done` calls the
 * listener, so it is called exactly once.
 *
 * <p>The first attempt of a picture gets half of the time. Whoever is not done by then, though the host lives, is slow, and is tried
 * again apart from the others ({@link ServiceClient#apart}), so that a few slow pictures do not hold the places of all others. (Known as "task
 * assignment by guessing size", Harchol-Balter 2002.)
 */
final class Call implements CallLimiter.Job {

    private static final long FIRST_PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 2000;
    /** Answered in less than this part of the deadline, a picture is not slow. */
    private static final int QUICK_PART = 8;
    /** What an attempt apart from the others gets at first. */
    private static final int PARTS_APART = 32;
    private static final long LEAST_APART_MILLIS = 1000;
    /** The service is told a little less than the node waits, so that its "too late" arrives in time. */
    private static final long LONGEST_GRACE_MILLIS = 500;

    private final ServiceClient client;
    private final ServiceRequest request;
    private final ResultShare share;
    private final ActionListener<Map<String, Object>> listener;
    private final AtomicBoolean done = new AtomicBoolean();
    private final Set<URI> tried = new LinkedHashSet<>();
    /** What hosts refused that others may not. */
    private final Map<Host, Failure> refused = new LinkedHashMap<>();
    private volatile long startNanos;
    private volatile Scheduler.Cancellable deadline;
    private volatile RequestBody body;
    private volatile int attempts;
    private volatile Failure last;
    private volatile Host failedHost;
    private volatile Host host;
    /** Whether the last attempt met a service with too much to do. */
    private volatile boolean overloaded;
    private volatile int attemptsApart;
    private volatile CompletableFuture<?> exchange;
    /** Where it waits or has its place. Both guarded by this. */
    private CallLimiter lane;
    private boolean placed;
    private volatile boolean letIn;

    Call(ServiceClient client, ServiceRequest request, ResultShare share, ActionListener<Map<String, Object>> listener) {
        this.client = client;
        this.request = request;
        this.share = share;
        this.listener = listener;
    }

    TimeValue timeout() {
        return request.timeout();
    }

    @Override
    public CallLimiter.Memory claim() {
        return share.claim();
    }

    @Override
    public boolean isUrgent() {
        return request.isUrgent();
    }

    /**
     * Goes to the others, or to the slow ones if it was one before. Among those it may wait for its turn as long as for its answer.
     *
     * @param letIn whether it is not refused because of the queue: what it belongs to was let in before
     */
    void submit(boolean letIn) {
        this.letIn = letIn;
        boolean slow = client.slow.has(request);
        if (slow && begin() == false) {
            return;
        }
        queueIn(slow ? client.apart : client.limiter);
    }

    private void queueIn(CallLimiter where) {
        // What waits holds no copy of its picture.
        dropBody();
        synchronized (this) {
            lane = where;
        }
        if (letIn) {
            where.submitNext(this);
        } else {
            where.submit(this);
        }
    }

    private void dropBody() {
        RequestBody current = body;
        if (current != null) {
            current.drop();
        }
    }

    /** Waits for another turn, without the memory that it would need then. */
    private void queueAgainIn(CallLimiter where) {
        share.giveBack();
        queueIn(where);
    }

    /** Starts the clock; false when the call has ended at once. */
    private boolean begin() {
        startNanos = System.nanoTime();
        client.started(this);
        try {
            deadline = client.timer.apply(timeout().millis(), this::expire);
        } catch (RuntimeException e) {
            fail(CallLimiter.closing());
        }
        if (done.get() && deadline != null) {
            // The node closed while the timer was being set.
            deadline.cancel();
        }
        return done.get() == false;
    }

    @Override
    public void start() {
        synchronized (this) {
            placed = true;
        }
        if (done.get() || deadline == null && begin() == false) {
            giveUpPlace();
            return;
        }
        try {
            body = new RequestBody(request.body());
        } catch (Exception e) {
            fail(defect(e));
            return;
        }
        attempt();
    }

    /** Gives the place to the next one, if there is one to give. */
    private boolean giveUpPlace() {
        CallLimiter from;
        synchronized (this) {
            if (placed == false) {
                return false;
            }
            placed = false;
            from = lane;
        }
        from.release();
        return true;
    }

    @Override
    public void reject(Failure failure) {
        fail(failure);
    }

    private void attempt() {
        if (done.get()) {
            return;
        }
        if (isApart() == false && client.slow.has(request)) {
            goApart();
            return;
        }
        Host chosen = client.hosts.acquire(failedHost, refused.keySet());
        host = chosen;
        synchronized (tried) {
            tried.add(chosen.uri);
        }
        attempts++;
        attemptsApart += isApart() ? 1 : 0;
        long sentNanos = System.nanoTime();
        CompletableFuture<HttpResponse<AtomicReference<byte[]>>> sent;
        try {
            HttpRequest http = request.toHttp(chosen.uri, body, patience(), grace(), client.marks.authorization());
            sent = client.http.sendAsync(http, BoundedBody.atMost(client.maxResponseBytes(), share));
        } catch (Exception e) {
            client.hosts.release(chosen, null, 0);
            fail(defect(e));
            return;
        }
        exchange = sent;
        client.watch.sent(chosen, sentNanos);
        sent.whenComplete((response, error) -> {
            try {
                client.executor.execute(() -> answered(chosen, sentNanos, response, error));
            } catch (RuntimeException e) {
                client.hosts.release(chosen, null, 0);
                fail(CallLimiter.closing());
            }
        });
        if (done.get()) {
            // The deadline came between the two lines above and saw the exchange before this one.
            sent.cancel(true);
        }
    }

    private boolean isApart() {
        synchronized (this) {
            return lane == client.apart;
        }
    }

    /**
     * Half of the time that is left, or all of it where there is no other host to go to. Apart from the others little at first, and twice
     * as much each time: among those that seem slow are some that were only behind slow ones.
     */
    private Duration patience() {
        long left = Math.max(1, millisLeft());
        if (isApart()) {
            long part = Math.max(LEAST_APART_MILLIS, timeout().millis() / PARTS_APART);
            return Duration.ofMillis(Math.min(left, part << Math.min(attemptsApart - 1, 10)));
        }
        boolean half = client.hosts.size() > 1 || (attempts == 1 || overloaded) && request.isUrgent() == false;
        return Duration.ofMillis(Math.max(1, half ? left / 2 : left));
    }

    private Duration grace() {
        return Duration.ofMillis(Math.min(LONGEST_GRACE_MILLIS, timeout().millis() / 40));
    }

    private void answered(Host from, long sentNanos, HttpResponse<AtomicReference<byte[]>> response, Throwable error) {
        Answer answer;
        long took = System.nanoTime() - sentNanos;
        try {
            answer = error == null
                ? Answer.of(response.statusCode(), response.body().getAndSet(null)).checked(request, client.marks)
                : NoAnswer.because(error);
        } catch (Throwable e) {
            client.hosts.release(from, null, took);
            fail(defect(e));
            return;
        }
        if (error == null) {
            client.watch.answered(from);
        }
        boolean healthy = answer.again() == null && answer.blame() != Blame.HOST;
        boolean late = answer.again() != null && answer.again().code().equals("service_timeout");
        boolean lives = late && client.watch.hasHeardSince(from, sentNanos);
        // Of a host that answered others meanwhile, or has too much to do, a late answer says nothing.
        boolean blameless = answer.blame() == Blame.LOAD || late && client.hosts.hasAnsweredSince(from, sentNanos);
        // After the deadline the exchange was cancelled: the host did not answer in time.
        client.hosts.release(from, blameless ? null : (Boolean) healthy, lives ? 0 : took);
        learn(answer, sentNanos, took);
        if (healthy || answer.blame() == Blame.LOAD) {
            client.answered();
        }
        if (answer.fields() != null) {
            if (done.compareAndSet(false, true)) {
                end();
                listener.onResponse(answer.fields());
            }
        } else if (answer.isElsewhere()) {
            refused.put(from, answer.failure());
            if (client.hosts.hasOtherThan(refused.keySet())) {
                failedHost = from;
                last = answer.failure();
                attempt();
            } else {
                fail(gravest());
            }
        } else if (answer.failure() != null) {
            fail(answer.failure());
        } else {
            failedHost = from;
            last = answer.again();
            overloaded = answer.blame() == Blame.LOAD;
            boolean overdue = overloaded && last.kind() != Kind.BUSY;
            if (lives || overdue && isApart()) {
                // Among the slow ones nothing was before it in the line: it is the picture that takes so long.
                client.slow.add(request);
            }
            if (lives || overdue) {
                goApart();
            } else {
                retry();
            }
        }
    }

    /** What the answer says about the load, and about the picture. */
    private void learn(Answer answer, long sentNanos, long tookNanos) {
        if (answer.overload()) {
            client.overloaded(sentNanos);
        } else if (answer.again() == null) {
            client.relieved();
            if (answer.failure() != null && answer.failure().code().equals("picture_timeout")) {
                client.slow.add(request);
            } else if (TimeUnit.NANOSECONDS.toMillis(tookNanos) < timeout().millis() / QUICK_PART) {
                client.slow.remove(request);
            }
        }
    }

    /** Of what all hosts refused: a host that understood the request knows more than one that is none of ours. */
    private Failure gravest() {
        return refused.values().stream().filter(failure -> failure.kind() != Kind.DEFECT).findFirst().orElse(last(refused));
    }

    private static Failure last(Map<Host, Failure> failures) {
        Failure found = null;
        for (Failure failure : failures.values()) {
            found = failure;
        }
        return found;
    }

    /** Leaves its place to others, and waits among the slow ones. */
    private void goApart() {
        if (giveUpPlace()) {
            queueAgainIn(client.apart);
        }
    }

    private void retry() {
        // Those that are slow at this moment are known as such by then.
        long atLeast = overloaded ? 2 * grace().toMillis() : 0;
        long pause = Math.max(atLeast, Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(attempts - 1, 10)));
        long jittered = ThreadLocalRandom.current().nextLong(Math.max(atLeast, pause / 2), pause + 1);
        if (jittered >= millisLeft()) {
            giveUp(last.code());
            return;
        }
        try {
            client.timer.apply(jittered, overloaded && isApart() == false ? this::goBehind : this::attempt);
        } catch (RuntimeException e) {
            fail(CallLimiter.closing());
        }
    }

    /** Leaves its place to the next one, and waits behind all others: what held it up may be before it. */
    private void goBehind() {
        if (giveUpPlace()) {
            queueAgainIn(client.slow.has(request) ? client.apart : client.limiter);
        }
    }

    /** Ends the attempt that waits for this host, if there is one: the next one goes to another. */
    void takeBack(Host from) {
        CompletableFuture<?> current = exchange;
        if (from == host && current != null) {
            current.cancel(true);
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
        StringBuilder others = new StringBuilder();
        refused.forEach((from, failure) -> others.append("; [" + from + "] refused it: " + failure.reason()));
        String reason = "no answer from the processor service in " + seconds + "s (timeout [" + timeout() + "]) and " + attempts
            + (attempts == 1 ? " attempt" : " attempts") + "; hosts tried " + hosts + " (setting [ingest.image.hosts]); "
            + (last != null
                ? "last failure: " + last.reason()
                : attempts == 0 ? "pictures like it were slow, and it waited for those before it" : "the last attempt was still waiting")
            + others;
        Kind kind = last != null && last.kind() == Kind.BUSY && code.equals(last.code()) ? Kind.BUSY : Kind.UNAVAILABLE;
        if (done.compareAndSet(false, true)) {
            // Before the place is given to the next one: that may be one of those who need not wait any longer.
            if (attempts > 0) {
                client.unanswered(this);
            }
            end();
            listener.onFailure(new Failure(kind, code, reason));
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
        dropBody();
        client.finished(this);
        giveUpPlace();
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
