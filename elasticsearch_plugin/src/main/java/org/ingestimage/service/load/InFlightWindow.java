package org.ingestimage.service.load;

/**
 * How many pictures may be at the services at the same time, learned from the answers: additive increase,
 * multiplicative decrease (AIMD: Chiu and Jain 1989, as in TCP's congestion avoidance). One more for each round of
 * answers, half as many when the services say that they are overloaded (429, 503). It starts at
 * `ingest.image.max_in_flight`, which is the most.
 */
public final class InFlightWindow {

    private final CallLimiter limiter;
    private int most;
    private double size;
    private long lastDecrease;
    private boolean decreased;

    /** @param limiter that gets the number */
    public InFlightWindow(CallLimiter limiter, int most) {
        this.limiter = limiter;
        this.most = most;
        this.size = most;
    }

    /** A new `max_in_flight`: tried at once, as there may be other services now. */
    public synchronized void setMost(int value) {
        most = value;
        resize(value);
    }

    /** A picture was answered. */
    public synchronized void answered() {
        resize(Math.min(most, size + 1 / size));
    }

    /**
     * A call that was sent at this time met an overload. Calls sent before the last decrease belong to that overload.
     */
    public synchronized void overloaded(long sentNanos, long nowNanos) {
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
