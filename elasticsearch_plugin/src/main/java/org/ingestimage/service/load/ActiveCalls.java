package org.ingestimage.service.load;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.elasticsearch.core.TimeValue;
import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.service.hosts.ServiceHosts.Host;

/** The calls that are under way, and whether it seems that no service answers at all. */
public final class ActiveCalls {

    /** A call that has begun. */
    public interface ActiveCall {
        TimeValue timeout();

        long millisPassed();

        /** Ends the call, unless it has ended. */
        void fail(Failure failure);

        /** Ends the attempt that waits for this host, if there is one. The next attempt goes to another host. */
        void takeBack(Host from);
    }

    private final CallLimiter waiting;
    private final Set<ActiveCall> active = ConcurrentHashMap.newKeySet();
    private final AtomicInteger unanswered = new AtomicInteger();
    private volatile long lastAnswerNanos = System.nanoTime();
    private volatile boolean closed;

    /** @param waiting has the calls that are failed when no service answers */
    public ActiveCalls(CallLimiter waiting) {
        this.waiting = waiting;
    }

    public void started(ActiveCall call) {
        active.add(call);
        if (closed) {
            call.fail(CallLimiter.closing());
        }
    }

    public void finished(ActiveCall call) {
        active.remove(call);
    }

    /** The host is silent: its calls go to other hosts. */
    void takeBack(Host host) {
        active.forEach(call -> call.takeBack(host));
    }

    /** Some host gave an answer, whatever it was: the service is there. */
    public void answered() {
        lastAnswerNanos = System.nanoTime();
        unanswered.set(0);
    }

    /**
     * A call used up its time without any answer. If it seems that the service is down, the calls that wait fail, too:
     * a bulk then takes one timeout, not one for every few of its documents. The next bulk tries again.
     *
     * <p>One odd picture is not enough. It takes two, one after the other or at the same time, and a long silence.
     */
    public void unanswered(ActiveCall call) {
        long given = call.timeout().millis();
        boolean silence = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastAnswerNanos) >= given / 2;
        boolean second = unanswered.incrementAndGet() > 1;
        boolean alone = active.stream().noneMatch(other -> other != call && other.millisPassed() >= given / 2);
        if (silence == false || (second == false && alone)) {
            return;
        }
        Failure failure = new Failure(
            Code.SERVICE_UNAVAILABLE,
            "given up while waiting for its turn: no processor service answers the pictures before it (setting [ingest.image.hosts])"
        );
        // Only those that are not more patient than the one that failed.
        waiting.rejectWaiting(job -> job instanceof ActiveCall other && other.timeout().millis() <= given, failure);
    }

    boolean isClosed() {
        return closed;
    }

    /** Fails everything that is under way, and everything that begins later. */
    public void close() {
        closed = true;
        active.forEach(call -> call.fail(CallLimiter.closing()));
    }
}
