package org.ingestimage.service;

/** Where a call waits, or has its place among those under way. */
final class CallPlace {

    private CallLimiter lane;
    private boolean placed;

    synchronized void waitIn(CallLimiter where) {
        lane = where;
    }

    /** Its turn has come. */
    synchronized void take() {
        placed = true;
    }

    synchronized boolean isIn(CallLimiter where) {
        return lane == where;
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
