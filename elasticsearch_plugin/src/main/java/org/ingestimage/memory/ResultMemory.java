package org.ingestimage.memory;

import java.util.concurrent.atomic.AtomicInteger;

import org.elasticsearch.common.breaker.CircuitBreaker;
import org.elasticsearch.common.breaker.CircuitBreakingException;
import org.elasticsearch.common.breaker.NoopCircuitBreaker;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.indices.breaker.BreakerSettings;
import org.elasticsearch.monitor.jvm.JvmInfo;
import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.common.SafeText;

/**
 * The node's account of results: what arrives from the service, until the request that stores it has ended. A bulk
 * holds the results of all its documents until the last one is stored, and a few bytes of request may come back as
 * megabytes. Nobody else counts them.
 *
 * <p>It is one of the node's circuit breakers, so `GET _nodes/stats/breaker` shows it. The parent breaker, which looks
 * at the real heap, is asked whenever something arrives.
 */
public final class ResultMemory {

    /** The name of the breaker; `breaker.ingest_image.limit` changes its limit. */
    public static final String NAME = "ingest_image";

    /**
     * A result is there twice while its document is written: as the answer's bytes or the document's, and as the string between them.
     * Afterwards it is there once.
     */
    static final int COPIES = 2;

    /** Share of the heap. The rest is for the node itself, for requests (10 %), and for copies that indexing makes. */
    private static final double SHARE_OF_HEAP = 0.2;

    private volatile CircuitBreaker breaker = new NoopCircuitBreaker(NAME);

    private final AtomicInteger open = new AtomicInteger();
    private volatile Runnable whenFreed = () -> {};

    public static BreakerSettings breakerSettings(Settings settings) {
        long limit = (long) (JvmInfo.jvmInfo().getMem().getHeapMax().getBytes() * SHARE_OF_HEAP);
        BreakerSettings defaults = new BreakerSettings(NAME, limit, 1.0, CircuitBreaker.Type.MEMORY, CircuitBreaker.Durability.TRANSIENT);
        return BreakerSettings.updateFromSettings(defaults, settings);
    }

    /** Why a result cannot be taken in now; the client's own retry helps. */
    public static Failure noRoom(String reason) {
        return new Failure(
            Code.RESULTS_MEMORY_FULL,
            "this node holds as many results of pictures as it has memory for, until their bulks are stored (breaker [" + NAME
                + "]); send it again, in smaller or fewer bulks: " + SafeText.oneLine(reason, 300)
        );
    }

    public void setBreaker(CircuitBreaker value) {
        breaker = value;
    }

    /** Runs `work` whenever something was given back. */
    public void whenFreed(Runnable work) {
        whenFreed = work;
    }

    public void freed() {
        whenFreed.run();
    }

    void opened() {
        open.incrementAndGet();
    }

    void settled() {
        open.decrementAndGet();
    }

    /**
     * Whether nothing is under way and all results are written, so that only the end of a bulk gives something back.
     */
    public boolean isSettled() {
        return open.get() == 0;
    }

    /** The longest answer that fits into an empty account: a longer one would always be refused. */
    public long longestAnswer() {
        return longestAnswer(COPIES);
    }

    long longestAnswer(int copies) {
        long limit = breaker.getLimit();
        return limit <= 0 ? Long.MAX_VALUE : (long) (limit / breaker.getOverhead() / copies);
    }

    public long used() {
        return breaker.getUsed();
    }

    /** Takes these bytes if they are free. The real heap is not asked: nothing has arrived yet. */
    boolean tryTake(long bytes) {
        CircuitBreaker current = breaker;
        long limit = current.getLimit();
        if (limit > 0 && (current.getUsed() + bytes) * current.getOverhead() > limit && current.getUsed() > 0) {
            return false;
        }
        current.addWithoutBreaking(bytes);
        return true;
    }

    /** Takes these bytes, or fails as the breaker does. */
    void take(long bytes) throws CircuitBreakingException {
        breaker.addEstimateBytesAndMaybeBreak(bytes, "<image_results>");
    }

    public void giveBack(long bytes) {
        breaker.addWithoutBreaking(-bytes);
    }
}
