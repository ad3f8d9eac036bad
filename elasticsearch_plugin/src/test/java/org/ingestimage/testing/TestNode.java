package org.ingestimage.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.common.settings.SecureString;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.threadpool.Scheduler;
import org.ingestimage.common.Failure;
import org.ingestimage.memory.ExpectedLength;
import org.ingestimage.memory.ResultMemory;
import org.ingestimage.memory.ResultShare;
import org.ingestimage.picture.Marks;
import org.ingestimage.processor.ImageFactory;
import org.ingestimage.processor.ImageProcessor;
import org.ingestimage.processor.ProcessorEnvironment;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.service.ServiceClient;
import org.ingestimage.service.hosts.NameResolver;
import org.ingestimage.service.wire.PictureRequest;

/** What a node gives to the plugin, with real threads, a real thread context and a real HTTP client. */
public final class TestNode implements AutoCloseable {

    public static final String TOKEN = "secret-token";

    /** What became of a document. */
    public record Result(IngestDocument document, Exception failure, String thread, int handlerCalls) {

        public Object get(String path) {
            if (failure != null) {
                fail("the document failed", failure);
            }
            return document.getFieldValue(path, Object.class, true);
        }

        public String message() {
            assertNotNull(failure, "the document should have failed");
            return failure.getMessage();
        }
    }

    public final ThreadContext threadContext = new ThreadContext(Settings.EMPTY);
    public final ExecutorService generic = Executors.newCachedThreadPool(runnable -> new Thread(runnable, "generic"));
    final ScheduledThreadPoolExecutor schedule = new ScheduledThreadPoolExecutor(1);
    public final Marks marks;
    public final ResultMemory memory = new ResultMemory();
    public final ServiceClient client;
    private Settings settings;
    final ProcessorEnvironment environment;

    public TestNode(Settings.Builder settings) {
        this(settings, TOKEN);
    }

    public TestNode(Settings.Builder settings, String token) {
        this(settings, token, InetAddress::getAllByName);
    }

    public TestNode(Settings.Builder settings, String token, NameResolver names) {
        // As the node's scheduler does: a deadline that is cancelled holds nothing.
        schedule.setRemoveOnCancelPolicy(true);
        marks = new Marks(new SecureString(token.toCharArray()), new SecureString(new char[0]));
        this.settings = settings.build();
        client = new ServiceClient(this.settings, marks, memory, null, generic, this::schedule, names);
        environment = new ProcessorEnvironment(RecipeSchema.packed(), threadContext, generic, () -> client);
    }

    /** Changes settings of the running node. */
    public void set(UnaryOperator<Settings.Builder> change) {
        settings = change.apply(Settings.builder().put(settings)).build();
        client.apply(settings);
    }

    public static Settings.Builder hosts(FakeService... services) {
        return Settings.builder()
            .putList("ingest.image.hosts", Arrays.stream(services).map(service -> service.uri().toString()).toList())
            // As long as a busy machine may need for it.
            .put("ingest.image.timeout", "50s");
    }

    public Scheduler.ScheduledCancellable schedule(long millis, Runnable runnable) {
        ScheduledFuture<?> future = schedule.schedule(() -> generic.execute(runnable), millis, TimeUnit.MILLISECONDS);
        return new Scheduler.ScheduledCancellable() {
            @Override
            public long getDelay(TimeUnit unit) {
                return future.getDelay(unit);
            }

            @Override
            public int compareTo(java.util.concurrent.Delayed other) {
                return future.compareTo(other);
            }

            @Override
            public boolean cancel() {
                return future.cancel(false);
            }

            @Override
            public boolean isCancelled() {
                return future.isCancelled();
            }
        };
    }

    public ImageProcessor processor(Map<String, Object> config) {
        Map<String, Object> left = new HashMap<>(config);
        ImageProcessor processor;
        try {
            processor = (ImageProcessor) TestApi.create(new ImageFactory(environment), left);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        assertEquals(Map.of(), left, "options that were not read");
        return processor;
    }

    /** Runs a document through and waits a little for a second call of the handler, which must never come. */
    public Result run(Map<String, Object> config, Map<String, Object> source) {
        CompletableFuture<Result> future = start(processor(config), document(source));
        try {
            return future.get(120, TimeUnit.SECONDS);
        } catch (Exception e) {
            return fail("the handler was not called", e);
        }
    }

    /** The same with a time that is over at some point, as attempts go on until then: ever more of it, until what is awaited has come of it. */
    public Result runUntil(Predicate<Result> awaited, Map<String, Object> config, Map<String, Object> source) {
        Result result = null;
        for (int millis = 300; millis < 30_000 && (result == null || awaited.test(result) == false); millis *= 3) {
            Map<String, Object> timed = new HashMap<>(config);
            timed.put("timeout", millis + "ms");
            result = run(timed, new HashMap<>(source));
        }
        return result;
    }

    public final AtomicInteger started = new AtomicInteger();
    public final AtomicInteger handlerCalls = new AtomicInteger();

    public CompletableFuture<Result> start(ImageProcessor processor, IngestDocument document) {
        CompletableFuture<Result> future = new CompletableFuture<>();
        AtomicInteger calls = new AtomicInteger();
        started.incrementAndGet();
        processor.execute(document, (result, failure) -> {
            handlerCalls.incrementAndGet();
            future.complete(new Result(result, failure, Thread.currentThread().getName(), calls.incrementAndGet()));
        });
        return future;
    }

    public static IngestDocument document(Map<String, Object> source) {
        return new IngestDocument("images", "1", 1, null, null, new HashMap<>(source));
    }

    public ResultShare share() {
        return new ResultShare(memory, new ExpectedLength(), 0, 1, () -> false);
    }

    /** One call of the client: fields or a failure. */
    public CompletableFuture<Map<String, Object>> call(Object data, String timeout) {
        CompletableFuture<Map<String, Object>> future = new CompletableFuture<>();
        AtomicInteger calls = new AtomicInteger();
        TimeValue time = timeout == null ? client.timeout() : TimeValue.parseTimeValue(timeout, "timeout");
        client.process(
            new PictureRequest(data, null, null, Recipe.of(List.of("auto_orient"), null), List.of(), null, false, false, false, false, 0, time, null),
            share(),
            false,
            ActionListener.wrap(future::complete, failure -> {
                if (calls.incrementAndGet() > 1) {
                    throw new AssertionError("the listener was called twice");
                }
                future.completeExceptionally(failure);
            })
        );
        return future;
    }

    /** The failure of one call. */
    public Failure failure(Object data, String timeout) {
        try {
            Map<String, Object> fields = call(data, timeout).get(120, TimeUnit.SECONDS);
            return fail("should have failed, got " + fields);
        } catch (java.util.concurrent.ExecutionException e) {
            return (Failure) e.getCause();
        } catch (Exception e) {
            return fail("no answer", e);
        }
    }

    /** Waits until it is so; fails after a minute. */
    public static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (condition.getAsBoolean() == false) {
            assertTrue(System.nanoTime() < end, "waited in vain");
            Thread.sleep(5);
        }
    }

    @Override
    public void close() {
        client.close();
        generic.shutdownNow();
        schedule.shutdownNow();
    }
}
