package org.ingestimage.service.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

import org.ingestimage.service.hosts.ServiceHosts.Host;
import org.junit.jupiter.api.Test;

/** Hosts that are not equally quick. */
class ServiceHostsSharesTest {

    private static final ServiceAddress QUICK = ServiceAddress.byName(URI.create("http://quick"));
    private static final ServiceAddress SLOW = ServiceAddress.byName(URI.create("http://slow"));

    private long now = Long.MAX_VALUE - 1000;
    private final ServiceHosts hosts = new ServiceHosts(() -> now);

    ServiceHostsSharesTest() {
        hosts.set(List.of(QUICK, SLOW));
    }

    private Host acquire() {
        return hosts.acquire(null, Set.of());
    }

    private void finish(Host host, boolean processed) {
        if (processed) {
            hosts.processed(host);
        }
        hosts.release(host, true, 0);
    }

    /** One call after the other. Returns how many of them the slow host got. */
    private int oneByOne(int calls, long quickMillis, long slowMillis) {
        int slow = 0;
        for (int i = 0; i < calls; i++) {
            Host host = acquire();
            boolean isSlow = host.address == SLOW;
            slow += isSlow ? 1 : 0;
            now += 1_000_000 * (isSlow ? slowMillis : quickMillis);
            finish(host, true);
        }
        return slow;
    }

    @Test
    void idleOnesTakeTurnsByHowLongTheyTake() {
        assertEquals(10, oneByOne(20, 10, 20), 2, "that is not known yet");
        assertEquals(100, oneByOne(300, 10, 20), 3);
        assertEquals(75, oneByOne(300, 10, 30), 10, "it became slower");
        oneByOne(300, 20, 20);
        assertEquals(150, oneByOne(300, 20, 20), 3, "and as quick as the other");
    }

    /** Each host has one worker, as it were; each bulk is done before the next one comes. */
    @Test
    void aSlowHostGetsLessOfCallsThatComeTogether() {
        oneByOne(40, 10, 20);
        int slow = 0;
        for (int round = 0; round < 100; round++) {
            TreeMap<Long, List<Host>> ends = new TreeMap<>();
            long start = now;
            int[] queued = new int[2];
            for (int i = 0; i < 8; i++) {
                Host host = acquire();
                boolean isSlow = host.address == SLOW;
                slow += isSlow ? 1 : 0;
                long end = start + 10_000_000L * (isSlow ? 2 * ++queued[1] : ++queued[0]);
                ends.computeIfAbsent(end, time -> new ArrayList<>()).add(host);
            }
            ends.forEach((end, done) -> {
                now = end;
                done.forEach(host -> finish(host, true));
            });
        }
        assertTrue(slow >= 260 && slow <= 310, slow + " of 800; a third would be 267");
    }

    @Test
    void fewCallsWaitBehindAVeryLongOne() {
        oneByOne(100, 10, 10);
        Host held = acquire();
        int behind = 0;
        for (int i = 0; i < 100; i++) {
            Host host = acquire();
            if (host.address == held.address) {
                behind++;
            } else {
                now += 10_000_000;
                finish(host, true);
            }
        }
        assertTrue(behind <= 2, behind + " wait");
    }

    /** They do several at a time, and are never idle, so that nothing is measured. */
    @Test
    void hostsThatAreAlwaysBusyGetAsMuchAsTheyFinish() {
        oneByOne(40, 10, 10);
        TreeMap<Long, List<Host>> ends = new TreeMap<>();
        int slow = 0;
        for (int i = 0; i < 500; i++) {
            Host host = acquire();
            boolean isSlow = host.address == SLOW;
            slow += isSlow && i >= 200 ? 1 : 0;
            ends.computeIfAbsent(now + 10_000_000L * (isSlow ? 2 : 1) + i, time -> new ArrayList<>()).add(host);
            if (i >= 7) {
                var first = ends.pollFirstEntry();
                now = first.getKey();
                first.getValue().forEach(done -> finish(done, true));
            }
        }
        assertEquals(100, slow, 10);
    }

    /** What waits behind others takes long at a quick host, too. */
    @Test
    void onlyACallThatFoundItsHostIdleTellsHowQuickItIs() {
        for (int round = 0; round < 40; round++) {
            List<Host> many = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                many.add(acquire());
            }
            now += 10_000_000;
            for (ServiceAddress address : List.of(QUICK, SLOW)) {
                Host first = many.stream().filter(host -> host.address == address).findFirst().orElseThrow();
                many.remove(first);
                finish(first, true);
            }
            for (Host host : many) {
                now += host.address == SLOW ? 30_000_000 : 1_000_000;
                finish(host, true);
            }
        }
        assertEquals(50, oneByOne(100, 10, 10), 2);
    }

    @Test
    void aHostThatRefusesAtOnceIsNotTakenForAQuickOne() {
        oneByOne(40, 10, 10);
        int slow = 0;
        for (int i = 0; i < 100; i++) {
            Host host = acquire();
            boolean refuses = host.address == SLOW;
            slow += refuses ? 1 : 0;
            now += refuses ? 1000 : 10_000_000;
            finish(host, refuses == false);
        }
        assertEquals(50, slow, 2);
    }

    @Test
    void oneLargePictureMovesNoHostAway() {
        oneByOne(100, 10, 10);
        assertEquals(2, 1 + oneByOne(1, 10, 60_000) + oneByOne(1, 10, 60_000), "it came to the slow one");
        assertTrue(oneByOne(100, 10, 10) >= 40);
    }

    @Test
    void aHostThatSeemedVerySlowIsStillMeasured() {
        oneByOne(100, 10, 100_000);
        assertTrue(oneByOne(110, 10, 10) >= 10);
        oneByOne(2000, 10, 10);
        assertEquals(50, oneByOne(100, 10, 10), 3);
    }

    @Test
    void aHostThatWasLeftAloneHasFewTurnsToMakeUpFor() {
        oneByOne(40, 1, 1);
        Host failed = acquire();
        hosts.release(failed, false, 0);
        for (int i = 0; i < 50; i++) {
            Host other = acquire();
            now += 1_000_000;
            finish(other, true);
        }
        now += 100_000_000;
        Host again = acquire();
        assertEquals(failed.address, again.address, "the turn is its own");
        now += 1_000_000;
        finish(again, true);
        long its = 0;
        for (int i = 0; i < 20; i++) {
            Host host = acquire();
            now += 1_000_000;
            its += host.address == failed.address ? 1 : 0;
            finish(host, true);
        }
        assertTrue(its >= 10 && its <= 15, its + " of 20, after 50 that the other one got");
    }
}
