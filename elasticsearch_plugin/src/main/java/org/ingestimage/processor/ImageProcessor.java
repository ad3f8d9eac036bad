package org.ingestimage.processor;

import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.ingest.AbstractProcessor;
import org.elasticsearch.ingest.IngestDocument;
import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.memory.BulkResults;
import org.ingestimage.memory.ExpectedLength;
import org.ingestimage.service.wire.PictureRequest;

/**
 * The `image` processor: sends the pictures of a document to the processor service, and goes on when they are back.
 *
 * <p>It never waits: `execute` returns at once, and calls the handler later. It calls the handler exactly once,
 * whatever happens: without that call the bulk would hang forever, as nothing above has a timeout.
 */
public final class ImageProcessor extends AbstractProcessor {

    /** The name of the processor in a pipeline. */
    public static final String TYPE = Option.TYPE;

    private final Options options;
    private final ProcessorEnvironment environment;
    private final ExpectedLength expected = new ExpectedLength();
    /** For pictures with one-off operations, which may make them larger than all others of the pipeline. */
    private final ExpectedLength expectedOfOneOffs = new ExpectedLength();

    private ImageProcessor(String tag, String description, Options options, ProcessorEnvironment environment) {
        super(tag, description);
        this.options = options;
        this.environment = environment;
    }

    /** Called on the thread that applies cluster states: only reads the configuration. */
    static ImageProcessor make(ProcessorEnvironment environment, String tag, String description, Map<String, Object> config) {
        return new ImageProcessor(tag, description, Options.read(tag, config, environment.schema()), environment);
    }

    @Override
    public String getType() {
        return TYPE;
    }

    /** Otherwise the node would call the synchronous method, which cannot do anything. */
    @Override
    public boolean isAsync() {
        return true;
    }

    @Override
    public IngestDocument execute(IngestDocument document) {
        throw new UnsupportedOperationException("the [image] processor works asynchronously only");
    }

    @Override
    public void execute(IngestDocument document, BiConsumer<IngestDocument, Exception> handler) {
        DocumentPictures pictures = null;
        Exception failure = null;
        try {
            refuseWhileStarting();
            pictures = new DocumentPictures(options, environment, document);
        } catch (Exception e) {
            failure = e;
        }
        if (failure != null) {
            conceal(document);
            handler.accept(null, failure);
            return;
        }
        if (pictures.areDone()) {
            finish(null, pictures, document, handler);
            return;
        }
        RefusedObjects.put(environment.threadContext(), document.getMetadata().getIndex(), options.targetField());
        AtomicReference<DocumentCalls> calls = new AtomicReference<>();
        DocumentPictures all = pictures;
        Runnable finish = onAnotherThread(() -> finish(calls.get(), all, document, handler));
        BulkResults bulk = BulkResults.of(environment.threadContext());
        calls.set(new DocumentCalls(environment.client(), pictures, bulk, this::expectedOf, finish));
        calls.get().advance();
    }

    private ExpectedLength expectedOf(PictureRequest request) {
        return request.documentOperations() == null ? expected : expectedOfOneOffs;
    }

    private void refuseWhileStarting() throws Exception {
        if (environment.client() == null) {
            throw new Failure(Code.NODE_STARTING, "this node is still starting").toException(options.field());
        }
    }

    /**
     * Runs the rest of the pipeline with the request's own context: its headers, and those of its answer. It gets a
     * thread of its own, because many documents may end on one thread, one after the other: one that throws, or takes
     * long, must not hold up the others.
     */
    private Runnable onAnotherThread(Runnable work) {
        Supplier<ThreadContext.StoredContext> context = environment.threadContext().newRestorableContext(false);
        Runnable finish = () -> {
            try (ThreadContext.StoredContext ignored = context.get()) {
                work.run();
            }
        };
        Executor executor = environment.executor();
        return () -> {
            boolean accepted = true;
            try {
                executor.execute(finish);
            } catch (RuntimeException e) {
                // The node is stopping. The handler must be called, on whatever thread.
                accepted = false;
            }
            if (accepted == false) {
                finish.run();
            }
        };
    }

    /**
     * Removes the pictures from a document that failed. With `ignore_failure` or `on_failure` it is stored
     * nevertheless, and what must not be seen was not hidden in them.
     */
    private void conceal(IngestDocument document) {
        if (options.conceals()) {
            Concealment.remove(document, options.field());
            Concealment.remove(document, options.targetField());
        }
    }

    private void finish(
        DocumentCalls calls,
        DocumentPictures pictures,
        IngestDocument document,
        BiConsumer<IngestDocument, Exception> handler
    ) {
        Exception failure = null;
        try {
            pictures.apply();
        } catch (Exception e) {
            failure = e;
        } catch (Error e) {
            failure = new Failure(Code.INTERNAL_ERROR, e.getClass().getSimpleName()).toException(pictures.field());
        }
        // Outside of the try: what the rest of the pipeline throws must not call the handler again.
        if (failure != null && pictures.areMade() == false) {
            conceal(document);
        }
        if (calls == null) {
            handler.accept(failure == null ? document : null, failure);
        } else if (failure == null) {
            try {
                handler.accept(document, null);
            } finally {
                calls.written();
            }
        } else {
            calls.dropped();
            handler.accept(null, failure);
        }
    }
}
