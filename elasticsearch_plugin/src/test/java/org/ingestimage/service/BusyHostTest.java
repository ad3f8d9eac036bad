package org.ingestimage.service;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
        TestNode node = node(TestNode.hosts(busy, good));
        allStored(node, 80);
        assertEquals(80, good.requests.size());
    }
}
