package org.ingestimage.service.calls;

import org.ingestimage.memory.ResultShare;
import org.ingestimage.service.load.CallLimiter;

/** The place of a call: in a queue, or among the calls under way. */
final class CallPlace {

    private final CallLimiter.Job call;
    private final CallExchange exchange;
    private final ResultShare share;
    private CallLimiter lane;
    private boolean placed;
    private boolean letIn;

    CallPlace(CallLimiter.Job call, CallExchange exchange, ResultShare share) {
        this.call = call;
        this.exchange = exchange;
        this.share = share;
    }

    /** Waits for its turn. With `unrefused` it is never refused for a full queue, neither now nor later. */
    void waitIn(CallLimiter where, boolean unrefused) {
        synchronized (this) {
            letIn = unrefused;
        }
        queueIn(where);
    }

    /** Its turn has come. */
    synchronized void take() {
        placed = true;
    }

    synchronized boolean isIn(CallLimiter where) {
        return lane == where;
    }

    /**
     * Gives its place to the next call, and waits for another turn without holding memory. Does nothing without a
     * place.
     */
    void moveTo(CallLimiter where) {
        if (giveUp()) {
            share.giveBack();
            queueIn(where);
        }
    }

    private void queueIn(CallLimiter where) {
        // A call that waits holds no copy of its picture.
        exchange.drop();
        boolean unrefused;
        synchronized (this) {
            lane = where;
            unrefused = letIn;
        }
        if (unrefused) {
            where.submitNext(call);
        } else {
            where.submit(call);
        }
    }

    /** Gives the place to the next call. False if it has none. */
    boolean giveUp() {
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
}
