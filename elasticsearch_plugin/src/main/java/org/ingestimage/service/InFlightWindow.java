package org.ingestimage.service;

/**
 * How many pictures may be at the services at the same time, found out by what comes of them: additive increase, multiplicative decrease
 * (AIMD: Chiu and Jain 1989, as in TCP's congestion avoidance). One more for each round of answers, half as many when the services are
 * overloaded and say so (429, 503). Never more than `ingest.image.max_in_flight`, where it starts.
 */
final class InFlightWindow {

    private final CallLimiter limiter;
    private int most;
    private double size;
    private long lastDecrease;
    private boolean decreased;

    /** @param limiter that is told how many */
    InFlightWindow(CallLimiter limiter, int most) {
        this.limiter = limiter;
        this.most = most;
        this.size = most;
    }

    /** A new `max_in_flight`, which may well fit other services: tried at once. */
    synchronized void setMost(int value) {
        most = value;
        resize(value);
    }

    /** A picture was answered. */
    synchronized void answered() {
        resize(Math.min(most, size + 1 / size));
    }

    /** A call that was sent at this time met an overload. Those that were sent before the last decrease knew nothing of it: one overload. */
    synchronized void overloaded(long sentNanos, long nowNanos) {
        if (decreased && sentNanos - lastDecrease < 0) {
            return;
        }
        decreased = true;
        lastDecrease = nowNanos;
        resize(Math.max(1, size / 2));
    }

    private void resize(double value) {
        size = value;
        limiter.setMaxInFlight((int) value);
    }
}
