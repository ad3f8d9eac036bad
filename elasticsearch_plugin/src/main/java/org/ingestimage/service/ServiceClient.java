package org.ingestimage.service;

import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;

import javax.net.ssl.SSLContext;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.core.Releasables;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.threadpool.Scheduler;
import org.ingestimage.common.Failure;
import org.ingestimage.common.Failure.Kind;
import org.ingestimage.memory.ExpectedLength;
import org.ingestimage.memory.ResultMemory;
import org.ingestimage.memory.ResultShare;
import org.ingestimage.picture.AllowedUrlHosts;
import org.ingestimage.picture.Marks;
import org.ingestimage.service.ServiceHosts.Host;

/** The node's one way to the processor services: limits, hosts and the HTTP client that all pipelines share. */
public final class ServiceClient implements AutoCloseable {

    /** Slow pictures that are at the services at the same time. */
    private static final int APART = 2;
    /** Runs something later, on a thread that may work. */
    public interface Timer extends BiFunction<Long, Runnable, Scheduler.ScheduledCancellable> {}

    public final ServiceHosts hosts;
    public final CallLimiter limiter;
    /** Where slow pictures are: a few at a time, so that the others have places, there and at the services. */
    final CallLimiter apart;
    final SlowPictures slow = new SlowPictures();
    final HostWatch watch = new HostWatch(this);
    private final InFlightWindow window;
    public final ResultMemory memory;
    public final Marks marks;
    final Executor executor;
    final Timer timer;
    final HttpClient http;
    private final ExpectedLength vectorLength = new ExpectedLength();
    private final Set<ServiceCall> active = ConcurrentHashMap.newKeySet();
    private final AtomicInteger unanswered = new AtomicInteger();
    private volatile long lastAnswerNanos = System.nanoTime();
    private volatile TimeValue timeout;
    private volatile TimeValue searchTimeout;
    private volatile long maxImageBytes;
    private volatile long maxResponseBytes;
    private volatile AllowedUrlHosts urlHosts;
    private volatile boolean closed;

    public ServiceClient(Settings settings, Marks marks, ResultMemory memory, SSLContext trust, Executor executor, Timer timer) {
        this.marks = marks;
        this.memory = memory;
        this.executor = executor;
        this.timer = timer;
        this.hosts = new ServiceHosts(ImageSettings.HOSTS.get(settings), System::nanoTime);
        int maxInFlight = ImageSettings.MAX_IN_FLIGHT.get(settings);
        int queueSize = ImageSettings.QUEUE_SIZE.get(settings);
        this.window = new InFlightWindow(maxInFlight);
        this.limiter = new CallLimiter(executor, maxInFlight, queueSize);
        this.apart = new CallLimiter(executor, APART, queueSize);
        memory.whenFreed(() -> {
            limiter.drain();
            apart.drain();
        });
        setTimeout(ImageSettings.TIMEOUT.get(settings));
        setSearchTimeout(ImageSettings.SEARCH_TIMEOUT.get(settings));
        setMaxImageBytes(ImageSettings.MAX_IMAGE_BYTES.get(settings).getBytes());
        setMaxResponseBytes(ImageSettings.MAX_RESPONSE_BYTES.get(settings).getBytes());
        setUrlHosts(ImageSettings.URL_HOSTS.get(settings));
        HttpClient.Builder builder = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            // The JVM's proxy is for the world outside; the service is next door.
            .proxy(HttpClient.Builder.NO_PROXY)
            .connectTimeout(Duration.ofMillis(ImageSettings.CONNECT_TIMEOUT.get(settings).millis()));
        if (trust != null) {
            builder.sslContext(trust);
        }
        this.http = builder.build();
    }

    /**
     * Processes one picture. The listener is called exactly once, on a thread that may work, or at once when there is no room.
     *
     * @param share of the node's memory: given back when there is no result; else the caller has to
     * @param letIn whether the document of this picture is already being worked on, so that it is not refused because of the queue
     */
    public void process(PictureRequest request, ResultShare share, boolean letIn, ActionListener<Map<String, Object>> listener) {
        new ServiceCall(this, request, share, listener.delegateResponse((passedOn, failure) -> {
            share.close();
            passedOn.onFailure(failure);
        })).submit(letIn);
    }

    /** Asks for a vector. Like {@link #process}, but it waits for its turn no longer than for its answer. */
    public void ask(EmbedRequest request, ActionListener<Map<String, Object>> listener) {
        AtomicReference<ServiceCall> waiting = new AtomicReference<>();
        Scheduler.Cancellable turn;
        try {
            turn = timer.apply(request.timeout().millis(), () -> limiter.rejectWaiting(job -> job == waiting.get(), noTurn(request)));
        } catch (RuntimeException e) {
            listener.onFailure(CallLimiter.closing());
            return;
        }
        ResultShare share = new ResultShare(memory, vectorLength, 0, () -> false);
        ServiceCall call = new ServiceCall(this, request, share, ActionListener.runBefore(listener, () -> Releasables.close(turn::cancel, share)));
        waiting.set(call);
        call.submit(false);
    }

    private static Failure noTurn(EmbedRequest request) {
        String reason = "all processor services were busy for [" + request.timeout() + "] (setting [ingest.image.search_timeout])";
        return new Failure(Kind.UNAVAILABLE, "service_timeout", reason);
    }

    void started(ServiceCall call) {
        active.add(call);
        if (closed) {
            call.fail(CallLimiter.closing());
        }
    }

    void finished(ServiceCall call) {
        active.remove(call);
    }

    /** A call that was sent at this time met a service with too much to do. */
    void overloaded(long sentNanos) {
        window.overloaded(sentNanos, System.nanoTime());
        limiter.setMaxInFlight(window.size());
    }

    /** A picture was answered. */
    void relieved() {
        window.answered();
        limiter.setMaxInFlight(window.size());
    }

    /** The host is silent: what is there goes to others. */
    void takeBack(Host host) {
        active.forEach(call -> call.takeBack(host));
    }

    /** Some host gave an answer, whatever it was: the service is there. */
    void answered() {
        lastAnswerNanos = System.nanoTime();
        unanswered.set(0);
    }

    /**
     * A call used up its time without any answer. When there is reason to think that the service is down, those that wait are failed, too:
     * a bulk then takes one timeout, not one for each handful of its documents. The next bulk tries afresh.
     *
     * <p>One odd picture is no such reason. It takes two, one after the other or at the same time, and a silence long enough.
     */
    void unanswered(ServiceCall call) {
        long given = call.timeout().millis();
        boolean silence = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastAnswerNanos) >= given / 2;
        boolean second = unanswered.incrementAndGet() > 1;
        boolean alone = active.stream().noneMatch(other -> other != call && other.millisPassed() >= given / 2);
        if (silence == false || (second == false && alone)) {
            return;
        }
        Failure failure = new Failure(
            Kind.UNAVAILABLE,
            "service_unavailable",
            "given up while waiting for its turn: no processor service answers the pictures before it (setting [ingest.image.hosts])"
        );
        // Only those who would not be more patient than the one who failed.
        limiter.rejectWaiting(job -> ((ServiceCall) job).timeout().millis() <= given, failure);
    }

    public TimeValue timeout() {
        return timeout;
    }

    public void setTimeout(TimeValue value) {
        timeout = value;
    }

    public TimeValue searchTimeout() {
        return searchTimeout;
    }

    public void setSearchTimeout(TimeValue value) {
        searchTimeout = value;
    }

    public void setHosts(List<URI> uris) {
        hosts.set(uris);
    }

    public void setMaxInFlight(int value) {
        window.setMost(value);
        limiter.setMaxInFlight(value);
    }

    public void setQueueSize(int value) {
        limiter.setQueueSize(value);
        apart.setQueueSize(value);
    }

    boolean isClosed() {
        return closed;
    }

    public long maxImageBytes() {
        return maxImageBytes;
    }

    public void setMaxImageBytes(long value) {
        maxImageBytes = value;
    }

    /** Longest answer that is read: one that the node could never hold twice over would only be refused again and again. */
    public long maxResponseBytes() {
        return Math.min(maxResponseBytes, memory.longestAnswer());
    }

    public void setMaxResponseBytes(long value) {
        maxResponseBytes = value;
    }

    public AllowedUrlHosts urlHosts() {
        return urlHosts;
    }

    public void setUrlHosts(List<String> patterns) {
        urlHosts = new AllowedUrlHosts(patterns);
    }

    /** Fails everything that waits or is under way: a document whose handler is never called would hang its bulk for ever. */
    @Override
    public void close() {
        closed = true;
        limiter.close();
        apart.close();
        active.forEach(call -> call.fail(CallLimiter.closing()));
        Api.close(http);
    }
}
