package org.ingestimage.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

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
        return data(call, 120, "");
    }

    private static Object data(CompletableFuture<Map<String, Object>> call, int seconds, String why) throws Exception {
        try {
            return call.get(seconds, TimeUnit.SECONDS).get("data");
        } catch (TimeoutException e) {
            throw new AssertionError("no answer within " + seconds + " s " + why, e);
        }
    }

    /** Calls with that many pictures at the same time: each is answered as a good service does. */
    protected static void allStored(TestNode node, int pictures) throws Exception {
        allStored(node, pictures, 120, "");
    }

    /** The same, each within that many seconds; {@code why} says why that is enough. */
    protected static void allStored(TestNode node, int pictures, int seconds, String why) throws Exception {
        List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
        for (int i = 0; i < pictures; i++) {
            calls.add(node.call("AAAA", null));
        }
        for (CompletableFuture<Map<String, Object>> call : calls) {
            assertEquals("doneAAAA", data(call, seconds, why));
        }
    }

    /** Calls with that many pictures, one after the other. */
    protected static void allStoredInTurn(TestNode node, int pictures) throws Exception {
        for (int i = 0; i < pictures; i++) {
            allStored(node, 1);
        }
    }
}
