package org.ingestimage.service.hosts;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Chooses the host for the next call: the least busy of the healthy ones.
 *
 * <p>Among hosts that are about equally busy, as idle ones are, a host twice as slow gets half as many calls: each call
 * takes it as many turns further as it is slower than the quickest host, and whoever has had fewer turns comes first.
 *
 * <p>A host that failed gets no calls for a short time, which grows with each failure, and with the time that the
 * failed call cost. Then one call tries it, and only its success brings the others back. A host that accepts calls, and whose
 * workers do not live, is silent: no picture tries it, {@code HostWatch} does. If all hosts are in such a state, the one
 * whose time is over first is taken: a call is never refused here.
 */
public final class ServiceHosts {

    private static final long FIRST_PENALTY_NANOS = 100_000_000L;
    private static final long LONGEST_PENALTY_NANOS = 10_000_000_000L;
    /** Tries that cost a picture seconds are rare: at most a tenth of the time is spent on them. */
    private static final int COST_FACTOR = 10;
    private static final long LONGEST_COSTLY_PENALTY_NANOS = 300_000_000_000L;
    /** Pictures differ a hundredfold, so the mean is that of logarithms, and over many. */
    private static final int MEASURED_PICTURES = 32;
    /** Fewer say nothing: the first ones find a service, and a node, that are just starting. */
    private static final int FEWEST_PICTURES = 8;
    /** A host that has had so many calls since it was measured is never idle: its calls under way say how quick it is. */
    private static final int MOST_UNMEASURED = 64;
    /** So many turns weigh as much as one call under way: a host may be a little busier, and stays behind nobody for long. */
    private static final double TURNS_OF_A_CALL = 4;
    /** So a host that was left alone has not all its turns to make up for, and a very slow one is still measured. */
    private static final double MOST_TURNS_AHEAD = 8;

    /** One address of a service. Guarded by the lock of {@link ServiceHosts}. */
    public static final class Host {
        final ServiceAddress address;
        private int inFlight;
        private int failures;
        private long penaltyEnd;
        private boolean silent;
        private long lastAnswer;
        private boolean hasAnswered;
        /** Turns that it has had; a call of the quickest host is one. */
        private double turns;
        /** Since when it has calls, while none of these has ended. A later call may wait behind others: it tells less. */
        private long busySince;
        private boolean isFirst;
        private double logNanos;
        private int measured;
        private int unmeasured;

        private Host(ServiceAddress address) {
            this.address = address;
        }

        private boolean isMeasured() {
            return measured >= FEWEST_PICTURES;
        }

        /** Where its requests go. */
        public ServiceAddress address() {
            return address;
        }

        @Override
        public String toString() {
            return address.toString();
        }
    }

    private final LongSupplier nanoTime;
    private List<Host> hosts = List.of();

    public ServiceHosts(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Replaces the list. What is known about a host that stays is kept. */
    public synchronized void set(List<ServiceAddress> addresses) {
        List<Host> next = new ArrayList<>();
        for (ServiceAddress address : addresses.stream().distinct().toList()) {
            next.add(hosts.stream().filter(host -> host.address.equals(address)).findFirst().orElseGet(() -> new Host(address)));
        }
        hosts = List.copyOf(next);
    }

    public synchronized List<ServiceAddress> addresses() {
        return hosts.stream().map(host -> host.address).toList();
    }

    public synchronized int size() {
        return hosts.size();
    }

    public synchronized boolean has(Host host) {
        return hosts.contains(host);
    }

    /** Whether there is another host than these. */
    public synchronized boolean hasOtherThan(Collection<Host> these) {
        return these.containsAll(hosts) == false;
    }

    /** Whether another host than these works, as far as is known. */
    public synchronized boolean hasHealthyOtherThan(Collection<Host> these) {
        long now = nanoTime.getAsLong();
        return hosts.stream().anyMatch(host -> these.contains(host) == false && host.silent == false && usable(host, now));
    }

    /**
     * Takes the best host; {@link #release} must follow.
     *
     * @param avoid just failed: taken only if there is no other. Or it had too much to do: taken only if all others are silent. Null for none
     * @param refused hosts that refused the call for good: taken only if all did
     */
    public synchronized Host acquire(Host avoid, Collection<Host> refused) {
        long now = nanoTime.getAsLong();
        boolean known = hosts.stream().allMatch(host -> host.isMeasured() || host.failures > 0);
        Host best = hosts.stream()
            .min(
                Comparator.<Host, Boolean>comparing(refused::contains)
                    .thenComparing(host -> host == avoid && host.failures > 0)
                    .thenComparing(host -> host.silent)
                    .thenComparing(host -> host == avoid)
                    .thenComparing(host -> usable(host, now) == false)
                    // A difference, because nanoTime may overflow. A healthy host has no penalty left.
                    .thenComparing(host -> usable(host, now) ? 0L : Math.max(0L, host.penaltyEnd - now))
                    .thenComparing(host -> host.inFlight + (known ? host.turns / TURNS_OF_A_CALL : 0))
                    .thenComparing(host -> host.turns)
            )
            .orElseThrow();
        best.turns += slowness(best);
        hosts.forEach(host -> host.turns = Math.max(host.turns, best.turns - MOST_TURNS_AHEAD));
        if (best.inFlight++ == 0) {
            best.busySince = now;
            best.isFirst = true;
        }
        if (++best.unmeasured > MOST_UNMEASURED) {
            best.measured = 0;
        }
        return best;
    }

    /** How many times slower than the quickest host it is; 1 as long as that is not known. */
    private double slowness(Host host) {
        double quickest = hosts.stream().filter(Host::isMeasured).mapToDouble(other -> other.logNanos).min().orElse(0);
        return host.isMeasured() ? Math.exp(host.logNanos - quickest) : 1;
    }

    /** A call was answered with a result, before {@link #release}. Refusals and failures may be quick, and tell nothing. */
    public synchronized void processed(Host host) {
        if (host.isFirst) {
            double took = Math.log(Math.max(1, nanoTime.getAsLong() - host.busySince));
            host.measured = Math.min(MEASURED_PICTURES, host.measured + 1);
            host.unmeasured = 0;
            host.logNanos += (took - host.logNanos) / host.measured;
        }
    }

    private static boolean usable(Host host, long now) {
        return host.failures == 0 || (host.penaltyEnd - now <= 0 && host.inFlight == 0);
    }

    /**
     * Ends a call. `answered` is null if it says nothing about the host: it was given up for another reason, or the
     * host had too much to do.
     */
    public synchronized void release(Host host, Boolean answered, long tookNanos) {
        host.inFlight--;
        host.isFirst = false;
        if (answered == null) {
            return;
        }
        if (answered) {
            host.hasAnswered = true;
            host.lastAnswer = nanoTime.getAsLong();
            host.failures = 0;
            return;
        }
        long now = nanoTime.getAsLong();
        boolean stillPunished = host.failures > 0 && host.penaltyEnd - now > 0;
        if (stillPunished == false) {
            // Calls that fail together count as one failure.
            host.failures++;
            // The first one may have been a slow picture's fault.
            long costly = host.failures < 2 ? 0 : Math.min(LONGEST_COSTLY_PENALTY_NANOS, COST_FACTOR * tookNanos);
            host.penaltyEnd = now + Math.max(costly, Math.min(LONGEST_PENALTY_NANOS, FIRST_PENALTY_NANOS << Math.min(host.failures - 1, 10)));
        }
    }

    /** Whether a call that was sent to the host was answered after this time. */
    public synchronized boolean hasAnsweredSince(Host host, long nanos) {
        return host.hasAnswered && host.lastAnswer - nanos > 0;
    }

    /** The host accepts calls, and does not say that its workers live. It stays silent until {@link #lives}, whatever else it answers. */
    public synchronized void silent(Host host) {
        host.silent = true;
    }

    public synchronized boolean isSilent(Host host) {
        return host.silent;
    }

    /** The host gave a result, or says that its workers live. */
    public synchronized void lives(Host host) {
        if (host.silent) {
            host.silent = false;
            host.failures = 0;
        }
    }

    public synchronized boolean isBusy(Host host) {
        return host.inFlight > 0;
    }
}
