package org.ingestimage.service;

import static org.ingestimage.testing.TestNode.await;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;

import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;

/** A 200 that is not the service's is a failure of the host, as an answer that never comes is. */
class FalseAnswersTest extends ServicesTest {

    /** Without a penalty half of them would go there, and be sent a second time to the other. */
    @Test
    void aHostThatGaveAFalseAnswerIsLeftAloneByTheNextBulk() throws Exception {
        Map<String, FakeService.Behaviour> answers = new LinkedHashMap<>();
        answers.put("a portal's page", FakeService.json(200, "<html>portal</html>"));
        answers.put("no fields", FakeService.json(200, "{\"fields\": {}}"));
        answers.put("no fields, but the token", FakeService.proved(200, "{\"fields\": {}}"));
        answers.put("a mark of zeros", FakeService.changed(fields -> fields.put("mark", "0".repeat(64))));
        answers.put("another picture", FakeService.changed(fields -> fields.put("data", "BBBB")));
        answers.put("the original of another", FakeService.changed(fields -> fields.put("original", Map.of("sha256", "0".repeat(64)))));
        for (Map.Entry<String, FakeService.Behaviour> answer : answers.entrySet()) {
            FakeService wrong = service(answer.getValue());
            FakeService good = service(FakeService.good());
            TestNode node = node(TestNode.hosts(wrong, good));
            await(() -> {
                node.call("AAAA", null).join();
                return wrong.calls.get() > 0;
            });
            int before = wrong.calls.get();
            allStored(node, 80);
            int more = wrong.calls.get() - before;
            assertTrue(more < 20, answer.getKey() + ": " + more + " of 80 went to the host that is wrong");
        }
    }
}
