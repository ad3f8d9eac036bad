package org.ingestimage.service;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;

/** It is asked again and again, with pauses. A class of its own, so that another JVM waits for it. */
class BusyHostTest extends ServicesTest {

    @Test
    void aHostThatIsAlwaysBusyCostsNoPicture() throws Exception {
        FakeService busy = service(FakeService.error(429, "busy"));
        FakeService good = service(FakeService.good());
        // As long as a busy machine may need for it.
        TestNode node = node(TestNode.hosts(busy, good).put("ingest.image.timeout", "50s"));
        List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
        for (int i = 0; i < 80; i++) {
            calls.add(node.call("AAAA", null));
        }
        for (CompletableFuture<Map<String, Object>> call : calls) {
            assertEquals("doneAAAA", data(call));
        }
        assertEquals(80, good.requests.size());
    }
}
