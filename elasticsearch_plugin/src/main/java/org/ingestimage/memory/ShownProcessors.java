package org.ingestimage.memory;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ingest.SimulatePipelineRequest;
import org.elasticsearch.common.xcontent.XContentHelper;

/**
 * How often the answer of a simulation has each document: once, and with `verbose` once for each processor that may run,
 * also those of pipelines that the pipeline calls, and those that run on a failure. A bound: conditions are not asked.
 *
 * @param pipelines that are stored in the cluster, by their ids
 */
public record ShownProcessors(Supplier<Map<String, Map<String, Object>>> pipelines) {

    /**
     * More are not counted. Pipelines that call others twice, which do the same, can come to any number. With so many
     * there is room for the errors of pictures, but for no result.
     */
    static final int MOST = 100_000;

    int in(ActionRequest request) {
        return request instanceof SimulatePipelineRequest simulation && simulation.isVerbose() ? inVerbose(simulation) : 1;
    }

    private int inVerbose(SimulatePipelineRequest simulation) {
        Count count = new Count(pipelines.get());
        try {
            return Math.max(1, simulation.getId() == null ? count.of(inline(simulation)) : count.called(simulation.getId()));
        } catch (RuntimeException e) {
            // The node cannot read it either, and says so itself.
            return 1;
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> inline(SimulatePipelineRequest request) {
        Set<String> pipeline = Set.of("pipeline");
        Map<String, Object> body = XContentHelper.convertToMap(request.getSource(), false, request.getXContentType(), pipeline, null).v2();
        return (Map<String, Object>) body.get("pipeline");
    }

    /** The count of one request. */
    private static final class Count {

        private final Map<String, Map<String, Object>> pipelines;
        /** Those that call this one: the node refuses a pipeline that calls itself. */
        private final Set<String> callers = new HashSet<>();
        private int steps;

        Count(Map<String, Map<String, Object>> pipelines) {
            this.pipelines = pipelines;
        }

        /** Of a pipeline, or of a processor's configuration, which may have processors for its failures. */
        int of(Map<?, ?> holder) {
            int count = 0;
            for (String key : List.of("processors", "on_failure")) {
                for (Object processor : holder.get(key) instanceof List<?> list ? list : List.of()) {
                    count = sum(count, processor instanceof Map<?, ?> map ? ofProcessor(map) : 0);
                }
            }
            return count;
        }

        private int ofProcessor(Map<?, ?> processor) {
            int count = 0;
            for (Map.Entry<?, ?> entry : processor.entrySet()) {
                if (++steps > MOST) {
                    return MOST;
                }
                Map<?, ?> config = entry.getValue() instanceof Map<?, ?> map ? map : Map.of();
                count = sum(sum(count, 1), of(config));
                if ("pipeline".equals(entry.getKey()) && config.get("name") instanceof String name) {
                    count = sum(count, name.contains("{{") ? any() : called(name));
                }
            }
            return count;
        }

        /** The document says which one. */
        private int any() {
            return pipelines.keySet().stream().mapToInt(this::called).max().orElse(0);
        }

        int called(String id) {
            Map<String, Object> pipeline = pipelines.get(id);
            if (pipeline == null || callers.add(id) == false) {
                return 0;
            }
            int count = of(pipeline);
            callers.remove(id);
            return count;
        }

        private static int sum(int one, int other) {
            return Math.min(MOST, one + other);
        }
    }
}
