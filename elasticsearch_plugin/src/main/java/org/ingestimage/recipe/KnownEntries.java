package org.ingestimage.recipe;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import org.ingestimage.common.SafeText;

/** The operations, or the properties, that a recipe can name. */
final class KnownEntries {

    private final String kind;
    private final String kinds;
    private final Map<String, SchemaValidator> known;
    private final int most;

    /**
     * @param kind such as `operation`
     * @param kinds its plural
     * @param known what checks the parameters of each, by its name
     * @param most entries that a list may have
     */
    KnownEntries(String kind, String kinds, Map<String, SchemaValidator> known, int most) {
        this.kind = kind;
        this.kinds = kinds;
        this.known = known;
        this.most = most;
    }

    Set<String> names() {
        return known.keySet();
    }

    /** The first thing that is wrong with a list of them; null when nothing is. */
    String problem(List<?> entries) {
        if (entries.size() > most) {
            return "[" + kinds + "] has " + entries.size() + " entries, at most " + most + " are accepted";
        }
        for (Object entry : entries) {
            String problem = problem(entry);
            if (problem != null) {
                return problem;
            }
        }
        return null;
    }

    private String problem(Object entry) {
        String name;
        Object parameters = Map.of();
        if (entry instanceof String text) {
            name = text;
        } else if (entry instanceof Map<?, ?> map && map.size() == 1) {
            name = String.valueOf(map.keySet().iterator().next());
            parameters = map.values().iterator().next();
        } else {
            return "each of [" + kinds + "] must be a name or an object with one key, got [" + SafeText.shown(entry) + "]" + valid();
        }
        SchemaValidator validator = known.get(name);
        if (validator == null) {
            return "unknown " + kind + " [" + SafeText.shown(name) + "]" + valid();
        }
        String problem = validator.problem(parameters);
        return problem == null ? null : kind + " [" + name + "]: " + problem;
    }

    private String valid() {
        return "; valid " + kinds + " are " + new TreeSet<>(known.keySet());
    }
}
