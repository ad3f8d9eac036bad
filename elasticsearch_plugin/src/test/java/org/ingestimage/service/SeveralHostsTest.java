package org.ingestimage.service;

import static org.ingestimage.testing.TestNode.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Several services: one good host is enough. */
class SeveralHostsTest extends ServicesTest {

    /** Whatever one host says that cannot do it, the other can. For one that is busy, see BusyHostTest. */
    @Test
    void aHostThatIsWrongCostsNoPicture() throws Exception {
        for (FakeService.Behaviour fault : List.of(
            FakeService.error(401, "unauthorized"),
            FakeService.json(403, ""),
            FakeService.json(404, "nothing"),
            FakeService.json(302, ""),
            FakeService.json(500, "boom"),
            FakeService.error(500, "internal_error"),
            FakeService.error(400, "invalid_recipe"),
            FakeService.json(413, "<html>proxy</html>"),
            FakeService.error(413, "image_too_large"),
            FakeService.error(422, "too_many_pixels"),
            FakeService.error(422, "unsupported_format"),
            FakeService.error(422, "out_of_memory"),
            FakeService.error(422, "result_too_large"),
            FakeService.error(422, "url_unreachable"),
            FakeService.error(422, "stored_picture_missing"),
            FakeService.json(422, "{\"error\": {\"message\": \"a gateway\"}}"),
            FakeService.json(422, "{\"error\": {\"code\": \"corrupt_image\", \"reason\": \"says anybody\"}}"),
            FakeService.json(200, "{\"fields\": {\"data\": \"" + "A".repeat(100_000) + "\"}}"),
            FakeService.json(200, "<html>portal</html>"),
            FakeService.json(200, "{\"fields\": {}}"),
            FakeService.hangUp())) {
            FakeService wrong = service(fault);
            FakeService good = service(FakeService.good());
            TestNode node = node(TestNode.hosts(wrong, good).put("ingest.image.max_response_bytes", "50kb"));
            allStored(node, 80);
            assertEquals(80, good.requests.size());
        }
    }

    @Test
    void aHostThatIsWrongIsNotTheLeastBusyOne() throws Exception {
        FakeService wrong = service(FakeService.error(401, "unauthorized"));
        FakeService good = service(null);
        good.behaviour = good.slow(2);
        TestNode node = node(TestNode.hosts(wrong, good));
        allStoredInTurn(node, 100);
        assertTrue(wrong.calls.get() < 20, wrong.calls.get() + " calls");
    }

    @Test
    void whatAllHostsRefuseReachesTheDocument() {
        FakeService one = service(FakeService.error(401, "unauthorized"));
        FakeService two = service(FakeService.json(404, ""));
        TestNode node = node(TestNode.hosts(one, two));
        assertEquals(Kind.DEFECT, node.failure("AAAA", null).kind());
        assertEquals(2, one.calls.get() + two.calls.get());
        two.behaviour = FakeService.error(400, "invalid_recipe");
        assertEquals("invalid_recipe", node.failure("AAAA", null).code(), "of the one that understood it");
        FakeService gone = new FakeService(FakeService.good());
        gone.close();
        Failure failure = node(TestNode.hosts(one, gone)).failure("AAAA", "3s");
        assertEquals(Kind.UNAVAILABLE, failure.kind(), "the other one may come back");
        assertTrue(failure.reason().contains("[" + one.uri() + "] refused it: the service refuses the token"), failure.reason());
    }

    @Test
    void aPictureThatIsBeyondTheLimitsOfAllHostsIsAtFault() {
        FakeService one = service(FakeService.error(422, "too_many_pixels"));
        FakeService two = service(FakeService.error(422, "too_many_pixels"));
        Failure failure = node(TestNode.hosts(one, two)).failure("AAAA", null);
        assertEquals("too_many_pixels", failure.code());
        assertEquals(Kind.PICTURE, failure.kind());
        assertEquals(List.of(1, 1), List.of(one.calls.get(), two.calls.get()));
    }

    /** Otherwise each bad picture would keep its place until the deadline as long as one host is down. */
    @Test
    void aPictureThatIsBeyondTheLimitsOfAHostDoesNotWaitForOneThatIsDown() {
        FakeService one = service(FakeService.error(422, "too_many_pixels"));
        FakeService gone = new FakeService(FakeService.good());
        gone.close();
        TestNode node = node(TestNode.hosts(one, gone).put("ingest.image.timeout", "200s"));
        for (int i = 0; i < 3; i++) {
            long start = System.nanoTime();
            assertEquals("too_many_pixels", node.failure("AAAA", null).code());
            assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(80), "long before its deadline");
        }
    }

    /** It holds up or kills workers: the other host's, too. And bytes that are no picture are none anywhere. */
    @Test
    void whatOneHostFindsWrongWithThePictureItselfIsNotTriedAtTheOthers() {
        for (String code : List.of("corrupt_image", "not_an_image", "picture_timeout", "picture_crashed")) {
            FakeService one = service(FakeService.error(422, code));
            FakeService two = service(FakeService.error(422, code));
            assertEquals(code, node(TestNode.hosts(one, two)).failure("AAAA", null).code());
            assertEquals(1, one.calls.get() + two.calls.get());
        }
    }

    @Test
    void aBusyHostMayStoreWhatIsBeyondTheLimitsOfAnother() throws Exception {
        FakeService one = service(FakeService.error(422, "too_many_pixels"));
        FakeService two = service(FakeService.sequence(FakeService.error(429, "busy"), FakeService.error(429, "busy"), FakeService.good()));
        assertEquals("doneAAAA", data(node(TestNode.hosts(one, two)).call("AAAA", null)));
    }

    /** It accepts connections and answers nothing, like a process that is stopped. */
    @Test
    void aFrozenHostIsRemembered() throws Exception {
        FakeService frozen = service(null);
        frozen.everything = frozen.hang();
        FakeService good = service(FakeService.good());
        TestNode node = node(TestNode.hosts(frozen, good).put("ingest.image.timeout", "200s"));
        allStored(node, 40, 80, "long before its first attempt is over");
        int pictures = frozen.requests.size();
        allStoredInTurn(node, 100);
        assertEquals(pictures, frozen.requests.size(), "no picture pays for finding out");
        good.behaviour = FakeService.sequence(FakeService.error(429, "busy"), FakeService.error(503, "store_unavailable"), FakeService.good());
        allStoredInTurn(node, 3);
        assertEquals(pictures, frozen.requests.size(), "nor one that the good host has sent away for now");
        frozen.behaviour = FakeService.good();
        frozen.everything = null;
        await(() -> {
            node.call("AAAA", null).join();
            return frozen.requests.size() > pictures;
        });
    }

    /** Its web process answers, and its workers are stopped. */
    @Test
    void aHostWhoseWorkersStandStillIsRemembered() throws Exception {
        FakeService still = service(null);
        still.behaviour = still.hang();
        still.ready = FakeService.json(503, "{\"status\": \"stalled\"}");
        FakeService good = service(FakeService.good());
        TestNode node = node(TestNode.hosts(still, good).put("ingest.image.timeout", "200s"));
        allStored(node, 40, 80, "long before its first attempt is over");
        int pictures = still.requests.size();
        allStoredInTurn(node, 100);
        assertEquals(pictures, still.requests.size(), "no picture pays for finding out");
        still.behaviour = FakeService.good();
        still.ready = FakeService.json(200, "{}");
        await(() -> {
            node.call("AAAA", null).join();
            return still.requests.size() > pictures;
        });
    }

    /** Its workers are stopped, and have a picture. What its web process answers alone, to others, does not say that they live. */
    @ParameterizedTest
    @CsvSource({"422, url_unreachable", "503, store_unavailable"})
    void aHostWhoseWebProcessAnswersAloneHoldsNoPicture(int status, String code) throws Exception {
        FakeService still = service(null);
        still.behaviour = FakeService.sequence(still.hang(), FakeService.error(status, code));
        still.ready = FakeService.json(503, "{\"status\": \"stalled\"}");
        FakeService good = service(FakeService.good());
        TestNode node = node(TestNode.hosts(still, good).put("ingest.image.timeout", "200s"));
        List<CompletableFuture<?>> calls = new ArrayList<>();
        await(() -> {
            calls.add(node.call("AAAA", null));
            return still.calls.get() > 0;
        });
        // Without pause, so that it is never quiet. The picture would stay there for half of its time.
        await(() -> {
            CompletableFuture.allOf(node.call("AAAA", null), node.call("AAAA", null), node.call("AAAA", null)).join();
            return calls.stream().allMatch(CompletableFuture::isDone);
        });
        CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new)).join();
    }

    /** It says at once how long its answers are, to those who ask whether it lives, too, and never sends them. */
    @Test
    void aHostThatPromisesLongAnswersTakesNoMemoryFromTheOthers() throws Exception {
        FakeService promising = service(null);
        promising.everything = (exchange, request) -> {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, 25_000_000);
            exchange.getResponseBody().flush();
            promising.hang().answer(exchange, request);
        };
        FakeService good = service(FakeService.good());
        TestNode node = node(TestNode.hosts(promising, good).put("ingest.image.timeout", "200s"));
        allStored(node, 80, 80, "long before half of its time");
    }

    @Test
    void aSlowPictureIsNoFrozenHost() throws Exception {
        FakeService slow = service(null);
        FakeService.Behaviour late = slow.slow(5000);
        slow.behaviour = (exchange, request) -> (request.get("data").equals("BAAD") ? late : FakeService.good()).answer(exchange, request);
        FakeService other = service(slow.behaviour);
        TestNode node = node(TestNode.hosts(slow, other).put("ingest.image.timeout", "200s"));
        assertEquals("doneBAAD", data(node.call("BAAD", null)));
        assertEquals(1, slow.calls.get() + other.calls.get(), "it kept its place");
        assertTrue(slow.asked.get() + other.asked.get() > 0);
    }

    @Test
    void anotherHostHelps() throws Exception {
        FakeService gone = new FakeService(FakeService.good());
        gone.close();
        FakeService broken = service(FakeService.error(503, "shutting_down"));
        FakeService good = service(FakeService.good());
        TestNode node = node(TestNode.hosts(gone, broken, good));
        allStoredInTurn(node, 20);
        assertEquals(20, good.requests.size());
        assertTrue(broken.calls.get() < 10, "a host that fails is left alone for a while");
    }

    @Test
    void aHostThatHangsLeavesTimeForAnother() throws Exception {
        FakeService hanging = service(null);
        hanging.behaviour = hanging.hang();
        FakeService good = service(FakeService.good());
        TestNode node = node(TestNode.hosts(hanging, good));
        for (int i = 0; i < 4; i++) {
            assertEquals("doneAAAA", data(node.call("AAAA", "12s")));
        }
        assertTrue(hanging.calls.get() >= 1);
    }

    @Test
    void hostsShareTheWork() throws Exception {
        FakeService one = service(null);
        one.behaviour = one.slow(30);
        FakeService two = service(null);
        two.behaviour = two.slow(30);
        TestNode node = node(TestNode.hosts(one, two));
        allStored(node, 40);
        assertTrue(one.calls.get() >= 15 && two.calls.get() >= 15, one.calls + " and " + two.calls);
    }
}
