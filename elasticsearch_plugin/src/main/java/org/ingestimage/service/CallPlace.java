package org.ingestimage.service;

import org.ingestimage.memory.ResultShare;

/** Where a call waits, or has its place among those under way. */
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

    /** Waits for its turn. With `unrefused` it is never refused because of the queue, neither now nor later. */
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

    /** Leaves its place to the next one, and waits for another turn, without the memory that it would need then. Without a place it stays. */
    void moveTo(CallLimiter where) {
        if (giveUp()) {
            share.giveBack();
            queueIn(where);
        }
    }

    private void queueIn(CallLimiter where) {
        // What waits holds no copy of its picture.
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

    /** Gives the place to the next one; false when there is none to give. */
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
