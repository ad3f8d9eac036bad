package org.ingestimage.service;

import java.net.URI;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Chooses the host for the next call: the least busy of the healthy ones.
 *
 * <p>A host that failed gets no calls for a short time that grows with each failure, and with the time that the failed call cost; then one
 * call tries it, and only its success brings the others back. A host that accepts calls and answers nothing is silent: no picture tries
 * it, {@link HostWatch} does. When every host is in such a state, the one whose time is over first is taken: a call is never refused here.
 */
final class ServiceHosts {

    private static final long FIRST_PENALTY_NANOS = 100_000_000L;
    private static final long LONGEST_PENALTY_NANOS = 10_000_000_000L;
    /** A try that costs a picture seconds is made seldom: a tenth of the time at most is spent on them. */
    private static final int COST_FACTOR = 10;
    private static final long LONGEST_COSTLY_PENALTY_NANOS = 300_000_000_000L;

    /** One service. Guarded by the lock of {@link ServiceHosts}. */
    static final class Host {
        final URI uri;
        private int inFlight;
        private int failures;
        private long penaltyEnd;
        private long lastUsed;
        private boolean silent;
        private long lastAnswer;
        private boolean hasAnswered;

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

    ServiceHosts(List<URI> uris, LongSupplier nanoTime) {
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

    synchronized List<URI> uris() {
        return hosts.stream().map(host -> host.uri).toList();
    }

    synchronized int size() {
        return hosts.size();
    }

    synchronized boolean has(Host host) {
        return hosts.contains(host);
    }

    /** Whether there is a host that is none of these. */
    synchronized boolean hasOtherThan(Collection<Host> these) {
        return these.containsAll(hosts) == false;
    }

    /** Takes the best host; {@link #release} must follow. `avoid`, which just failed, is taken only when there is no other. */
    Host acquire(Host avoid) {
        return acquire(avoid, Set.of());
    }

    /** The same. What `refused` for good is taken only when all have. */
    synchronized Host acquire(Host avoid, Collection<Host> refused) {
        long now = nanoTime.getAsLong();
        Host best = hosts.stream()
            .min(
                Comparator.<Host, Boolean>comparing(refused::contains)
                    .thenComparing(host -> host == avoid)
                    .thenComparing(host -> host.silent)
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

    /**
     * Ends a call that took so long. `answered` is null when it says nothing about the host: it was given up for another reason, or the host
     * had too much to do.
     */
    synchronized void release(Host host, Boolean answered, long tookNanos) {
        host.inFlight--;
        if (answered == null) {
            return;
        }
        if (answered) {
            host.hasAnswered = true;
            host.lastAnswer = nanoTime.getAsLong();
            host.failures = 0;
            host.silent = false;
            return;
        }
        long now = nanoTime.getAsLong();
        boolean stillPunished = host.failures > 0 && host.penaltyEnd - now > 0;
        if (stillPunished == false) {
            // Many calls that fail together are one failure.
            host.failures++;
            // The first one may have been a slow picture's fault.
            long costly = host.failures < 2 ? 0 : Math.min(LONGEST_COSTLY_PENALTY_NANOS, COST_FACTOR * tookNanos);
            host.penaltyEnd = now + Math.max(costly, Math.min(LONGEST_PENALTY_NANOS, FIRST_PENALTY_NANOS << Math.min(host.failures - 1, 10)));
        }
    }

    /** Whether a call that was sent to the host was answered after this time. */
    synchronized boolean hasAnsweredSince(Host host, long nanos) {
        return host.hasAnswered && host.lastAnswer - nanos > 0;
    }

    /** The host accepts calls and answers nothing, not even that it lives. */
    synchronized void silent(Host host) {
        host.silent = true;
    }

    /** The host, which was silent, says that it lives. */
    synchronized void lives(Host host) {
        if (host.silent) {
            host.silent = false;
            host.failures = 0;
        }
    }

    synchronized boolean isBusy(Host host) {
        return host.inFlight > 0;
    }
}
