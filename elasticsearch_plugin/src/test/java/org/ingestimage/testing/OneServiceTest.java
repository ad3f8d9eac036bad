package org.ingestimage.testing;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** Tests of a node with one service, which answers as it should until a test says otherwise. */
@Timeout(240)
public abstract class OneServiceTest {

    protected final FakeService service = new FakeService(FakeService.good());
    protected final TestNode node = new TestNode(TestNode.hosts(service));

    @AfterEach
    void close() {
        node.close();
        service.close();
    }
}
