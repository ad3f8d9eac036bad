package org.ingestimage.recipe;

import java.util.ArrayList;
import java.util.LinkedHashSet;
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
        return new RecognizingEntries(Set.copyOf(recipe instanceof Map<?, ?> map ? described(map) : List.of()));
    }

    /** Those that a processor's configuration asks for, whatever else is wrong with it. */
    public List<String> in(Map<?, ?> config) {
        return described(config).stream().filter(names::contains).toList();
    }

    /** An operation or property as the user reads it. */
    public static String described(boolean isOperation, Object name) {
        return (isOperation ? "operation [" : "property [") + name + "]";
    }

    private static List<String> described(Map<?, ?> recipe) {
        List<String> result = new ArrayList<>();
        entries(recipe.get("operations")).forEach(name -> result.add(described(true, name)));
        entries(recipe.get("properties")).forEach(name -> result.add(described(false, name)));
        return result;
    }

    private static Set<Object> entries(Object entries) {
        Set<Object> names = new LinkedHashSet<>();
        for (Object entry : entries instanceof List<?> list ? list : List.of()) {
            names.addAll(entry instanceof Map<?, ?> map ? map.keySet() : Set.of(String.valueOf(entry)));
        }
        return names;
    }
}
