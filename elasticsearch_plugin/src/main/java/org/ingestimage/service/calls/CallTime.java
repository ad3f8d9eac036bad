package org.ingestimage.service.calls;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

import org.elasticsearch.core.TimeValue;
import org.elasticsearch.threadpool.Scheduler;
import org.ingestimage.common.Timer;

/** How one call spends its time: on attempts, and on pauses between them. Starts when its first turn has come. */
final class CallTime {

    private static final long FIRST_PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 2000;
    /** A picture that is answered in less than this part of its time is not slow. */
    private static final int QUICK_PART = 8;
    /** An attempt that waits for at least this part of the time has waited long. */
    private static final int LONG_PART = 4;
    /** The part of the time that a slow picture's first attempt gets. */
    private static final int PARTS_APART = 32;
    private static final long LEAST_APART_MILLIS = 1000;
    /** The service hears of a little less time than the node waits, so that its "too late" arrives in time. */
    private static final long LONGEST_GRACE_MILLIS = 500;

    private final TimeValue timeout;
    private volatile long startNanos;
    private volatile boolean started;
    private volatile Scheduler.Cancellable deadline;

    CallTime(TimeValue timeout) {
        this.timeout = timeout;
    }

    /** Starts the clock. */
    void start() {
        startNanos = System.nanoTime();
        started = true;
    }

    /** Sets the deadline; false when the node is stopping. */
    boolean setDeadline(Timer timer, Runnable expire) {
        try {
            deadline = timer.apply(timeout.millis(), expire);
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }

    boolean hasStarted() {
        return started;
    }

    /** Cancels the deadline. */
    void stop() {
        Scheduler.Cancellable current = deadline;
        if (current != null) {
            current.cancel();
        }
    }

    TimeValue timeout() {
        return timeout;
    }

    long nanosPassed() {
        return System.nanoTime() - startNanos;
    }

    long millisPassed() {
        return TimeUnit.NANOSECONDS.toMillis(nanosPassed());
    }

    private long millisLeft() {
        return timeout.millis() - millisPassed();
    }

    /** For an attempt among the others: the time that is left, or half of it. */
    Duration patience(boolean half) {
        long left = Math.max(1, millisLeft());
        return Duration.ofMillis(Math.max(1, half ? left / 2 : left));
    }

    /**
     * For an attempt apart from the others, counted from 1: little at first, then twice as much each time. Some
     * pictures only seem slow because they were behind slow ones.
     */
    Duration patienceApart(int attempt) {
        long left = Math.max(1, millisLeft());
        long part = Math.max(LEAST_APART_MILLIS, timeout.millis() / PARTS_APART);
        return Duration.ofMillis(Math.min(left, part << Math.min(attempt - 1, 10)));
    }

    Duration grace() {
        return Duration.ofMillis(Math.min(LONGEST_GRACE_MILLIS, timeout.millis() / 40));
    }

    /**
     * Milliseconds until the next attempt, with jitter; they grow with each attempt. -1 if there is not enough time.
     */
    long pause(int attempts, boolean overloaded) {
        // By then it is known which pictures are slow.
        long atLeast = overloaded ? 2 * grace().toMillis() : 0;
        long pause = Math.max(atLeast, Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(attempts - 1, 10)));
        long jittered = ThreadLocalRandom.current().nextLong(Math.max(atLeast, pause / 2), pause + 1);
        return jittered >= millisLeft() ? -1 : jittered;
    }

    boolean isQuick(long tookNanos) {
        return TimeUnit.NANOSECONDS.toMillis(tookNanos) < timeout.millis() / QUICK_PART;
    }

    boolean isLong(long tookNanos) {
        return TimeUnit.NANOSECONDS.toMillis(tookNanos) >= timeout.millis() / LONG_PART;
    }
}
