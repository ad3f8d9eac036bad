package org.ingestimage.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;

/** Two services, of which one is slower. A class of its own, so that another JVM waits for it. */
class HostSharesTest extends ServicesTest {

    /** On a busy machine both hosts may be as slow as that is; one time of a few has to be right. */
    @Test
    void aHostTwiceAsSlowGetsHalfAsMuch() throws Exception {
        List<Double> shares = new ArrayList<>();
        boolean right = false;
        for (int i = 0; i < 4 && right == false; i++) {
            double share = shareOfAHostTwiceAsQuick();
            shares.add(share);
            right = share > 1.5 && share < 2.7;
        }
        assertTrue(right, shares.toString());
    }

    /** One call after the other: both hosts are idle whenever one is chosen. */
    @Test
    void aSlowHostGetsLessWhenBothAreIdle() throws Exception {
        FakeService quick = service(null);
        quick.behaviour = quick.slow(10);
        FakeService slow = service(null);
        slow.behaviour = slow.slow(300);
        TestNode node = node(TestNode.hosts(quick, slow));
        for (int i = 0; i < 60; i++) {
            assertEquals("doneAAAA", data(node.call("AAAA", null)));
        }
        // Eight each, until they are known.
        assertTrue(slow.requests.size() >= 8 && slow.requests.size() <= 20, slow.requests.size() + " of 60");
    }

    /** Each has one worker, and each bulk is done before the next one comes. On a busy machine one time of a few has to be right. */
    @Test
    void aHostTwiceAsSlowGetsLessOfEachBulk() throws Exception {
        List<Integer> shares = new ArrayList<>();
        boolean right = false;
        for (int i = 0; i < 4 && right == false; i++) {
            int share = percentOfBulksOfASlowHost();
            shares.add(share);
            right = share >= 25 && share <= 42;
        }
        assertTrue(right, "in percent: " + shares);
    }

    private int percentOfBulksOfASlowHost() throws Exception {
        FakeService quick = service(null);
        quick.behaviour = oneAtATime(quick.slow(50));
        FakeService slow = service(null);
        slow.behaviour = oneAtATime(slow.slow(100));
        TestNode node = node(TestNode.hosts(quick, slow));
        int measured = 0;
        for (int bulk = 0; bulk < 32; bulk++) {
            List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                calls.add(node.call("AAAA", null));
            }
            for (CompletableFuture<Map<String, Object>> call : calls) {
                data(call);
            }
            measured = bulk == 11 ? slow.requests.size() : measured;
        }
        return 100 * (slow.requests.size() - measured) / (20 * 8);
    }

    private static FakeService.Behaviour oneAtATime(FakeService.Behaviour behaviour) {
        Object worker = new Object();
        return (exchange, request) -> {
            synchronized (worker) {
                behaviour.answer(exchange, request);
            }
        };
    }

    private double shareOfAHostTwiceAsQuick() throws Exception {
        FakeService quick = service(null);
        quick.behaviour = quick.slow(100);
        FakeService slow = service(null);
        slow.behaviour = slow.slow(200);
        TestNode node = node(TestNode.hosts(quick, slow).put("ingest.image.max_in_flight", 8));
        List<CompletableFuture<Map<String, Object>>> calls = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            calls.add(node.call("AAAA", null));
        }
        for (CompletableFuture<Map<String, Object>> call : calls) {
            data(call);
        }
        return (double) quick.requests.size() / slow.requests.size();
    }
}
