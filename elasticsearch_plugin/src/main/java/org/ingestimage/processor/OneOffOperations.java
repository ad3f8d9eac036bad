package org.ingestimage.processor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.common.SafeText;
import org.ingestimage.picture.TargetFields;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.recipe.RecipeSchema;

/**
 * What documents may ask to be done to their pictures once: the option `document_operations` of a pipeline.
 *
 * @param allowed names of operations
 * @param why no other is allowed, and who can allow it: a sentence for the document's writer
 */
record OneOffOperations(Set<String> allowed, String why) {

    private static final Option OPTION = Option.DOCUMENT_OPERATIONS;

    /**
     * Reads the option. Null if its value is wrong: then {@link #expected} says what is right.
     *
     * @param value of the option: true, false or a list of names
     */
    static OneOffOperations of(Object value, Recipe recipe, RecipeSchema schema) {
        if (value instanceof Boolean no && no == false) {
            return new OneOffOperations(Set.of(), "the pipeline says [" + OPTION + ": false], so a document must not carry [operations]");
        }
        if (value instanceof Boolean) {
            return byDefault(recipe, schema);
        }
        if (value instanceof List<?> names && names.stream().allMatch(name -> name instanceof String text && schema.operationNames().contains(text))) {
            Set<String> allowed = new TreeSet<>();
            names.forEach(name -> allowed.add((String) name));
            return new OneOffOperations(allowed, "the pipeline allows documents " + allowed + " and nothing else; its owner can add to [" + OPTION + "]");
        }
        return null;
    }

    /** What the option should be. */
    static String expected(RecipeSchema schema) {
        return "must be true, false or a list of names of operations: " + new TreeSet<>(schema.operationNames());
    }

    private static OneOffOperations byDefault(Recipe recipe, RecipeSchema schema) {
        List<String> protecting = schema.protecting(recipe);
        if (protecting.isEmpty() == false) {
            return new OneOffOperations(
                Set.of(),
                "the pipeline applies " + protecting + ", which operations of a document could undo; its owner can list those that are allowed in ["
                    + OPTION + "]"
            );
        }
        Set<String> allowed = new TreeSet<>(schema.forDocuments());
        return new OneOffOperations(allowed, "documents may ask for " + allowed + "; the pipeline's owner can list others in [" + OPTION + "]");
    }

    /** Those beside the data, or else in the target; null for none. Fails when they are wrong or not allowed. */
    List<Object> of(RecipeSchema schema, Object from, Map<String, Object> existing) throws Failure {
        Object value = from instanceof Map<?, ?> map ? map.get(TargetFields.OPERATIONS) : null;
        if (value == null) {
            value = existing.get(TargetFields.OPERATIONS);
        }
        if (value == null || value instanceof List<?> none && none.isEmpty()) {
            return null;
        }
        if (allowed.isEmpty()) {
            throw new Failure(Code.DOCUMENT_OPERATIONS_DISABLED, why);
        }
        if (value instanceof List == false) {
            throw new Failure(Code.INVALID_RECIPE, "[operations] must be a list, got [" + SafeText.shown(value) + "]");
        }
        List<Object> operations = new ArrayList<>((List<?>) value);
        String problem = schema.operationsProblem(operations);
        if (problem != null) {
            throw new Failure(Code.INVALID_RECIPE, problem);
        }
        for (Object operation : operations) {
            if (allowed.contains(RecipeSchema.name(operation)) == false) {
                throw new Failure(Code.OPERATION_NOT_ALLOWED, "operation [" + RecipeSchema.name(operation) + "]: " + why);
            }
        }
        return operations;
    }
}
