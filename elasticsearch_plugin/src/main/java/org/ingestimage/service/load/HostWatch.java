package org.ingestimage.service.load;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import org.ingestimage.common.Timer;
import org.ingestimage.service.hosts.ServiceHosts;
import org.ingestimage.service.hosts.ServiceHosts.Host;
import org.ingestimage.service.hosts.ServiceHttp;

/**
 * Distinguishes hosts that do not answer at all (a frozen process, a machine that is gone) from hosts with a slow
 * picture. A host that has been quiet for a while is asked whether it lives (`GET /healthz`). If it does not answer,
 * and there is another host, its pictures are taken back at once. It is asked again and again, less and less often,
 * until it answers: no picture pays for finding out.
 */
public final class HostWatch {

    private static final long QUIET_MILLIS = 1000;
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final long LONGEST_PAUSE_MILLIS = 60_000;

    private final ServiceHosts hosts;
    private final ActiveCalls active;
    private final ServiceHttp http;
    private final Timer timer;
    /** When each watched host last answered, in nanoseconds. */
    private final Map<Host, Long> heard = new ConcurrentHashMap<>();

    public HostWatch(ServiceHosts hosts, ActiveCalls active, ServiceHttp http, Timer timer) {
        this.hosts = hosts;
        this.active = active;
        this.http = http;
        this.timer = timer;
    }

    /** A call goes to the host. It is watched until nothing is under way there. */
    public void sent(Host host, long nanos) {
        if (heard.putIfAbsent(host, nanos) == null) {
            later(QUIET_MILLIS, () -> look(host));
        }
    }

    /** The host answered, whatever it was. */
    public void answered(Host host) {
        heard.computeIfPresent(host, (same, before) -> System.nanoTime());
        hosts.lives(host);
    }

    /** Whether the host lived after this time. */
    public boolean hasHeardSince(Host host, long nanos) {
        Long last = heard.get(host);
        return last != null && last - nanos > 0;
    }

    private void look(Host host) {
        Long last = heard.get(host);
        if (last == null || hosts.isBusy(host) == false || isOver(host)) {
            heard.remove(host);
            if (hosts.isBusy(host) && isOver(host) == false) {
                // A call came between the two lines above.
                sent(host, System.nanoTime());
            }
            return;
        }
        long quiet = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - last);
        if (quiet < QUIET_MILLIS) {
            later(QUIET_MILLIS - quiet, () -> look(host));
        } else {
            ask(host, QUIET_MILLIS);
        }
    }

    private void ask(Host host, long pause) {
        if (isOver(host)) {
            heard.remove(host);
            return;
        }
        HttpRequest question = host.address().request("/healthz").timeout(PATIENCE).GET().build();
        CompletableFuture<HttpResponse<Void>> asked = http.send(host.address(), question, BodyHandlers.discarding());
        // The JDK's own timeout ends with the head of the answer.
        later(PATIENCE.toMillis(), () -> asked.cancel(true));
        asked.whenComplete((response, error) -> {
            if (error == null) {
                answered(host);
                active.answered();
                later(QUIET_MILLIS, () -> look(host));
            } else if (hosts.hasOtherThan(List.of(host))) {
                hosts.silent(host);
                active.takeBack(host);
                later(pause, () -> ask(host, Math.min(LONGEST_PAUSE_MILLIS, pause * 2)));
            } else {
                // It is the only host, so its calls go on waiting.
                later(QUIET_MILLIS, () -> look(host));
            }
        });
    }

    /** An address that is gone from its name may still have calls, and be dead. */
    private boolean isOver(Host host) {
        return active.isClosed() || hosts.has(host) == false && hosts.isBusy(host) == false;
    }

    private void later(long millis, Runnable what) {
        try {
            timer.apply(millis, what);
        } catch (RuntimeException e) {
            // The node is closing.
            heard.clear();
        }
    }
}
