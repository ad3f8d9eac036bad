package org.ingestimage;

import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Chooses the host for the next call: the least busy of the healthy ones.
 *
 * <p>A host that failed gets no calls for a short time that grows with each failure; then one call tries it, and only its success brings
 * the others back. When every host is in that state, the one whose time is over first is taken: a call is never refused here.
 */
final class Hosts {

    private static final long FIRST_PENALTY_NANOS = 100_000_000L;
    private static final long LONGEST_PENALTY_NANOS = 10_000_000_000L;

    /** One service. Guarded by the lock of {@link Hosts}. */
    static final class Host {
        final URI uri;
        private int inFlight;
        private int failures;
        private long penaltyEnd;
        private long lastUsed;

        private Host(URI uri) {
            this.uri = uri;
        }

        @Override
        public String toString() {
            return uri.toString();
        }
    }

    private final LongSupplier nanoTime;
    private List<Host> hosts = List.of();
    private long uses;

    Hosts(List<URI> uris, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        set(uris);
    }

    /** Replaces the list; a host that stays keeps what is known about it. */
    synchronized void set(List<URI> uris) {
        List<Host> next = new ArrayList<>();
        for (URI uri : uris.stream().distinct().toList()) {
            next.add(hosts.stream().filter(host -> host.uri.equals(uri)).findFirst().orElseGet(() -> new Host(uri)));
        }
        hosts = List.copyOf(next);
    }

    synchronized int size() {
        return hosts.size();
    }

    /** Takes the best host; {@link #release} must follow. `avoid`, which just failed, is taken only when there is no other. */
    synchronized Host acquire(Host avoid) {
        long now = nanoTime.getAsLong();
        Host best = hosts.stream()
            .min(
                Comparator.<Host, Boolean>comparing(host -> host == avoid)
                    .thenComparing(host -> usable(host, now) == false)
                    // Compared by difference: nanoTime may overflow. A healthy host has no penalty left.
                    .thenComparing(host -> usable(host, now) ? 0L : Math.max(0L, host.penaltyEnd - now))
                    .thenComparing(host -> host.inFlight)
                    .thenComparing(host -> host.lastUsed)
            )
            .orElseThrow();
        best.inFlight++;
        best.lastUsed = ++uses;
        return best;
    }

    private static boolean usable(Host host, long now) {
        return host.failures == 0 || (host.penaltyEnd - now <= 0 && host.inFlight == 0);
    }

    /** Ends a call. `answered` is null when the call was given up for a reason that says nothing about the host. */
    synchronized void release(Host host, Boolean answered) {
        host.inFlight--;
        if (answered == null) {
            return;
        }
        if (answered) {
            host.failures = 0;
            return;
        }
        long now = nanoTime.getAsLong();
        boolean stillPunished = host.failures > 0 && host.penaltyEnd - now > 0;
        if (stillPunished == false) {
            // Many calls that fail together are one failure.
            host.failures++;
            host.penaltyEnd = now + Math.min(LONGEST_PENALTY_NANOS, FIRST_PENALTY_NANOS << Math.min(host.failures - 1, 10));
        }
    }
}
