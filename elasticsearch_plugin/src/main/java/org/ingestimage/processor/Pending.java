package org.ingestimage.processor;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;

import org.ingestimage.picture.TargetFields;
import org.ingestimage.recipe.RecipeSchema;

/**
 * Properties that a stored picture does not have yet, as its document says. Nothing is signed about that: who removes a name does without its
 * fields, and who adds one has them made again.
 *
 * @param due those that are made now: the document asks for that, or the pipeline does not let them wait any longer
 * @param waiting the others, sorted
 * @param asked whether the document asks for what is pending
 */
record Pending(List<String> due, List<String> waiting, boolean asked) {

    /** The code of an error that says only that properties could not be added: the picture beside it is as it should be. */
    static final String FAILED = "enrich_failed";

    /**
     * @param source where the picture is read from, which may ask for what is pending
     * @param existing the target before
     */
    static Pending of(Options options, RecipeSchema schema, Object source, Map<String, Object> existing) {
        Object said = existing.get(TargetFields.PENDING);
        TreeSet<String> names = new TreeSet<>();
        (said instanceof List<?> list ? list : said == null ? List.of() : List.of(said)).forEach(name -> names.add(String.valueOf(name)));
        List<Object> properties = options.recipe().properties() == null ? List.of() : options.recipe().properties();
        names.retainAll(properties.stream().map(RecipeSchema::name).toList());
        names.retainAll(schema.later().fields().keySet());
        boolean asked = Boolean.TRUE.equals(existing.get(TargetFields.ENRICH)) || source instanceof Map<?, ?> map && Boolean.TRUE.equals(map.get(TargetFields.ENRICH));
        return new Pending(
            names.stream().filter(name -> asked || options.later().contains(name) == false).toList(),
            names.stream().filter(name -> asked == false && options.later().contains(name)).toList(),
            asked
        );
    }

    boolean isEmpty() {
        return due.isEmpty() && waiting.isEmpty();
    }

    /** All of them. */
    List<String> names() {
        return Stream.concat(due.stream(), waiting.stream()).toList();
    }

    boolean has(String name) {
        return due.contains(name) || waiting.contains(name);
    }

    /** What is written as pending; null for nothing. */
    Object left() {
        return waiting.isEmpty() ? null : waiting;
    }

    /** Puts the time beside names that are pending, unless one is there, and removes it where nobody is to add anything. */
    static void stamp(Map<String, Object> result) {
        boolean failed = result.get(TargetFields.ERROR) instanceof Map<?, ?> error && FAILED.equals(error.get("code"));
        if (result.get(TargetFields.PENDING) == null || failed) {
            result.remove(TargetFields.PENDING_SINCE);
        } else if (result.get(TargetFields.PENDING_SINCE) instanceof String == false) {
            result.put(TargetFields.PENDING_SINCE, Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
        }
    }

    /** Whether the target has an error, other than that something could not be added. */
    boolean isRefused(Map<String, Object> existing) {
        Object error = existing.get(TargetFields.ERROR);
        boolean only = isEmpty() == false && error instanceof Map<?, ?> map && FAILED.equals(map.get("code"));
        return error != null && only == false;
    }
}
