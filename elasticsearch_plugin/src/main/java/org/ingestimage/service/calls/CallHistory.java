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
    private volatile Failure last;
    private volatile Host failedHost;
    /** Whether the last attempt met a service that has too much to do. */
    private volatile boolean overloaded;

    void attempt(Host host) {
        synchronized (tried) {
            tried.add(host.address());
        }
        attempts++;
    }

    int attempts() {
        return attempts;
    }

    /** The last attempt got no answer. The next one may. */
    void again(Host host, Failure failure, boolean overload) {
        failedHost = host;
        last = failure;
        overloaded = overload;
    }

    /** The host refused for good. Another one may not. */
    void refused(Host host, Failure failure) {
        refused.put(host, failure);
    }

    /** The same, and another host is asked. */
    void elsewhere(Host host, Failure failure) {
        failedHost = host;
        last = failure;
    }

    Set<Host> refusedHosts() {
        return refused.keySet();
    }

    Failure last() {
        return last;
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

    /** Why the call ended without an answer. */
    Failure givenUp(String code, CallTime time) {
        Set<ServiceAddress> hosts;
        synchronized (tried) {
            hosts = new LinkedHashSet<>(tried);
        }
        String seconds = String.format(Locale.ROOT, "%.1f", time.nanosPassed() / 1e9);
        StringBuilder others = new StringBuilder();
        refused.forEach((from, failure) -> others.append("; [" + from + "] refused it: " + failure.reason()));
        String reason = "no answer from the processor service in " + seconds + "s (timeout [" + time.timeout() + "]) and " + attempts
            + (attempts == 1 ? " attempt" : " attempts") + "; hosts tried " + hosts + " (setting [ingest.image.hosts]); "
            + (last != null
                ? "last failure: " + last.reason()
                : attempts == 0 ? "pictures like it were slow, and it waited for those before it" : "the last attempt was still waiting")
            + others;
        Kind kind = last != null && last.kind() == Kind.BUSY && code.equals(last.code()) ? Kind.BUSY : Kind.UNAVAILABLE;
        return Failure.of(kind, code, reason).withRequestId(last == null ? null : last.requestId());
    }
}
