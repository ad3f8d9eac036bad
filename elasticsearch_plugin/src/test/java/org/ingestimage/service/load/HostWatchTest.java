package org.ingestimage.service.load;

import static org.ingestimage.testing.TestNode.await;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;

import org.elasticsearch.core.TimeValue;
import org.ingestimage.common.Failure;
import org.ingestimage.service.hosts.ServiceAddress;
import org.ingestimage.service.hosts.ServiceHosts;
import org.ingestimage.service.hosts.ServiceHosts.Host;
import org.ingestimage.service.hosts.ServiceHttp;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the node thinks of a host that has its calls and says nothing. */
class HostWatchTest extends ServicesTest {

    private final FakeService service = service(FakeService.good());
    private final TestNode node = node(TestNode.hosts(service));
    private final ServiceHosts hosts = new ServiceHosts(System::nanoTime);
    private final ServiceHttp http = new ServiceHttp(TimeValue.timeValueSeconds(5), null);
    private final ActiveCalls active = new ActiveCalls(new CallLimiter(Runnable::run, 1, 1));
    private final HostWatch watch = new HostWatch(hosts, active, http, node::schedule);

    @AfterEach
    void stop() {
        active.close();
        http.close();
    }

    /** The host, with a call that was sent there. */
    private Host sent(long nanos) {
        Host host = hosts.acquire(null, Set.of());
        watch.sent(host, nanos);
        return host;
    }

    private void says(int status) {
        service.ready = FakeService.json(status, "{}");
    }

    /** A picture is slow only where somebody works. */
    @Test
    void aHostThatHasBegunToStandStillDoesNotLiveAnyMore() throws Exception {
        hosts.set(List.of(ServiceAddress.byName(service.uri())));
        long start = System.nanoTime();
        Host host = sent(start);
        await(() -> watch.hasHeardSince(host, start));
        says(503);
        await(() -> watch.hasHeardSince(host, start) == false);
        says(404);
        await(() -> watch.hasHeardSince(host, start));
        assertFalse(watch.hasHeardSince(host, System.nanoTime()));
    }

    @Test
    void whateverFailsTheHostIsAskedAgain() throws Exception {
        hosts.set(List.of(ServiceAddress.byName(service.uri()), ServiceAddress.byName(service.uri().resolve("/other"))));
        active.started(new ActiveCalls.ActiveCall() {
            @Override
            public TimeValue timeout() {
                return TimeValue.ZERO;
            }

            @Override
            public long millisPassed() {
                return 0;
            }

            @Override
            public void fail(Failure failure) {}

            @Override
            public void takeBack(Host from) {
                says(200);
                throw new IllegalStateException("no pictures are given back");
            }
        });
        says(503);
        long start = System.nanoTime();
        Host host = sent(start);
        await(() -> watch.hasHeardSince(host, start));
    }

    /** Nobody but the watch would find out, as no picture goes to a silent host while there is another. */
    @Test
    void aSilentHostIsAskedUntilItLivesThoughItWasTheOnlyOneMeanwhile() throws Exception {
        HostWatch quick = new HostWatch(hosts, active, http, (millis, what) -> node.schedule(Math.min(millis, 300), what));
        ServiceAddress address = ServiceAddress.byName(service.uri());
        ServiceAddress other = ServiceAddress.byName(service.uri().resolve("/other"));
        says(503);
        hosts.set(List.of(address));
        Host host = hosts.acquire(null, Set.of());
        quick.sent(host, System.nanoTime());
        hosts.set(List.of(address, other));
        await(() -> isPassedOver(host));
        hosts.release(host, null, 0);
        hosts.set(List.of(address));
        int asked = service.asked.get();
        await(() -> service.asked.get() > asked + 2);
        hosts.set(List.of(address, other));
        assertTrue(isPassedOver(host));
        says(200);
        await(() -> isPassedOver(host) == false);
    }

    /** Whether it is not among those that work, as far as is known. */
    private boolean isPassedOver(Host host) {
        Host other = hosts.acquire(host, Set.of());
        hosts.release(other, null, 0);
        return hosts.hasHealthyOtherThan(List.of(other)) == false;
    }
}
