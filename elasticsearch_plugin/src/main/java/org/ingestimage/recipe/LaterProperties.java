package org.ingestimage.recipe;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;

import org.ingestimage.common.SafeText;

/**
 * The properties that may be added to a picture that is stored already.
 *
 * @param fields directly under the target, by the property that they come from
 * @param uses properties that have to come before, if the recipe asks for them: what they find is used
 */
public record LaterProperties(Map<String, List<String>> fields, Map<String, List<String>> uses) {

    static LaterProperties of(Object json) {
        return new LaterProperties(lists(json, "fields"), lists(json, "uses"));
    }

    private static Map<String, List<String>> lists(Object json, String key) {
        Map<String, List<String>> result = new TreeMap<>();
        if (json instanceof Map<?, ?> properties) {
            properties.forEach((name, facts) -> {
                Object values = facts instanceof Map<?, ?> map ? map.get(key) : null;
                result.put(String.valueOf(name), values instanceof List<?> list ? list.stream().map(String::valueOf).toList() : List.of());
            });
        }
        return result;
    }

    /**
     * What is wrong with the names of properties that a pipeline wants later; null when nothing is.
     *
     * @param hidden says by which operation of the recipe a property is hidden; null for those that none hides
     */
    String problem(List<?> names, Collection<String> recipe, Function<String, String> hidden) {
        for (Object name : names) {
            if (name instanceof String == false || fields.containsKey(name) == false) {
                return "[" + SafeText.shown(name) + "] is not one of the properties that can be added later: " + new TreeSet<>(fields.keySet());
            }
            String operation = hidden.apply((String) name);
            if (operation != null) {
                return "[" + name + "] is what operation [" + operation + "] hides before anything is stored, so it can never be later";
            }
            if (recipe.contains(name) == false) {
                return "[" + name + "] is not among the [properties] of the recipe, so there is nothing to add later";
            }
            for (String other : recipe) {
                if (uses.getOrDefault(other, List.of()).contains(name) && names.contains(other) == false) {
                    return "[" + other + "] uses what [" + name + "] finds: name both, or leave out [" + name + "]";
                }
            }
        }
        return null;
    }

    /** Names of the fields that come from these properties. */
    public List<String> fieldsOf(Collection<String> names) {
        return names.stream().flatMap(name -> fields.getOrDefault(name, List.of()).stream()).toList();
    }

    /** These names, and those of what they use. */
    public List<String> withUsed(Collection<String> names) {
        return names.stream().flatMap(name -> Stream.concat(Stream.of(name), uses.getOrDefault(name, List.of()).stream())).toList();
    }
}
