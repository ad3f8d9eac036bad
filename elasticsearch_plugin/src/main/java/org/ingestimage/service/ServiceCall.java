package org.ingestimage.service;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.threadpool.Scheduler;
import org.ingestimage.common.Failure;
import org.ingestimage.common.Failure.Kind;
import org.ingestimage.memory.Claim;
import org.ingestimage.memory.ResultShare;
import org.ingestimage.service.Answer.Blame;
import org.ingestimage.service.ServiceHosts.Host;

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
final class ServiceCall implements CallLimiter.Job {

    private final ServiceClient client;
    private final ServiceRequest request;
    private final ResultShare share;
    private final ActionListener<Map<String, Object>> listener;
    private final AtomicBoolean done = new AtomicBoolean();
    private final CallTime time;
    private final CallHistory history = new CallHistory();
    private final CallPlace place = new CallPlace();
    private final CallExchange exchange;
    private volatile Scheduler.Cancellable deadline;
    private volatile int attemptsApart;
    private volatile boolean letIn;

    ServiceCall(ServiceClient client, ServiceRequest request, ResultShare share, ActionListener<Map<String, Object>> listener) {
        this.client = client;
        this.request = request;
        this.share = share;
        this.listener = listener;
        this.time = new CallTime(request.timeout());
        this.exchange = new CallExchange(client, request, share);
    }

    TimeValue timeout() {
        return time.timeout();
    }

    long millisPassed() {
        return time.millisPassed();
    }

    @Override
    public Claim claim() {
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
        exchange.drop();
        place.waitIn(where);
        if (letIn) {
            where.submitNext(this);
        } else {
            where.submit(this);
        }
    }

    /** Waits for another turn, without the memory that it would need then. */
    private void queueAgainIn(CallLimiter where) {
        share.giveBack();
        queueIn(where);
    }

    /** Starts the clock; false when the call has ended at once. */
    private boolean begin() {
        time.start();
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
        place.take();
        if (done.get() || deadline == null && begin() == false) {
            place.giveUp();
            return;
        }
        try {
            exchange.prepare();
        } catch (Exception e) {
            fail(defect(e));
            return;
        }
        attempt();
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
        Host chosen = client.hosts.acquire(history.failedHost(), history.refusedHosts());
        history.attempt(chosen);
        attemptsApart += isApart() ? 1 : 0;
        long sentNanos = System.nanoTime();
        CompletableFuture<HttpResponse<AtomicReference<byte[]>>> sent;
        try {
            sent = exchange.send(chosen, patience(), time.grace());
        } catch (Exception e) {
            client.hosts.release(chosen, null, 0);
            fail(defect(e));
            return;
        }
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
        return place.isIn(client.apart);
    }

    /** Half of the time that is left, or all of it where there is no other host to go to. */
    private Duration patience() {
        if (isApart()) {
            return time.patienceApart(attemptsApart);
        }
        return time.patience(client.hosts.size() > 1 || (history.attempts() == 1 || history.overloaded()) && request.isUrgent() == false);
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
        AttemptOutcome outcome = AttemptOutcome.learn(client, request, time, from, sentNanos, took, answer);
        if (answer.fields() != null) {
            if (done.compareAndSet(false, true)) {
                end();
                listener.onResponse(answer.fields());
            }
        } else if (answer.isElsewhere()) {
            elsewhere(from, answer.failure());
        } else if (answer.failure() != null) {
            fail(answer.failure());
        } else {
            again(from, answer, outcome);
        }
    }

    private void elsewhere(Host from, Failure failure) {
        history.refused(from, failure);
        if (client.hosts.hasOtherThan(history.refusedHosts())) {
            history.elsewhere(from, failure);
            attempt();
        } else {
            fail(history.gravest());
        }
    }

    private void again(Host from, Answer answer, AttemptOutcome outcome) {
        boolean overloaded = answer.blame() == Blame.LOAD;
        history.again(from, answer.again(), overloaded);
        boolean overdue = overloaded && answer.again().kind() != Kind.BUSY;
        if (outcome.isLate() || overdue && isApart()) {
            // Among the slow ones nothing was before it in the line: it is the picture that takes so long.
            client.slow.add(request);
        }
        if (outcome.isLate() || overdue) {
            goApart();
        } else {
            retry();
        }
    }

    /** Leaves its place to others, and waits among the slow ones. */
    private void goApart() {
        if (place.giveUp()) {
            queueAgainIn(client.apart);
        }
    }

    private void retry() {
        long pause = time.pause(history.attempts(), history.overloaded());
        if (pause < 0) {
            giveUp(history.last().code());
            return;
        }
        try {
            client.timer.apply(pause, history.overloaded() && isApart() == false ? this::goBehind : this::attempt);
        } catch (RuntimeException e) {
            fail(CallLimiter.closing());
        }
    }

    /** Leaves its place to the next one, and waits behind all others: what held it up may be before it. */
    private void goBehind() {
        if (place.giveUp()) {
            queueAgainIn(client.slow.has(request) ? client.apart : client.limiter);
        }
    }

    /** Ends the attempt that waits for this host, if there is one: the next one goes to another. */
    void takeBack(Host from) {
        if (exchange.isWith(from)) {
            exchange.cancel();
        }
    }

    private void expire() {
        giveUp(exchange.isWaiting() || history.last() == null ? "service_timeout" : history.last().code());
    }

    private void giveUp(String code) {
        Failure failure = history.givenUp(code, time);
        if (done.compareAndSet(false, true)) {
            // Before the place is given to the next one: that may be one of those who need not wait any longer.
            if (history.attempts() > 0) {
                client.unanswered(this);
            }
            end();
            listener.onFailure(failure);
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
        exchange.cancel();
        exchange.drop();
        client.finished(this);
        place.giveUp();
    }

    /** A defect of ours or a missing entitlement. The message may quote a header, so only the type is told. */
    private static Failure defect(Throwable e) {
        return new Failure(Kind.DEFECT, "internal_error", "the call could not be made: " + e.getClass().getSimpleName());
    }
}
