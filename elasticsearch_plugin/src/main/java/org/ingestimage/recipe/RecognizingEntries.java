package org.ingestimage.recipe;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The operations and properties that need recognition, which a service may lack.
 *
 * @param names by kind, such as `property [text]`
 */
public record RecognizingEntries(Set<String> names) {

    /** Of `recognizing` in the schema, which has the form of a recipe. */
    static RecognizingEntries of(Object recipe) {
        return new RecognizingEntries(recipe instanceof Map<?, ?> map ? namesIn(map) : Set.of());
    }

    /**
     * Those that a processor's configuration asks for, whatever else is wrong with it, and with each what it switches on, such as
     * `property [faces] with [identity]`.
     */
    public List<String> in(Map<?, ?> config) {
        List<String> result = new ArrayList<>();
        collect(true, config.get("operations"), result);
        collect(false, config.get("properties"), result);
        return result;
    }

    /** An operation or property as the user reads it. */
    public static String described(boolean isOperation, Object name) {
        return (isOperation ? "operation [" : "property [") + name + "]";
    }

    /** The same with one of its parameters. */
    public static String with(String described, Object parameter) {
        return described + " with [" + parameter + "]";
    }

    private void collect(boolean areOperations, Object entries, List<String> result) {
        for (Object entry : entries instanceof List<?> list ? list : List.of()) {
            Map<?, ?> named = entry instanceof Map<?, ?> map ? map : Map.of(String.valueOf(entry), Map.of());
            named.forEach((name, parameters) -> {
                String described = described(areOperations, name);
                if (names.contains(described)) {
                    result.add(described);
                    switchedOn(parameters).forEach(parameter -> result.add(with(described, parameter)));
                }
            });
        }
    }

    private static List<Object> switchedOn(Object parameters) {
        List<Object> result = new ArrayList<>();
        if (parameters instanceof Map<?, ?> map) {
            map.forEach((parameter, value) -> {
                if (Boolean.TRUE.equals(value)) {
                    result.add(parameter);
                }
            });
        }
        return result;
    }

    private static Set<String> namesIn(Map<?, ?> recipe) {
        Set<String> result = new HashSet<>();
        for (String kinds : List.of("operations", "properties")) {
            for (Object name : recipe.get(kinds) instanceof List<?> list ? list : List.of()) {
                result.add(described(kinds.equals("operations"), name));
            }
        }
        return result;
    }
}
