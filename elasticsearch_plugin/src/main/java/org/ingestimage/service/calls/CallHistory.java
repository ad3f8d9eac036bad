package org.ingestimage.service.calls;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import org.ingestimage.common.Code;
import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.service.hosts.ServiceAddress;
import org.ingestimage.service.hosts.ServiceHosts.Host;

/** The outcomes of one call's attempts so far, and the sentence about them when the call is given up. */
final class CallHistory {

    private final Set<ServiceAddress> tried = new LinkedHashSet<>();
    /** Refusals that other hosts may not share. */
    private final Map<Host, Failure> refused = new LinkedHashMap<>();
    private volatile int attempts;
    /** Why the last attempt failed that was answered, or that met an error. Those after it had no answer. */
    private volatile Failure told;
    /** The last one before it with another reason: the very last attempt may only hear that its time is over. */
    private volatile Failure toldBefore;
    /** The longest time that an attempt since then waited for nothing. */
    private volatile long silentNanos;
    private volatile long attemptNanos;
    private volatile Host failedHost;
    /** Whether the last attempt met a service that has too much to do. */
    private volatile boolean overloaded;

    void attempt(Host host) {
        synchronized (tried) {
            tried.add(host.address());
        }
        attemptNanos = System.nanoTime();
        attempts++;
    }

    int attempts() {
        return attempts;
    }

    /** The last attempt failed. The next one may not. */
    void again(Host host, Failure failure, boolean overload) {
        failedHost = host;
        overloaded = overload;
        if (failure.is(Code.SERVICE_TIMEOUT)) {
            silent();
        } else {
            toldBefore = told == null || told.reason().equals(failure.reason()) ? toldBefore : told;
            told = failure;
            silentNanos = 0;
        }
    }

    /** The last attempt has waited until now, and has no answer. */
    private void silent() {
        silentNanos = Math.max(silentNanos, System.nanoTime() - attemptNanos);
    }

    /** The host refused for good. Another one may not. */
    void refused(Host host, Failure failure) {
        refused.put(host, failure);
    }

    /** The same, and another host is asked. */
    void elsewhere(Host host) {
        failedHost = host;
    }

    Set<Host> refusedHosts() {
        return refused.keySet();
    }

    Host failedHost() {
        return failedHost;
    }

    boolean overloaded() {
        return overloaded;
    }

    /** Whether a host refused the picture, or made more of it than there is room for: the host itself is well. */
    boolean isPictureRefused() {
        return refused.values().stream().anyMatch(failure -> failure.kind() == Kind.PICTURE || failure.kind() == Kind.BUSY);
    }

    /** Which of the refusals to report: a host that understood the request knows more than one that is not ours. */
    Failure gravest() {
        Failure found = null;
        for (Failure failure : refused.values()) {
            if (failure.kind() != Kind.DEFECT && failure.is(Code.SERVICE_NOT_OURS) == false) {
                return failure;
            }
            // Whether the picture is refused is open then: it may come again.
            found = found != null && found.is(Code.SERVICE_NOT_OURS) ? found : failure;
        }
        return found;
    }

    /**
     * Why the call ended without an answer: what the services said last, or that they said nothing for long. An attempt
     * that the deadline cuts short does not hide what those before it met.
     *
     * @param isWaiting whether the last attempt still waits
     */
    Failure givenUp(CallTime time, boolean isWaiting) {
        if (isWaiting) {
            silent();
        }
        Failure known = told;
        boolean isSilent = known == null || time.isLong(silentNanos);
        String code = isSilent ? Code.SERVICE_TIMEOUT.toString() : known.code();
        Kind kind = isSilent == false && known.kind() == Kind.BUSY ? Kind.BUSY : Kind.UNAVAILABLE;
        return Failure.of(kind, code, sentence(time, known)).withRequestId(known == null ? null : known.requestId());
    }

    private String sentence(CallTime time, Failure known) {
        Set<ServiceAddress> hosts;
        synchronized (tried) {
            hosts = new LinkedHashSet<>(tried);
        }
        StringBuilder text = new StringBuilder("no answer from the processor service in ").append(seconds(time.nanosPassed()));
        text.append(" (timeout [").append(time.timeout()).append("]) and ").append(attempts).append(attempts == 1 ? " attempt" : " attempts");
        text.append("; hosts tried ").append(hosts).append(" (setting [ingest.image.hosts])");
        if (known != null) {
            text.append("; last failure: ").append(known.reason());
        }
        if (toldBefore != null) {
            text.append("; before it: ").append(toldBefore.reason());
        }
        if (silentNanos > 0) {
            text.append(known == null ? "; waited " : "; then waited ").append(seconds(silentNanos)).append(" for an answer");
        }
        if (attempts == 0) {
            text.append("; pictures like it were slow, and it waited for those before it");
        }
        refused.forEach((from, failure) -> text.append("; [").append(from).append("] refused it: ").append(failure.reason()));
        return text.toString();
    }

    private static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.1fs", nanos / 1e9);
    }
}
