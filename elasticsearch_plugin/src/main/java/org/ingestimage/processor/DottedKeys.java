package org.ingestimage.processor;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.elasticsearch.ingest.IngestDocument;
import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.common.SafeText;
import org.ingestimage.picture.TargetFields;

/**
 * Rewrites `{"image.data": ...}` as `{"image": {"data": ...}}`. To Elasticsearch's mapping both are the same field, but
 * a processor would not see the first: the picture would pass unprocessed.
 *
 * <p>Only keys on the way to the field are rewritten, and those of the service's own fields in it. If two keys name the
 * same field, the document is refused. What is changed is copied before.
 */
final class DottedKeys {

    private final String field;
    private final List<String> path;
    private final Set<String> ours;

    private DottedKeys(String field, List<String> path, Set<String> ours) {
        this.field = field;
        this.path = path;
        this.ours = ours;
    }

    /**
     * Rewrites them in the document.
     *
     * @param field of the pipeline, which may be dotted itself
     * @param fields names that the service writes or reads under it
     */
    static void expand(IngestDocument document, String field, Set<String> fields) throws Failure {
        FieldPlace place = FieldPlace.of(document, field);
        Map<String, Object> root = place.root();
        Set<String> ours = new HashSet<>(fields);
        ours.addAll(List.of(TargetFields.DATA, TargetFields.URL));
        Map<String, Object> expanded = new DottedKeys(field, List.of(place.way().split("\\.")), ours).of(root, 0);
        if (expanded != root) {
            root.keySet().retainAll(expanded.keySet());
            root.putAll(expanded);
        }
    }

    /** The same object if there is nothing to rewrite. `depth`: how many names of the path lead to it. */
    private Map<String, Object> of(Map<String, Object> object, int depth) throws Failure {
        boolean onTheWay = depth < path.size();
        Map<String, Object> result = lifted(object, onTheWay ? Set.of(path.get(depth)) : ours);
        if (onTheWay && result.get(path.get(depth)) != null) {
            Object before = result.get(path.get(depth));
            Object after = value(before, depth + 1);
            if (after != before) {
                result = result == object ? new LinkedHashMap<>(object) : result;
                result.put(path.get(depth), after);
            }
        }
        return result;
    }

    @SuppressWarnings("unchecked")
    private Object value(Object value, int depth) throws Failure {
        if (value instanceof Map) {
            return of((Map<String, Object>) value, depth);
        }
        if (value instanceof List<?> list) {
            return depth < path.size() ? throughList(list, depth) : elements(list, depth);
        }
        return value;
    }

    private Object elements(List<?> list, int depth) throws Failure {
        List<Object> result = new ArrayList<>(list.size());
        boolean changed = false;
        for (Object before : list) {
            // A list within a list is not a picture, which is said later.
            Object after = before instanceof Map ? value(before, depth) : before;
            changed |= after != before;
            result.add(after);
        }
        return changed ? result : list;
    }

    /**
     * A list on the way to the field: the mapping looks into all of its objects, a processor into one with a number.
     */
    private Object throughList(List<?> list, int depth) throws Failure {
        String name = path.get(depth);
        if (name.chars().allMatch(Character::isDigit)) {
            int index = name.length() < 9 ? Integer.parseInt(name) : list.size();
            if (index >= list.size()) {
                return list;
            }
            Object after = depth + 1 < path.size() || list.get(index) instanceof Map ? value(list.get(index), depth + 1) : list.get(index);
            List<Object> result = new ArrayList<>(list);
            result.set(index, after);
            return after == list.get(index) ? list : result;
        }
        for (Object element : list) {
            if (element instanceof List<?> inner) {
                throughList(inner, depth);
            } else if (element instanceof Map<?, ?> map && map.keySet().stream().anyMatch(key -> key.equals(name) || isBelow(key, name))) {
                throw refused("[" + String.join(".", path.subList(0, depth)) + "] is a list; write it as one object, or use a list of pictures");
            }
        }
        return list;
    }

    private static boolean isBelow(Object key, String name) {
        return key instanceof String text && text.startsWith(name + ".");
    }

    /** The object with the first name of each dotted key as an object of its own, if it is one of `names`. */
    @SuppressWarnings("unchecked")
    private Map<String, Object> lifted(Map<String, Object> object, Set<String> names) throws Failure {
        Map<String, Object> result = object;
        for (String key : object.keySet()) {
            int dot = key.indexOf('.');
            if (dot < 0 || names.contains(key.substring(0, dot)) == false) {
                continue;
            }
            String name = key.substring(0, dot);
            String rest = key.substring(dot + 1);
            Object there = result.get(name);
            boolean free = there == null || there instanceof Map<?, ?> map && map.containsKey(rest) == false;
            if (free == false || rest.startsWith(".") || rest.endsWith(".") || rest.isEmpty() || rest.contains("..")) {
                throw refused("the key [" + SafeText.shown(key) + "] cannot be read as an object beside the others; write each thing once, as in "
                    + "{\"image\": {\"data\": ...}}");
            }
            Map<String, Object> below = TargetFields.copy(there);
            below.put(rest, object.get(key));
            result = result == object ? new LinkedHashMap<>(object) : result;
            result.remove(key);
            result.put(name, below);
        }
        return result;
    }

    private Failure refused(String reason) {
        return new Failure(Code.AMBIGUOUS_FIELD, reason + " (the pipeline's field is [" + field + "])");
    }
}
