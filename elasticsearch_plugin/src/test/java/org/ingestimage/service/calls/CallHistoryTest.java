package org.ingestimage.service.calls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.List;
import java.util.Set;

import org.elasticsearch.core.TimeValue;
import org.ingestimage.common.Code;
import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.service.hosts.ServiceAddress;
import org.ingestimage.service.hosts.ServiceHosts;
import org.ingestimage.service.hosts.ServiceHosts.Host;
import org.junit.jupiter.api.Test;

/** What a document hears of a call that was given up: the best that its attempts have met. */
class CallHistoryTest {

    private static final Failure TOLD = new Failure(Code.SERVICE_BAD_ANSWER, "status 200 with nonsense").withRequestId("r1");
    private static final Failure SILENT = new Failure(Code.SERVICE_TIMEOUT, "no answer in time");

    private final CallHistory history = new CallHistory();
    private final Host host = host();

    @Test
    void anAttemptThatTheDeadlineCutsShortHidesNothing() {
        for (boolean isWaiting : List.of(true, false)) {
            attempt(TOLD);
            history.attempt(host);
            if (isWaiting == false) {
                history.again(host, SILENT, false);
            }
            Failure failure = history.givenUp(time("1h"), isWaiting);
            assertEquals("service_bad_answer", failure.code(), failure.reason());
            assertEquals(Kind.UNAVAILABLE, failure.kind());
            assertEquals("r1", failure.requestId());
            assertTrue(failure.reason().contains("last failure: status 200 with nonsense; then waited "), failure.reason());
        }
    }

    @Test
    void aServiceThatWasBusyUntilThenIsBusy() {
        attempt(Failure.of(Kind.BUSY, "busy", "too much to do"));
        history.attempt(host);
        Failure failure = history.givenUp(time("1h"), true);
        assertEquals("busy", failure.code());
        assertEquals(Kind.BUSY, failure.kind());
    }

    @Test
    void aLongSilenceIsTheReasonAndWhatWasBeforeIsNamed() throws Exception {
        attempt(Failure.of(Kind.BUSY, "busy", "too much to do"));
        history.attempt(host);
        Thread.sleep(80);
        Failure failure = history.givenUp(time("200ms"), true);
        assertEquals("service_timeout", failure.code(), failure.reason());
        assertEquals(Kind.UNAVAILABLE, failure.kind());
        assertTrue(failure.reason().contains("last failure: too much to do; then waited "), failure.reason());
    }

    @Test
    void theLastWordCounts() throws Exception {
        history.attempt(host);
        Thread.sleep(50);
        history.again(host, SILENT, false);
        attempt(new Failure(Code.SERVICE_UNAVAILABLE, "ConnectException"));
        attempt(TOLD);
        Failure failure = history.givenUp(time("200ms"), false);
        assertEquals("service_bad_answer", failure.code());
        assertTrue(failure.reason().endsWith("3 attempts; hosts tried [http://a] (setting [ingest.image.hosts]); last failure: status 200 with nonsense; before it: ConnectException"), failure.reason());
    }

    /** One that comes when nobody waits any more is told nothing else. */
    @Test
    void theLastWordDoesNotHideAnotherOneBeforeIt() {
        Failure down = new Failure(Code.SERVICE_UNAVAILABLE, "the store is down");
        for (Failure each : List.of(new Failure(Code.SERVICE_UNAVAILABLE, "ConnectException"), down, down, TOLD, TOLD)) {
            attempt(each);
        }
        String reason = history.givenUp(time("1h"), false).reason();
        assertTrue(reason.endsWith("last failure: status 200 with nonsense; before it: the store is down"), reason);
    }

    @Test
    void nothingButSilence() {
        history.attempt(host);
        Failure failure = history.givenUp(time("1h"), true);
        assertEquals("service_timeout", failure.code());
        assertTrue(failure.reason().contains("; waited "), failure.reason());
    }

    @Test
    void aRefusalOfAnotherHostIsNamed() {
        history.attempt(host);
        history.refused(host, new Failure(Code.SERVICE_UNAUTHORIZED, "another token"));
        history.elsewhere(host);
        history.attempt(host);
        Failure failure = history.givenUp(time("1h"), true);
        assertEquals("service_timeout", failure.code());
        assertTrue(failure.reason().endsWith(" for an answer; [http://a] refused it: another token"), failure.reason());
    }

    private void attempt(Failure outcome) {
        history.attempt(host);
        history.again(host, outcome, outcome.kind() == Kind.BUSY);
    }

    private static CallTime time(String timeout) {
        CallTime time = new CallTime(TimeValue.parseTimeValue(timeout, "timeout"));
        time.start();
        return time;
    }

    private static Host host() {
        ServiceHosts hosts = new ServiceHosts(System::nanoTime);
        hosts.set(List.of(ServiceAddress.byName(URI.create("http://a"))));
        return hosts.acquire(null, Set.of());
    }
}
