package org.ingestimage.service.calls;

import java.time.Duration;
import java.util.Map;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.core.TimeValue;
import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.memory.Claim;
import org.ingestimage.memory.ResultShare;
import org.ingestimage.service.hosts.ServiceHosts.Host;
import org.ingestimage.service.load.ActiveCalls;
import org.ingestimage.service.load.CallLimiter;
import org.ingestimage.service.wire.Answer;
import org.ingestimage.service.wire.Answer.Blame;
import org.ingestimage.service.wire.ServiceRequest;

/**
 * One picture or question at the service, until it is answered or its time is over: attempts, one after the other, with growing pauses.
 *
 * <p>Attempts never overlap. The deadline and the end of the node can come at any time ({@link CallEnd}).
 *
 * <p>The first attempt of a picture gets half of the time. A picture that is not done by then, though the host lives,
 * is slow. It is tried again apart from the others ({@link CallEnvironment#apart}), so that a few slow pictures do not
 * take the places of all others. (Known as "task assignment by guessing size", Harchol-Balter 2002.)
 */
public final class ServiceCall implements CallLimiter.Job, ActiveCalls.ActiveCall, CallExchange.Listener {

    private final CallEnvironment calls;
    private final ServiceRequest request;
    private final ResultShare share;
    private final CallEnd end;
    private final CallTime time;
    private final CallHistory history = new CallHistory();
    private final CallPlace place;
    private final CallExchange exchange;
    private volatile int attemptsApart;

    public ServiceCall(CallEnvironment calls, ServiceRequest request, ResultShare share, ActionListener<Map<String, Object>> listener) {
        this.calls = calls;
        this.request = request;
        this.share = share;
        this.end = new CallEnd(this::release, listener);
        this.time = new CallTime(request.timeout());
        this.exchange = new CallExchange(calls, request, share, time, this);
        this.place = new CallPlace(this, exchange, share);
    }

    @Override
    public TimeValue timeout() {
        return time.timeout();
    }

    @Override
    public long millisPassed() {
        return time.millisPassed();
    }

    @Override
    public Claim claim() {
        return share.claim();
    }

    @Override
    public boolean isUrgent() {
        return request.isUrgent();
    }

    /**
     * Waits with the others, or with the slow ones if it was slow before. There its time begins with the wait.
     *
     * @param letIn whether it is never refused for a full queue, as its document was let in before
     */
    public void submit(boolean letIn) {
        boolean slow = calls.slow().has(request);
        if (slow && begin() == false) {
            return;
        }
        place.waitIn(slow ? calls.apart() : calls.limiter(), letIn);
    }

    /** Starts the clock. False if the call has ended at once. */
    private boolean begin() {
        time.start();
        calls.active().started(this);
        if (time.setDeadline(calls.timer(), this::giveUp) == false) {
            end.fail(CallLimiter.closing());
        }
        if (end.isOver()) {
            // The node closed while the timer was being set.
            time.stop();
        }
        return end.isOver() == false;
    }

    @Override
    public void start() {
        place.take();
        if (end.isOver() || time.hasStarted() == false && begin() == false) {
            place.giveUp();
            return;
        }
        if (exchange.prepare()) {
            attempt();
        }
    }

    @Override
    public void reject(Failure failure) {
        end.fail(failure);
    }

    private void attempt() {
        if (end.isOver()) {
            return;
        }
        if (isApart() == false && calls.slow().has(request)) {
            place.moveTo(calls.apart());
            return;
        }
        Host chosen = calls.hosts().acquire(history.failedHost(), history.refusedHosts());
        history.attempt(chosen);
        attemptsApart += isApart() ? 1 : 0;
        exchange.attempt(chosen, patience());
        if (end.isOver()) {
            // The deadline came between the lines above, and cancelled the exchange before this one.
            exchange.cancel();
        }
    }

    private boolean isApart() {
        return place.isIn(calls.apart());
    }

    /** Half of the time that is left, or all of it if there is no other host to go to. */
    private Duration patience() {
        if (isApart()) {
            return time.patienceApart(attemptsApart);
        }
        return time.patience(calls.hosts().size() > 1 || (history.attempts() == 1 || history.overloaded()) && request.isUrgent() == false);
    }

    @Override
    public void answered(Host from, Answer answer, AttemptOutcome outcome) {
        if (answer.fields() != null) {
            end.succeed(answer.fields());
        } else if (answer.isElsewhere()) {
            elsewhere(from, answer.failure());
        } else if (answer.failure() != null) {
            end.fail(answer.failure());
        } else {
            again(from, answer, outcome);
        }
    }

    private void elsewhere(Host from, Failure failure) {
        history.refused(from, failure);
        if (isWorthAsking()) {
            history.elsewhere(from);
            attempt();
        } else {
            end.fail(history.gravest());
        }
    }

    /** Whether there is a host that has not refused. A picture that another one refused waits for none that is down. */
    private boolean isWorthAsking() {
        return history.isPictureRefused()
            ? calls.hosts().hasHealthyOtherThan(history.refusedHosts())
            : calls.hosts().hasOtherThan(history.refusedHosts());
    }

    private void again(Host from, Answer answer, AttemptOutcome outcome) {
        boolean isLate = outcome.isLate();
        boolean overloaded = answer.blame() == Blame.LOAD;
        history.again(from, answer.again(), overloaded);
        if (isLate == false && history.isPictureRefused() && isWorthAsking() == false) {
            end.fail(history.gravest());
            return;
        }
        boolean overdue = overloaded && answer.again().kind() != Kind.BUSY && outcome.isIdle() == false;
        if (isLate || overdue && isApart()) {
            // Nothing was before it in the line of the slow ones: the picture itself takes that long.
            calls.slow().add(request);
        }
        if (isLate || overdue) {
            place.moveTo(calls.apart());
        } else {
            retry();
        }
    }

    private void retry() {
        long pause = time.pause(history.attempts(), history.overloaded());
        if (pause < 0) {
            giveUp();
            return;
        }
        try {
            calls.timer().apply(pause, history.overloaded() && isApart() == false ? this::goBehind : this::attempt);
        } catch (RuntimeException e) {
            end.fail(CallLimiter.closing());
        }
    }

    /** Waits behind all others: what held it up may come first. */
    private void goBehind() {
        place.moveTo(calls.slow().has(request) ? calls.apart() : calls.limiter());
    }

    @Override
    public void takeBack(Host from) {
        if (exchange.isWith(from)) {
            exchange.cancel();
        }
    }

    private void giveUp() {
        // The next call that gets its place may be one of those that need not wait any longer.
        Runnable first = history.attempts() > 0 ? () -> calls.active().unanswered(this) : () -> {};
        end.fail(history.givenUp(time, exchange.isWaiting()), first);
    }

    @Override
    public void fail(Failure failure) {
        end.fail(failure);
    }

    private void release() {
        time.stop();
        exchange.cancel();
        exchange.drop();
        calls.active().finished(this);
        place.giveUp();
    }
}
