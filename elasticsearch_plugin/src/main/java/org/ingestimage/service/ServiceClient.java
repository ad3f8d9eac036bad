package org.ingestimage.service;

import java.net.URI;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.core.Releasables;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.threadpool.Scheduler;
import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.common.Timer;
import org.ingestimage.memory.ExpectedLength;
import org.ingestimage.memory.ResultMemory;
import org.ingestimage.memory.ResultShare;
import org.ingestimage.picture.AllowedUrlHosts;
import org.ingestimage.picture.Marks;
import org.ingestimage.service.calls.CallEnvironment;
import org.ingestimage.service.calls.ServiceCall;
import org.ingestimage.service.hosts.HostNames;
import org.ingestimage.service.hosts.NameResolver;
import org.ingestimage.service.hosts.ServiceHosts;
import org.ingestimage.service.hosts.ServiceHttp;
import org.ingestimage.service.load.ActiveCalls;
import org.ingestimage.service.load.CallLimiter;
import org.ingestimage.service.load.HostWatch;
import org.ingestimage.service.load.InFlightWindow;
import org.ingestimage.service.load.SlowPictures;
import org.ingestimage.service.wire.EmbedRequest;
import org.ingestimage.service.wire.PictureRequest;

/** The node's one way to the processor services: limits, hosts and the HTTP client that all pipelines share. */
public final class ServiceClient implements AutoCloseable {

    /** Most slow pictures that are at the services at the same time. */
    private static final int APART = 2;

    private final CallEnvironment calls;
    private final HostNames names;
    private final ResultMemory memory;
    private final ExpectedLength vectorLength = new ExpectedLength();
    private volatile Limits limits;

    /**
     * @param trust for https hosts; null for that of the JVM
     * @param resolver of the names of hosts
     */
    public ServiceClient(Settings settings, Marks marks, ResultMemory memory, SSLContext trust, Executor executor, Timer timer, NameResolver resolver) {
        this.memory = memory;
        this.limits = Limits.of(settings);
        ServiceHttp http = new ServiceHttp(ImageSettings.CONNECT_TIMEOUT.get(settings), trust);
        ServiceHosts hosts = new ServiceHosts(System::nanoTime);
        this.names = new HostNames(hosts, resolver, timer);
        CallLimiter limiter = new CallLimiter(executor, limits.maxInFlight(), limits.queueSize());
        CallLimiter apart = new CallLimiter(executor, APART, limits.queueSize());
        ActiveCalls active = new ActiveCalls(limiter);
        this.calls = new CallEnvironment(
            hosts,
            new HostWatch(hosts, active, http, timer),
            limiter,
            apart,
            new InFlightWindow(limiter, limits.maxInFlight()),
            new SlowPictures(),
            active,
            marks,
            this::maxResponseBytes,
            http,
            executor,
            timer
        );
        names.set(ImageSettings.HOSTS.get(settings));
        memory.whenFreed(() -> {
            limiter.drain();
            apart.drain();
        });
    }

    /** Applies the settings of {@link ImageSettings#DYNAMIC}, from the next call on. */
    public synchronized void apply(Settings settings) {
        Limits before = limits;
        limits = Limits.of(settings);
        names.set(ImageSettings.HOSTS.get(settings));
        calls.http().keep(ImageSettings.HOSTS.get(settings).stream().map(URI::getHost).collect(Collectors.toSet()));
        // What was learned about the load stays if another setting has changed.
        if (limits.maxInFlight() != before.maxInFlight()) {
            calls.window().setMost(limits.maxInFlight());
        }
        calls.limiter().setQueueSize(limits.queueSize());
        calls.apart().setQueueSize(limits.queueSize());
    }

    /**
     * Processes one picture. The listener is called exactly once, on a thread that may work, or at once when there is no room.
     *
     * @param share of the node's memory; given back here if there is no result, otherwise by the caller
     * @param letIn whether its document is already being worked on, so that it is never refused for a full queue
     */
    public void process(PictureRequest request, ResultShare share, boolean letIn, ActionListener<Map<String, Object>> listener) {
        new ServiceCall(calls, request, share, listener.delegateResponse((passedOn, failure) -> {
            share.close();
            passedOn.onFailure(failure);
        })).submit(letIn);
    }

    /** Asks for a vector. Like {@link #process}, but the request's timeout bounds the wait for its turn, too. */
    public void ask(EmbedRequest request, ActionListener<Map<String, Object>> listener) {
        AtomicReference<ServiceCall> waiting = new AtomicReference<>();
        Scheduler.Cancellable turn;
        try {
            turn = calls.timer()
                .apply(request.timeout().millis(), () -> calls.limiter().rejectWaiting(job -> job == waiting.get(), noTurn(request)));
        } catch (RuntimeException e) {
            listener.onFailure(CallLimiter.closing());
            return;
        }
        ResultShare share = new ResultShare(memory, vectorLength, 0, 1, () -> false);
        ServiceCall call = new ServiceCall(calls, request, share, ActionListener.runBefore(listener, () -> Releasables.close(turn::cancel, share)));
        waiting.set(call);
        call.submit(false);
    }

    /**
     * Asks all services what they lack, such as `property [text]`, with the reason. The listener gets what is missing in every one of those that
     * answer within seconds, on a thread that may work; nothing if none answers.
     */
    public void lacking(ActionListener<Map<String, String>> listener) {
        new Catalogue(calls, memory).lacking(listener);
    }

    private static Failure noTurn(EmbedRequest request) {
        String reason = "all processor services were busy for [" + request.timeout() + "] (setting [ingest.image.search_timeout])";
        return new Failure(Code.SERVICE_TIMEOUT, reason);
    }

    /** Whether there is room for another picture of a document with `underWay` calls; with none it may always try. */
    public boolean hasRoom(int underWay) {
        return underWay == 0 || underWay < calls.limiter().maxInFlight() && calls.limiter().hasRoom();
    }

    /** The node's account of results. */
    public ResultMemory memory() {
        return memory;
    }

    public Marks marks() {
        return calls.marks();
    }

    public TimeValue timeout() {
        return limits.timeout();
    }

    public TimeValue searchTimeout() {
        return limits.searchTimeout();
    }

    /** In bytes before base64. */
    public long maxImageBytes() {
        return limits.maxImageBytes();
    }

    /** Longest answer that is read: the node could never hold two copies of a longer one. */
    public long maxResponseBytes() {
        return Math.min(limits.maxResponseBytes(), memory.longestAnswer());
    }

    public AllowedUrlHosts urlHosts() {
        return limits.urlHosts();
    }

    /** Fails everything that waits or is under way: without an answer a bulk would hang forever. */
    @Override
    public void close() {
        calls.limiter().close();
        calls.apart().close();
        calls.active().close();
        calls.http().close();
    }
}
