package org.ingestimage.processor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.ingest.PutPipelineRequest;
import org.elasticsearch.action.ingest.PutPipelineTransportAction;
import org.elasticsearch.action.support.ActionFilterChain;
import org.elasticsearch.action.support.MappedActionFilter;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.common.xcontent.XContentHelper;
import org.elasticsearch.tasks.Task;
import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.common.SafeText;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.service.ServiceClient;

/**
 * Stands around `PUT _ingest/pipeline`: a pipeline that asks for what no service has (recognition is an extra of the service) is refused. The
 * services are asked here and not where processors are made: that is the thread that applies cluster states, also when a node starts.
 *
 * @param schema knows what services may lack: for other pipelines nobody is asked
 * @param context of the node; there is none before it has started
 * @param client to the services; the same
 */
public record PipelineFilter(RecipeSchema schema, Supplier<ThreadContext> context, Supplier<ServiceClient> client)
    implements
        MappedActionFilter {

    private static final int LONGEST_LACK = 300;

    @Override
    public String actionName() {
        return PutPipelineTransportAction.TYPE.name();
    }

    @Override
    public <Request extends ActionRequest, Response extends ActionResponse> void apply(
        Task task,
        String action,
        Request request,
        ActionListener<Response> listener,
        ActionFilterChain<Request, Response> chain
    ) {
        List<String> wanted = request instanceof PutPipelineRequest put ? wanted(put) : List.of();
        ServiceClient services = client.get();
        if (wanted.isEmpty() || services == null) {
            chain.proceed(task, action, request, listener);
            return;
        }
        Supplier<ThreadContext.StoredContext> restored = context.get().newRestorableContext(false);
        services.lacking(ActionListener.wrap(lacks -> {
            List<String> lacking = wanted.stream().filter(lacks::containsKey).toList();
            try (var ignored = restored.get()) {
                if (lacking.isEmpty()) {
                    chain.proceed(task, action, request, listener);
                } else {
                    listener.onFailure(refusal(lacking, lacks.get(lacking.get(0))));
                }
            }
        }, listener::onFailure));
    }

    private static Exception refusal(List<String> lacking, String lack) {
        String reason = String.join(", ", lacking) + " cannot be done by the processor service: " + SafeText.oneLine(lack, LONGEST_LACK);
        return new Failure(Code.RECOGNITION_OFF, reason).toException();
    }

    /** What services may lack of what the pipeline asks for; nothing when it cannot be read, which the node says itself. */
    private List<String> wanted(PutPipelineRequest request) {
        try {
            List<String> wanted = new ArrayList<>();
            collect(XContentHelper.convertToMap(request.getSource(), false, request.getXContentType()).v2(), wanted);
            return wanted.stream().distinct().toList();
        } catch (RuntimeException e) {
            return List.of();
        }
    }

    /** From a pipeline, or from a processor's configuration that has processors in it. */
    private void collect(Map<String, Object> holder, List<String> wanted) {
        for (String key : List.of("processors", "on_failure", "processor")) {
            Object value = holder.get(key);
            for (Object processor : value instanceof List<?> list ? list : value instanceof Map ? List.of(value) : List.of()) {
                if (processor instanceof Map<?, ?> map) {
                    map.forEach((type, config) -> collectFrom(type, config, wanted));
                }
            }
        }
    }

    @SuppressWarnings("unchecked")
    private void collectFrom(Object type, Object config, List<String> wanted) {
        if (config instanceof Map) {
            Map<String, Object> options = (Map<String, Object>) config;
            wanted.addAll(ImageProcessor.TYPE.equals(type) ? schema.recognizing().in(options) : List.of());
            collect(options, wanted);
        }
    }
}
