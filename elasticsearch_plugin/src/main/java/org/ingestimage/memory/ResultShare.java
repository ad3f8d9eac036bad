package org.ingestimage.memory;

import java.util.function.BooleanSupplier;

import org.elasticsearch.common.breaker.CircuitBreakingException;
import org.elasticsearch.core.Releasable;

/** The bytes of the node's account that one call has: what it is expected to need, what has arrived, and at last what the document holds. */
public final class ResultShare implements Releasable {

    private final ResultMemory memory;
    private final ExpectedLength expected;
    /** Bytes of the request's body, which is there until the answer is. */
    private final long sent;
    /** Whether this must not wait for memory, as that is held by what it belongs to. It knows the document, so it is dropped at the end. */
    private BooleanSupplier holds;
    private long taken;
    private long length;
    /** Whether it has taken something and the document is not written. */
    private boolean open;
    private boolean closed;

    /**
     * @param expected what answers of this kind are long
     * @param sent bytes of the request's body
     * @param holds whether this would wait for memory that the document, or the bulk that it is in, holds itself
     */
    public ResultShare(ResultMemory memory, ExpectedLength expected, long sent, BooleanSupplier holds) {
        this.memory = memory;
        this.expected = expected;
        this.sent = sent;
        this.holds = holds;
    }

    /** Takes what the call will probably need, unless it has that already. */
    public synchronized Claim claim() {
        if (open || closed) {
            return Claim.ENOUGH;
        }
        long wanted = sent + ResultMemory.COPIES * Math.min(expected.bytes(), memory.longestAnswer());
        if (memory.tryTake(wanted)) {
            taken = wanted;
            open();
            return Claim.ENOUGH;
        }
        return holds.getAsBoolean() ? Claim.REFUSED : Claim.LATER;
    }

    /** Takes what an answer needs that is so long, or so long by now. */
    public synchronized void arrive(long answer) throws CircuitBreakingException {
        expected.saw(answer);
        resize(ResultMemory.COPIES * answer);
        length = answer;
        open();
    }

    private void open() {
        if (closed == false && open == false) {
            open = true;
            memory.opened();
        }
    }

    /** Bytes of the answer that the document will hold. */
    public synchronized long length() {
        return length;
    }

    public synchronized long taken() {
        return taken;
    }

    /** So many bytes of the answer are not stored. */
    public synchronized void leaveOut(long bytes) {
        length = Math.max(0, length - bytes);
    }

    /** The document is written, and holds the answer once until its request ends: the bytes that whoever takes over has to give back then. */
    public synchronized long handOver() {
        resize(Math.min(length, taken));
        settle();
        long kept = taken;
        taken = 0;
        end();
        return kept;
    }

    private void end() {
        closed = true;
        holds = null;
    }

    private void settle() {
        if (open) {
            open = false;
            memory.settled();
        }
    }

    private void resize(long bytes) {
        if (closed) {
            return;
        }
        if (bytes > taken) {
            memory.take(bytes - taken);
        } else {
            memory.giveBack(taken - bytes);
        }
        taken = bytes;
    }

    /** Nothing is needed until it is claimed again. */
    public void giveBack() {
        release(false);
    }

    @Override
    public void close() {
        release(true);
    }

    private void release(boolean forGood) {
        synchronized (this) {
            resize(0);
            settle();
            length = 0;
            if (forGood) {
                end();
            }
        }
        // Outside of the lock: those that wait come with locks of their own.
        memory.freed();
    }
}
