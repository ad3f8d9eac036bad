package org.ingestimage.service.calls;

import org.ingestimage.common.Code;
import org.ingestimage.service.hosts.ServiceHosts.Host;
import org.ingestimage.service.wire.Answer;
import org.ingestimage.service.wire.Answer.Blame;
import org.ingestimage.service.wire.ServiceRequest;

/**
 * What came of one attempt, beside its answer: what it tells of the host, of the load and of the picture.
 *
 * @param isLate whether there was no answer, though the host lives
 * @param isIdle whether the host was known to be unable to work: no picture is slow there
 */
record AttemptOutcome(boolean isLate, boolean isIdle) {

    /** Ends the attempt at the host, and lets hosts, window and slow pictures know. */
    static AttemptOutcome learn(CallEnvironment calls, ServiceRequest request, CallTime time, Host from, long sentNanos, long took, Answer answer) {
        boolean healthy = answer.again() == null && answer.blame() != Blame.HOST;
        boolean late = answer.again() != null && answer.again().is(Code.SERVICE_TIMEOUT);
        boolean lives = late && calls.watch().hasHeardSince(from, sentNanos);
        // Before the call ends: after the last one the host is not watched any more.
        boolean idle = calls.watch().isIdle(from);
        // Of a host that answered others meanwhile, or has too much to do, a late answer says nothing.
        boolean lacking = answer.blame() == Blame.LOAD || answer.blame() == Blame.STORE;
        boolean blameless = lacking || late && calls.hosts().hasAnsweredSince(from, sentNanos);
        if (answer.fields() != null) {
            calls.hosts().processed(from);
        }
        // After the deadline the exchange was cancelled: the host did not answer in time.
        calls.hosts().release(from, blameless ? null : (Boolean) healthy, lives ? 0 : took);
        if (answer.overload()) {
            calls.window().overloaded(sentNanos, System.nanoTime());
        } else if (answer.again() == null) {
            calls.window().answered();
            if (answer.failure() != null && answer.failure().code().equals(Answer.PICTURE_TIMEOUT)) {
                calls.slow().add(request);
            } else if (time.isQuick(took)) {
                calls.slow().remove(request);
            }
        }
        if (healthy || lacking) {
            calls.active().answered();
        }
        return new AttemptOutcome(lives, idle);
    }
}
