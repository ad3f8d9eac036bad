package org.ingestimage.service.load;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import org.ingestimage.common.Timer;
import org.ingestimage.service.hosts.ServiceHosts;
import org.ingestimage.service.hosts.ServiceHosts.Host;
import org.ingestimage.service.hosts.ServiceHttp;

/**
 * Distinguishes hosts that cannot work (a frozen process, workers that stand still, a machine that is gone) from hosts with a slow picture. A
 * host that has given no result for a while is asked whether its workers live (`GET /readyz`). If they do not, and there is another host, its
 * pictures are taken back at once. It is asked again and again, less and less often, until they do: no picture pays for finding out.
 */
public final class HostWatch {

    private static final long QUIET_MILLIS = 1000;
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final long LONGEST_PAUSE_MILLIS = 60_000;
    /** The service says that no worker of its lives, or a proxy that no service does. Whatever else is said, somebody lives. */
    private static final Set<Integer> NOBODY = Set.of(502, 503, 504);
    private static final Runnable NOTHING = () -> {};

    private final ServiceHosts hosts;
    private final ActiveCalls active;
    private final ServiceHttp http;
    private final Timer timer;
    /** When each watched host was last known to work, in nanoseconds. */
    private final Map<Host, Long> heard = new ConcurrentHashMap<>();
    /** Those of them that could not work when they were asked last. */
    private final Set<Host> idle = ConcurrentHashMap.newKeySet();

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

    /** The host gave a result, or said that its workers live. */
    public void worked(Host host) {
        heard.computeIfPresent(host, (same, before) -> System.nanoTime());
        idle.remove(host);
        hosts.lives(host);
    }

    /** Whether the host worked after this time, and could work when it was asked last. */
    public boolean hasHeardSince(Host host, long nanos) {
        Long last = heard.get(host);
        return last != null && last - nanos > 0 && idle.contains(host) == false;
    }

    /** Whether it could not work when it was asked last. */
    public boolean isIdle(Host host) {
        return idle.contains(host);
    }

    private void look(Host host) {
        Long last = heard.get(host);
        if (last == null || hosts.isBusy(host) == false || isOver(host)) {
            forget(host);
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
            forget(host);
            return;
        }
        canWork(host).thenAccept(works -> {
            boolean isLeft = works == false && hosts.hasOtherThan(List.of(host));
            try {
                if (works) {
                    worked(host);
                    active.answered();
                } else {
                    idle.add(host);
                }
                if (isLeft) {
                    hosts.silent(host);
                    active.takeBack(host);
                }
            } finally {
                // The calls of the only host go on waiting. It may have been silent before it was the only one: nobody else would ask it.
                boolean isSilent = hosts.isSilent(host);
                later(isSilent ? pause : QUIET_MILLIS, isSilent ? () -> ask(host, Math.min(LONGEST_PAUSE_MILLIS, pause * 2)) : () -> look(host));
            }
        });
    }

    /** Never fails: whoever is watched would be forgotten by it, and never be looked at again. */
    private CompletableFuture<Boolean> canWork(Host host) {
        try {
            HttpRequest question = host.address().request("/readyz").timeout(PATIENCE).GET().build();
            CompletableFuture<HttpResponse<Void>> asked = http.send(host.address(), question, BodyHandlers.discarding());
            // The JDK's own timeout ends with the head of the answer.
            Runnable stop = later(PATIENCE.toMillis(), () -> asked.cancel(true));
            return asked.handle((response, error) -> {
                stop.run();
                return error == null && NOBODY.contains(response.statusCode()) == false;
            });
        } catch (RuntimeException e) {
            return CompletableFuture.completedFuture(false);
        }
    }

    private void forget(Host host) {
        heard.remove(host);
        idle.remove(host);
    }

    /** An address that is gone from its name may still have calls, and be dead. */
    private boolean isOver(Host host) {
        return active.isClosed() || hosts.has(host) == false && hosts.isBusy(host) == false;
    }

    /** Returns what calls it off. */
    private Runnable later(long millis, Runnable what) {
        try {
            return timer.apply(millis, what)::cancel;
        } catch (RuntimeException e) {
            // The node is closing.
            heard.clear();
            return NOTHING;
        }
    }
}
