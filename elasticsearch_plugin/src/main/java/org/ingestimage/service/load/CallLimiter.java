package org.ingestimage.service.load;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Predicate;

import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.memory.Claim;
import org.ingestimage.memory.ResultMemory;

/**
 * Bounds what the whole node sends to the service: a number of calls at once, a number that wait in order of arrival
 * (urgent ones first), and a refusal with status 429 for the next one. All documents of a bulk arrive at the same time,
 * so a large bulk would be a flood otherwise.
 */
public final class CallLimiter {

    /** Something that waits for its turn. Either `start` or `reject` is called, once. */
    public interface Job {
        /** Its turn has come. Called on a thread of the executor; {@link CallLimiter#release} must follow once. */
        void start();

        /** It will never have its turn. */
        void reject(Failure failure);

        /** Takes the memory that it will need, or says what to do when there is not enough. */
        default Claim claim() {
            return Claim.ENOUGH;
        }

        /** Whether it goes before the others. */
        default boolean isUrgent() {
            return false;
        }
    }

    private final Executor executor;
    private final Deque<Job> queue = new ArrayDeque<>();
    private int maxInFlight;
    private int queueSize;
    private int inFlight;
    private boolean closed;

    public CallLimiter(Executor executor, int maxInFlight, int queueSize) {
        this.executor = executor;
        this.maxInFlight = maxInFlight;
        this.queueSize = queueSize;
    }

    /** Starts the job, queues it or rejects it. Never waits. */
    public void submit(Job job) {
        submit(job, false);
    }

    /** Like {@link #submit}, but never refuses it for a full queue: its document was let in before. */
    public void submitNext(Job job) {
        submit(job, true);
    }

    /** Whether the next job would not be refused. */
    public synchronized boolean hasRoom() {
        return inFlight < maxInFlight || queue.size() < queueSize;
    }

    private void submit(Job job, boolean letIn) {
        Failure failure = null;
        synchronized (this) {
            if (closed) {
                failure = closing();
            } else if (letIn || hasRoom()) {
                if (job.isUrgent()) {
                    queue.addFirst(job);
                } else {
                    queue.addLast(job);
                }
            } else {
                failure = new Failure(
                    Code.QUEUE_FULL,
                    "[" + inFlight + "] pictures are at the service and [" + queue.size() + "] wait for it; send smaller or fewer bulks, "
                        + "add services, or raise [ingest.image.queue_size] = [" + queueSize + "]"
                );
            }
        }
        if (failure == null) {
            drain();
        } else {
            job.reject(failure);
        }
    }

    /** A started job is done. */
    public void release() {
        synchronized (this) {
            inFlight--;
        }
        drain();
    }

    /** Starts the jobs whose turn has come. To be called whenever something was given back. */
    public void drain() {
        Turn next = takeNext();
        while (next != null) {
            Job job = next.job;
            try {
                // Always on another thread: a job that ends at once must not start the next one deeper in the stack.
                executor.execute(next.hasMemory ? job::start : () -> job.reject(ResultMemory.noRoom("nothing is free")));
            } catch (RuntimeException e) {
                if (next.hasMemory) {
                    synchronized (this) {
                        inFlight--;
                    }
                }
                job.reject(closing());
            }
            next = takeNext();
        }
    }

    /** Whose turn it is, and whether there is memory for it. */
    private record Turn(Job job, boolean hasMemory) {}

    /**
     * Null when nobody's turn has come. A job without memory waits for those under way, which may need less than
     * expected. If none are under way, bulks hold all memory: jobs of these bulks are refused, so that the bulks end,
     * and all others wait for that.
     */
    private synchronized Turn takeNext() {
        if (inFlight >= maxInFlight || queue.isEmpty()) {
            return null;
        }
        for (Iterator<Job> waiting = queue.iterator(); waiting.hasNext();) {
            Job job = waiting.next();
            Claim claimed = job.claim();
            if (claimed == Claim.ENOUGH) {
                inFlight++;
            } else if (inFlight > 0) {
                return null;
            }
            if (claimed != Claim.LATER) {
                waiting.remove();
                return new Turn(job, claimed == Claim.ENOUGH);
            }
        }
        return null;
    }

    public synchronized int maxInFlight() {
        return maxInFlight;
    }

    /** Rejects those that wait and match, so that not each of them has to find out that the service is down. */
    public void rejectWaiting(Predicate<Job> which, Failure failure) {
        List<Job> rejected = new ArrayList<>();
        synchronized (this) {
            queue.removeIf(job -> which.test(job) && rejected.add(job));
        }
        rejected.forEach(job -> job.reject(failure));
    }

    synchronized void setMaxInFlight(int value) {
        maxInFlight = value;
    }

    public synchronized void setQueueSize(int value) {
        queueSize = value;
    }

    /** Refuses everything that waits, and everything from now on. */
    public void close() {
        synchronized (this) {
            closed = true;
        }
        rejectWaiting(job -> true, closing());
    }

    public static Failure closing() {
        return new Failure(Code.NODE_CLOSING, "this node is stopping; send the document again");
    }
}
