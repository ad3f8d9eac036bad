package org.ingestimage;

import java.util.List;
import java.util.Map;

import org.ingestimage.Failure.Kind;

/** What a document asks to be done to its picture once. */
final class OneOffOperations {

    private OneOffOperations() {}

    /** They stand beside the data, or in the target. Null when there are none; a failure when they are wrong or not allowed. */
    static List<Object> of(ProcessorContext context, Object from, Map<String, Object> existing) throws Failure {
        Object value = from instanceof Map<?, ?> map ? map.get(Target.OPERATIONS) : null;
        if (value == null) {
            value = existing.get(Target.OPERATIONS);
        }
        if (value == null || value instanceof List<?> none && none.isEmpty()) {
            return null;
        }
        if (context.options().documentOperations() == false) {
            throw new Failure(
                Kind.REQUEST,
                "document_operations_disabled",
                "the pipeline says [document_operations: false], so a document must not carry [operations]"
            );
        }
        if (value instanceof List == false) {
            throw new Failure(Kind.REQUEST, "invalid_recipe", "[operations] must be a list, got [" + Text.shown(value) + "]");
        }
        @SuppressWarnings("unchecked")
        List<Object> operations = (List<Object>) value;
        String problem = context.schema().operationsProblem(operations);
        if (problem != null) {
            throw new Failure(Kind.REQUEST, "invalid_recipe", problem);
        }
        return operations;
    }
}
