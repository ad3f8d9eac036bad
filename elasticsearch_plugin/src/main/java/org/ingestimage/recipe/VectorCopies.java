package org.ingestimage.recipe;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;

import org.ingestimage.picture.TargetFields;

/**
 * Vectors that are another form of a field, such as the bits of a hash that the document also has as text.
 *
 * <p>Since 9.2 Elasticsearch returns documents without vectors. When such a document comes back, these vectors are
 * restored here, without a call to the service.
 *
 * @param sources dotted names under the target, of the vector and of the field that it is a copy of
 */
public record VectorCopies(Map<String, String> sources) {

    static VectorCopies of(Object json) {
        Map<String, String> sources = new TreeMap<>();
        if (json instanceof Map<?, ?> map) {
            map.forEach((field, source) -> sources.put(String.valueOf(field), String.valueOf(source)));
        }
        return new VectorCopies(Map.copyOf(sources));
    }

    boolean has(String field) {
        return sources.containsKey(field);
    }

    /** Puts the missing ones into the target, except those in `not`. */
    public void restore(Map<String, Object> target, Collection<String> not) {
        sources.forEach((field, source) -> {
            if (isMissing(target, field, not)) {
                Object value = value(target, source);
                int dot = field.indexOf('.');
                if (dot < 0) {
                    target.put(field, value);
                } else {
                    Map<String, Object> inner = TargetFields.copy(target.get(field.substring(0, dot)));
                    inner.put(field.substring(dot + 1), value);
                    target.put(field.substring(0, dot), inner);
                }
            }
        });
    }

    private boolean isMissing(Map<?, ?> target, String field, Collection<String> not) {
        return not.contains(field) == false && value(target, field) == null && value(target, sources.get(field)) instanceof String;
    }

    /** The value of a name with one dot or none; null when it is not there. */
    private static Object value(Map<?, ?> target, String field) {
        int dot = field.indexOf('.');
        return dot < 0 ? target.get(field) : target.get(field.substring(0, dot)) instanceof Map<?, ?> inner ? inner.get(field.substring(dot + 1)) : null;
    }
}
