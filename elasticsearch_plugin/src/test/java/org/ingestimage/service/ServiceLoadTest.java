package org.ingestimage.service;

import static org.ingestimage.testing.TestNode.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;

/** How much is sent at the same time, and what waits. */
class ServiceLoadTest extends ServicesTest {

    @Test
    void asManyAreSentAsTheServiceCanTake() throws Exception {
        FakeService service = service(null);
        AtomicInteger refused = new AtomicInteger();
        service.behaviour = (exchange, request) -> {
            try {
                if (service.atOnce.incrementAndGet() > 3) {
                    refused.incrementAndGet();
                    FakeService.error(429, "busy").answer(exchange, request);
                    return;
                }
                Thread.sleep(20);
            } finally {
                service.atOnce.decrementAndGet();
            }
            FakeService.good().answer(exchange, request);
        };
        TestNode node = node(TestNode.hosts(service));
        allStored(node, 300);
        assertTrue(refused.get() < 150, refused + " refusals of 300");
    }

    /** On a busy machine good ones may need longer than a short time is. Behind slow ones they would have no time at all, however long it is. */
    @Test
    void slowPicturesLeaveThePlacesToOthers() throws Exception {
        assertTrue(goodOnesAreDoneBesideSlowOnes("8s") || goodOnesAreDoneBesideSlowOnes("40s"));
    }

    private boolean goodOnesAreDoneBesideSlowOnes(String timeout) throws Exception {
        FakeService service = service(null);
        FakeService.Behaviour hang = service.hang();
        service.behaviour = (exchange, request) -> (((String) request.get("data")).startsWith("BA") ? hang : FakeService.good())
            .answer(exchange, request);
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 4));
        List<CompletableFuture<Map<String, Object>>> slow = new ArrayList<>();
        List<CompletableFuture<Map<String, Object>>> good = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            boolean isSlow = i < 12;
            (isSlow ? slow : good).add(node.call(isSlow ? "BA" + (10 + i) : "AAAA", timeout));
        }
        boolean done = true;
        for (CompletableFuture<Map<String, Object>> call : good) {
            done &= "doneAAAA".equals(call.handle((fields, failure) -> fields == null ? null : fields.get("data")).get(120, TimeUnit.SECONDS));
        }
        for (CompletableFuture<Map<String, Object>> call : slow) {
            Failure failure = (Failure) assertThrows(ExecutionException.class, () -> call.get(120, TimeUnit.SECONDS)).getCause();
            assertEquals(Kind.UNAVAILABLE, failure.kind());
        }
        return done;
    }

    /** Its web process gives the picture up in time, and says that a worker had begun it. */
    @Test
    void whatWorkersThatStandStillDoNotDoIsNotSlow() throws Exception {
        FakeService service = service(null);
        service.ready = FakeService.json(503, "{\"status\": \"stalled\"}");
        service.behaviour = FakeService.sequence((exchange, request) -> {
            await(() -> service.asked.get() > 1);
            FakeService.error(503, "abandoned").answer(exchange, request);
        }, FakeService.good());
        TestNode node = node(TestNode.hosts(service).put("ingest.image.timeout", "200s"));
        assertEquals("doneAAAA", data(node.call("AAAA", null)));
        int patience = Integer.parseInt(service.headers.get(1).getFirst("X-Image-Patience"));
        assertTrue(patience > 200_000 / 8, "half of what is left, and not as little as a slow picture gets: " + patience);
    }

    @Test
    void neverMoreAtOnceThanAllowed() throws Exception {
        FakeService service = service(null);
        service.behaviour = service.slow(5);
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 3));
        allStored(node, 300);
        assertEquals(300, service.requests.size());
        assertEquals(3, service.mostAtOnce.get());
    }

    @Test
    void aFullQueueRefuses() throws Exception {
        FakeService service = service(null);
        service.behaviour = service.hang();
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 1).put("ingest.image.queue_size", 1));
        node.call("AAAA", null);
        await(() -> service.calls.get() == 1);
        CompletableFuture<Map<String, Object>> waits = node.call("AAAA", null);
        Failure failure = node.failure("AAAA", null);
        assertEquals(Kind.BUSY, failure.kind());
        assertEquals("queue_full", failure.code());
        assertFalse(waits.isDone());
    }

    @Test
    void whenTheServiceIsDownThoseThatWaitAreToldAtOnce() throws Exception {
        FakeService service = service(null);
        service.behaviour = service.hang();
        TestNode node = node(TestNode.hosts(service).put("ingest.image.max_in_flight", 4));
        List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            calls.add(node.call("AAAA", "1s"));
        }
        CompletableFuture<Map<String, Object>> patient = node.call("AAAA", "200s");
        long start = System.nanoTime();
        for (CompletableFuture<Map<String, Object>> call : calls) {
            Throwable cause = assertThrows(ExecutionException.class, () -> call.get(120, TimeUnit.SECONDS)).getCause();
            assertEquals(Kind.UNAVAILABLE, ((Failure) cause).kind());
        }
        assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(45), "one timeout, not fifty of a second each");
        service.behaviour = FakeService.good();
        assertEquals("doneAAAA", data(node.call("AAAA", null)), "the next one tries afresh");
        assertFalse(patient.isCompletedExceptionally(), "whoever has more time keeps it");
    }

    @Test
    void whatIsKnownOfTheLoadStaysWhenAnotherSettingChanges() throws Exception {
        try (
            FakeService service = new FakeService(FakeService.sequence(FakeService.error(429, "busy"), FakeService.good()));
            TestNode busy = new TestNode(TestNode.hosts(service).put("ingest.image.max_in_flight", 16))
        ) {
            busy.call("AAAA", null).get(120, TimeUnit.SECONDS);
            assertTrue(busy.client.hasRoom(7) && busy.client.hasRoom(8) == false, "halved");
            busy.set(settings -> settings.put("ingest.image.search_timeout", "3s"));
            assertFalse(busy.client.hasRoom(8));
            busy.set(settings -> settings.put("ingest.image.max_in_flight", 12));
            assertTrue(busy.client.hasRoom(11) && busy.client.hasRoom(12) == false, "tried at once");
        }
    }
}
