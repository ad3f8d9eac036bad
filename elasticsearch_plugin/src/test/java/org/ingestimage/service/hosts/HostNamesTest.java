package org.ingestimage.service.hosts;

import static org.ingestimage.testing.TestNode.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.threadpool.Scheduler;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;

/** A name with several addresses: each is a host, and a change is followed. */
class HostNamesTest extends ServicesTest {

    private static final String NAME = "images.internal";
    private static final URI URL = URI.create("http://images.internal:8080");

    private volatile List<String> addresses = List.of();
    private final List<String> asked = new ArrayList<>();
    private final List<Runnable> waiting = new ArrayList<>();
    private final ServiceHosts hosts = new ServiceHosts(System::nanoTime);
    private final HostNames names = new HostNames(hosts, this::resolve, this::wait);

    private InetAddress[] resolve(String name) throws UnknownHostException {
        asked.add(name);
        if (addresses.isEmpty()) {
            throw new UnknownHostException(name);
        }
        List<InetAddress> found = new ArrayList<>();
        for (String address : addresses) {
            found.add(InetAddress.getByName(address));
        }
        return found.toArray(InetAddress[]::new);
    }

    private Scheduler.ScheduledCancellable wait(long millis, Runnable what) {
        waiting.add(what);
        return null;
    }

    private List<String> shown() {
        return hosts.addresses().stream().map(ServiceAddress::toString).toList();
    }

    private void look() {
        waiting.remove(0).run();
    }

    @Test
    void eachAddressIsAHostAndAChangeIsFollowed() {
        addresses = List.of("10.0.0.1", "10.0.0.2");
        names.set(List.of(URL));
        assertEquals(List.of("http://images.internal:8080"), shown(), "nobody waits for the first look");
        look();
        assertEquals(List.of("http://images.internal:8080 at 10.0.0.1", "http://images.internal:8080 at 10.0.0.2"), shown());
        ServiceHosts.Host one = hosts.acquire(null, List.of());
        addresses = List.of("10.0.0.3", "10.0.0.1");
        look();
        assertEquals(List.of("http://images.internal:8080 at 10.0.0.3", "http://images.internal:8080 at 10.0.0.1"), shown());
        assertTrue(hosts.has(one) && hosts.isBusy(one), "what is known of an address that stays is kept");
        addresses = List.of("10.0.0.1");
        look();
        assertEquals(List.of("http://images.internal:8080"), shown());
    }

    @Test
    void aNameThatIsNotFoundKeepsItsAddresses() {
        addresses = List.of("10.0.0.1", "10.0.0.2");
        names.set(List.of(URL));
        look();
        addresses = List.of();
        look();
        assertEquals(2, hosts.size());
        names.set(List.of(URI.create("http://other.internal:8080")));
        look();
        assertEquals(List.of("http://other.internal:8080"), shown());
    }

    @Test
    void theKindOfAddressThatTheJvmPrefers() {
        addresses = List.of("::1", "127.0.0.1", "::2");
        names.set(List.of(URL));
        look();
        assertEquals(List.of("http://images.internal:8080 at ::1", "http://images.internal:8080 at ::2"), shown());
        URI there = hosts.addresses().get(1).request("/healthz").build().uri();
        assertEquals("http://[::2]:8080/healthz", there.toString());
    }

    @Test
    void addressesAreNeverLookedUpAndNamesByOneLineOfLooks() {
        List<URI> literal = List.of(URI.create("http://10.0.0.1:8080"), URI.create("http://[::1]:8080"));
        names.set(literal);
        assertEquals(0, waiting.size());
        addresses = List.of("10.0.0.1", "10.0.0.2");
        names.set(List.of(URL, literal.get(0)));
        names.set(List.of(URL, literal.get(1)));
        assertEquals(1, waiting.size());
        look();
        assertEquals(1, waiting.size());
        assertEquals(List.of(NAME), asked);
        assertEquals(3, hosts.size());
        names.set(literal);
        look();
        assertEquals(0, waiting.size(), "it ends when there is no name");
        assertEquals(2, hosts.size());
        names.set(List.of(URL));
        assertEquals(1, waiting.size());
    }

    @Test
    void allAddressesGetPicturesAndADeadOneCostsNone() throws Exception {
        FakeService one = service(null);
        FakeService two = service(null, "127.0.0.2", one.port());
        one.behaviour = one.slow(20);
        two.behaviour = two.slow(20);
        addresses = List.of("127.0.0.1", "127.0.0.2", "127.0.0.3");
        String url = "http://" + NAME + ":" + one.port();
        TestNode node = node(Settings.builder().put("ingest.image.hosts", url).put("ingest.image.timeout", "50s"), this::resolve);
        for (Supplier<Integer> calls : List.<Supplier<Integer>>of(one.calls::get, two.calls::get)) {
            await(() -> {
                callAll(node, 8);
                return calls.get() > 0;
            });
        }
        for (FakeService each : List.of(one, two)) {
            assertEquals(NAME + ":" + one.port(), each.headers.get(0).getFirst("Host"));
            String authorization = each.headers.get(0).getFirst("Authorization");
            assertTrue(authorization.contains("host=" + url + ","), authorization);
        }
        int before = two.calls.get();
        one.close();
        callAll(node, 40);
        assertTrue(two.calls.get() >= before + 40);
    }

    private static void callAll(TestNode node, int count) {
        List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            calls.add(node.call("AAAA", null));
        }
        calls.forEach(call -> assertEquals("doneAAAA", call.join().get("data")));
    }
}
