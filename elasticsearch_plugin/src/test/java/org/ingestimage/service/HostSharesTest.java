package org.ingestimage.service;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;

import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.ServicesTest;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two services, of which one is slower. A class of its own, so that another JVM waits for it. */
@Timeout(300)
class HostSharesTest extends ServicesTest {

    /** What a busy machine adds to both hosts counts less and less: one time of a few has to be right. */
    @Test
    void aHostTwiceAsSlowGetsHalfAsMuch() throws Exception {
        List<Double> shares = new ArrayList<>();
        boolean right = false;
        for (int millis = 100; millis < 2000 && right == false; millis *= 2) {
            double share = shareOfAHostTwiceAsQuick(millis);
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
        slow.behaviour = slow.slow(1000);
        TestNode node = node(TestNode.hosts(quick, slow));
        allStoredInTurn(node, 60);
        // Eight each, until they are known.
        assertTrue(slow.requests.size() >= 8 && slow.requests.size() <= 20, slow.requests.size() + " of 60");
    }

    /** Each has one worker, and each bulk is done before the next one comes. One time of a few has to be right here, too. */
    @Test
    void aHostTwiceAsSlowGetsLessOfEachBulk() throws Exception {
        List<Integer> shares = new ArrayList<>();
        boolean right = false;
        for (int millis = 40; millis < 400 && right == false; millis *= 2) {
            int share = percentOfBulksOfASlowHost(millis);
            shares.add(share);
            right = share >= 25 && share <= 42;
        }
        assertTrue(right, "in percent: " + shares);
    }

    private int percentOfBulksOfASlowHost(int millis) throws Exception {
        FakeService quick = service(null);
        quick.behaviour = oneAtATime(quick.slow(millis));
        FakeService slow = service(null);
        slow.behaviour = oneAtATime(slow.slow(2 * millis));
        TestNode node = node(TestNode.hosts(quick, slow));
        int measured = 0;
        for (int bulk = 0; bulk < 32; bulk++) {
            allStored(node, 8);
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

    private double shareOfAHostTwiceAsQuick(int millis) throws Exception {
        FakeService quick = service(null);
        quick.behaviour = quick.slow(millis);
        FakeService slow = service(null);
        slow.behaviour = slow.slow(2 * millis);
        TestNode node = node(TestNode.hosts(quick, slow).put("ingest.image.max_in_flight", 8));
        allStored(node, 120);
        return (double) quick.requests.size() / slow.requests.size();
    }
}
