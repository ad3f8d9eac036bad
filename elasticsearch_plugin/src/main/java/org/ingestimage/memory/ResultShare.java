package org.ingestimage.memory;

import java.util.function.BooleanSupplier;

import org.elasticsearch.common.breaker.CircuitBreakingException;
import org.elasticsearch.core.Releasable;

/**
 * One call's share of the node's account: first what it will probably need, then what has arrived, then what is kept.
 */
public final class ResultShare implements Releasable {

    private final ResultMemory memory;
    private final ExpectedLength expected;
    /** Bytes of the request's body, which is held until the answer has come. */
    private final long sent;
    /** Whether this must not wait for memory that its own bulk holds. It refers to the document: dropped at the end. */
    private BooleanSupplier holds;
    /** How often the result is there from when its document is written until its request ends. */
    private final int kept;
    /** How often at most. */
    private final int copies;
    private long taken;
    private long length;
    /** Whether it has taken something, and the document is not written yet. */
    private boolean open;
    private boolean closed;

    /**
     * @param expected how long answers of this kind are
     * @param sent bytes of the request's body
     * @param kept how often the result is there from when its document is written until its request ends
     * @param holds whether this would wait for memory that its own document or bulk holds
     */
    public ResultShare(ResultMemory memory, ExpectedLength expected, long sent, int kept, BooleanSupplier holds) {
        this.memory = memory;
        this.expected = expected;
        this.sent = sent;
        this.kept = kept;
        this.copies = Math.max(ResultMemory.COPIES, kept);
        this.holds = holds;
    }

    /** Takes what the call will probably need, unless it has that already. */
    public synchronized Claim claim() {
        if (open || closed) {
            return Claim.ENOUGH;
        }
        long wanted = sent + copies * Math.min(expected.bytes(), longestAnswer());
        if (memory.tryTake(wanted)) {
            taken = wanted;
            open();
            return Claim.ENOUGH;
        }
        return holds.getAsBoolean() ? Claim.REFUSED : Claim.LATER;
    }

    /** Takes what an answer of this length needs; it may still be arriving. */
    public synchronized void arrive(long answer) throws CircuitBreakingException {
        resize(copies * answer);
        length = answer;
        open();
    }

    /** The answer is the service's: others of its kind will be about as long. A length that another program announces does not count. */
    public synchronized void isTrue() {
        expected.saw(length);
    }

    private void open() {
        if (closed == false && open == false) {
            open = true;
            memory.opened();
        }
    }

    /** The longest answer that there can ever be room for. */
    public long longestAnswer() {
        return memory.longestAnswer(copies);
    }

    /** Whether a simulation shows the result after each of several processors. */
    public boolean isShownOften() {
        return copies > ResultMemory.COPIES;
    }

    /** Bytes of the answer that the document will hold. */
    public synchronized long length() {
        return length;
    }

    public synchronized long taken() {
        return taken;
    }

    /** These bytes of the answer are not stored. */
    public synchronized void leaveOut(long bytes) {
        length = Math.max(0, length - bytes);
    }

    /** The document is written, and holds the answer until its request ends. Returns the bytes to be given back then. */
    public synchronized long handOver() {
        resize(Math.min(kept * length, taken));
        settle();
        long bytes = taken;
        taken = 0;
        end();
        return bytes;
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
        // Outside of the lock: those that wait take locks of their own.
        memory.freed();
    }
}
