package org.ingestimage.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.elasticsearch.common.settings.Settings;
import org.ingestimage.service.hosts.NameResolver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** Tests that start services and nodes of their own, which end with the test. */
@Timeout(240)
public abstract class ServicesTest {

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : open) {
            closeable.close();
        }
    }

    protected FakeService service(FakeService.Behaviour behaviour) {
        FakeService service = new FakeService(behaviour);
        open.add(service);
        return service;
    }

    /** At an address of loopback; port 0 takes a free one. */
    protected FakeService service(FakeService.Behaviour behaviour, String address, int port) {
        FakeService service = new FakeService(behaviour, address, port);
        open.add(service);
        return service;
    }

    protected TestNode node(Settings.Builder settings) {
        return node(settings, TestNode.TOKEN);
    }

    /** With a token; empty for none. */
    protected TestNode node(Settings.Builder settings, String token) {
        return opened(new TestNode(settings, token));
    }

    /** With its own way to look up names. */
    protected TestNode node(Settings.Builder settings, NameResolver names) {
        return opened(new TestNode(settings, TestNode.TOKEN, names));
    }

    private TestNode opened(TestNode node) {
        open.add(0, node);
        return node;
    }

    /** The picture that came of a call, which may take a busy machine as long as a call has at most. */
    protected static Object data(CompletableFuture<Map<String, Object>> call) throws Exception {
        return call.get(120, TimeUnit.SECONDS).get("data");
    }
}
