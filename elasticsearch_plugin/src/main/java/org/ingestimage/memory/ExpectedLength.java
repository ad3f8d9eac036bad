package org.ingestimage.memory;

/**
 * How long the next answer to a pipeline's pictures will probably be: a peak that decays. It follows a longer answer at
 * once and shorter ones slowly: better to start one call too few than to have no room for what arrives.
 */
public final class ExpectedLength {

    private static final int DECAY = 8;

    private long bytes;

    synchronized long bytes() {
        return bytes;
    }

    synchronized void saw(long length) {
        bytes = Math.max(length, bytes - (bytes - length) / DECAY);
    }
}
