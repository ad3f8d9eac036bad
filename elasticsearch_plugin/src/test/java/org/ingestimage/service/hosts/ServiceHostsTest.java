package org.ingestimage.service.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.List;
import java.util.Set;

import org.ingestimage.service.hosts.ServiceHosts.Host;
import org.junit.jupiter.api.Test;

class ServiceHostsTest {

    private static final ServiceAddress A = ServiceAddress.byName(URI.create("http://a"));
    private static final ServiceAddress B = ServiceAddress.byName(URI.create("http://b"));
    private static final ServiceAddress C = ServiceAddress.byName(URI.create("http://c"));

    private long now = Long.MAX_VALUE - 1000;
    private final ServiceHosts hosts = hosts();

    private void passMillis(long millis) {
        now += millis * 1_000_000;
    }

    @Test
    void theLeastBusyOne() {
        Host first = acquire(hosts, null);
        Host second = acquire(hosts, null);
        assertNotEquals(first.address, second.address);
        hosts.release(first, true, 0);
        assertSame(first, acquire(hosts, null));
    }

    @Test
    void idleOnesTakeTurns() {
        Host first = acquire(hosts, null);
        hosts.release(first, true, 0);
        Host second = acquire(hosts, null);
        hosts.release(second, true, 0);
        assertNotEquals(first.address, second.address);
    }

    @Test
    void notTheOneThatJustFailed() {
        Host failed = acquire(hosts, null);
        hosts.release(failed, null, 0);
        for (int i = 0; i < 10; i++) {
            assertNotEquals(failed.address, acquire(hosts, failed).address);
        }
    }

    @Test
    void aFailedOneIsLeftAloneForAWhileAndThenTriedByOneCall() {
        Host failed = acquire(hosts, null);
        hosts.release(failed, false, 0);
        for (int i = 0; i < 5; i++) {
            assertNotEquals(failed.address, acquire(hosts, null).address);
        }
        passMillis(150);
        assertEquals(failed.address, acquire(hosts, null).address);
        assertNotEquals(failed.address, acquire(hosts, null).address, "one call is enough to try");
        hosts.release(failed, true, 0);
        assertEquals(failed.address, acquire(hosts, null).address, "healthy again, and the least busy");
    }

    @Test
    void thePenaltyGrows() {
        Host failed = acquire(hosts, null);
        acquire(hosts, null);
        hosts.release(failed, false, 0);
        passMillis(150);
        assertSame(failed, acquire(hosts, null));
        hosts.release(failed, false, 0);
        passMillis(150);
        assertNotEquals(failed.address, acquire(hosts, null).address);
        passMillis(60);
        assertSame(failed, acquire(hosts, null));
        for (int i = 0; i < 100; i++) {
            hosts.release(failed, false, 0);
            passMillis(10_001);
            assertSame(failed, acquire(hosts, null), "never longer than ten seconds");
        }
    }

    @Test
    void aTryThatCostsSecondsIsMadeSeldom() {
        Host failed = acquire(hosts, null);
        acquire(hosts, null);
        hosts.release(failed, false, 30_000_000_000L);
        passMillis(101);
        assertSame(failed, acquire(hosts, null), "once it may have been the picture");
        hosts.release(failed, false, 30_000_000_000L);
        passMillis(299_000);
        assertNotEquals(failed.address, acquire(hosts, null).address);
        passMillis(1_001);
        assertSame(failed, acquire(hosts, null));
    }

    @Test
    void aSilentOneIsTriedWhenTheOthersFail() {
        Host silent = acquire(hosts, null);
        hosts.release(silent, false, 0);
        hosts.silent(silent);
        Host failed = acquire(hosts, null);
        hosts.release(failed, false, 0);
        passMillis(1_000_000);
        assertSame(silent, acquire(hosts, failed), "it may live by now");
    }

    @Test
    void aSilentOneIsNotTriedUntilItLives() {
        Host silent = acquire(hosts, null);
        hosts.release(silent, false, 0);
        hosts.silent(silent);
        passMillis(1_000_000);
        for (int i = 0; i < 5; i++) {
            Host other = acquire(hosts, null);
            assertNotEquals(silent.address, other.address);
            assertSame(other, acquire(hosts, other), "a call that it sent away, as busy, waits for it");
        }
        hosts.lives(silent);
        assertSame(silent, acquire(hosts, null));
    }

    @Test
    void theOneThatRefusedIsTakenLast() {
        Host wrong = acquire(hosts, null);
        Host down = acquire(hosts, wrong);
        hosts.release(down, false, 0);
        assertSame(down, hosts.acquire(down, List.of(wrong)));
        assertFalse(hosts.hasOtherThan(List.of(wrong, down)));
        assertTrue(hosts.hasOtherThan(List.of(wrong)));
    }

    @Test
    void callsThatFailTogetherAreOneFailure() {
        ServiceHosts one = hosts();
        Host a = acquire(one, null);
        for (int i = 0; i < 15; i++) {
            acquire(one, null);
        }
        for (int i = 0; i < 8; i++) {
            one.release(a, false, 0);
        }
        passMillis(101);
        assertSame(a, acquire(one, null));
    }

    @Test
    void whenAllHaveFailedOneIsStillTaken() {
        Host first = acquire(hosts, null);
        hosts.release(first, false, 0);
        passMillis(10);
        Host second = acquire(hosts, null);
        hosts.release(second, false, 0);
        assertSame(first, acquire(hosts, null), "the one whose time is over first");
        assertSame(second, acquire(hosts, first), "but rather another than the same again");
    }

    @Test
    void aNewListKeepsWhatIsKnown() {
        Host a = acquire(hosts, null);
        hosts.set(List.of(a.address, C));
        assertEquals(C, acquire(hosts, null).address);
        hosts.release(a, false, 0);
        assertEquals(C, acquire(hosts, null).address);
        hosts.set(List.of(B, B));
        assertEquals(1, hosts.size());
        hosts.release(a, true, 0);
        assertEquals(B, acquire(hosts, null).address);
    }

    private ServiceHosts hosts() {
        ServiceHosts made = new ServiceHosts(() -> now);
        made.set(List.of(A, B));
        return made;
    }

    private static Host acquire(ServiceHosts hosts, Host avoid) {
        return hosts.acquire(avoid, Set.of());
    }
}
