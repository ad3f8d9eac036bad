package org.ingestimage.service.calls;

import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

import org.elasticsearch.action.ActionListener;
import org.ingestimage.common.Failure;

/** The end of a call, which comes once: an answer, a deadline and a node that stops may race for it. */
final class CallEnd {

    private final AtomicBoolean over = new AtomicBoolean();
    private final Runnable release;
    private final ActionListener<Map<String, Object>> listener;

    /**
     * @param release gives back all that the call holds; done before the listener hears of the end
     * @param listener called exactly once
     */
    CallEnd(Runnable release, ActionListener<Map<String, Object>> listener) {
        this.release = release;
        this.listener = listener;
    }

    boolean isOver() {
        return over.get();
    }

    void succeed(Map<String, Object> fields) {
        if (over.compareAndSet(false, true)) {
            release.run();
            listener.onResponse(fields);
        }
    }

    void fail(Failure failure) {
        fail(failure, () -> {});
    }

    /** @param first done before the call's place goes to the next one */
    void fail(Failure failure, Runnable first) {
        if (over.compareAndSet(false, true)) {
            first.run();
            release.run();
            listener.onFailure(failure);
        }
    }
}
