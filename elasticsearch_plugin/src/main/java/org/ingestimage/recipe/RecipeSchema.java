package org.ingestimage.recipe;

import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

import org.ingestimage.common.Json;
import org.ingestimage.common.SafeText;
import org.ingestimage.picture.TargetFields;

/**
 * The operations and properties that the service knows, and their parameters.
 *
 * <p>Rendered from the service's declarations (recipe-schema.json) and packed into the plugin, so that a wrong recipe is refused when the
 * pipeline is stored and not with the first document.
 */
public final class RecipeSchema {

    private final Map<String, SchemaValidator> operations;
    private final Map<String, SchemaValidator> properties;
    private final Map<String, SchemaValidator> answer;
    private final List<String> fields;
    /** Fields that only the first picture of a document has. */
    private final List<String> firstFields;
    /** Those of them that the service has to make, by the property that they come from; the others are copies. */
    private final Map<String, List<String>> onlyFirst;
    private final VectorCopies copies;
    /** Lists of objects that have a vector each, by the property that they come from: name of the list, and of the vector. */
    private final Map<String, Map<String, String>> vectorLists;
    /** Fields that hold a picture beside `data`. */
    private final Map<String, Integer> pictures;
    private final List<String> forDocuments;
    private final List<String> protecting;
    /** Operations that hide what must not be seen, with the parameter that names what: properties that would find nothing. */
    private final Map<String, String> concealing;
    private final RecognizingEntries recognizing;
    /** Of a list of operations or properties. */
    private final int mostEntries;

    private RecipeSchema(
        Map<String, SchemaValidator> operations,
        Map<String, SchemaValidator> properties,
        Map<String, SchemaValidator> answer,
        List<String> fields,
        Map<String, List<String>> onlyFirst,
        VectorCopies copies,
        Map<String, Map<String, String>> vectorLists,
        Map<String, Integer> pictures,
        List<String> forDocuments,
        List<String> protecting,
        Map<String, String> concealing,
        RecognizingEntries recognizing,
        int mostEntries
    ) {
        this.firstFields = onlyFirst.values().stream().flatMap(List::stream).toList();
        this.onlyFirst = new TreeMap<>(onlyFirst);
        this.onlyFirst.replaceAll((property, names) -> names.stream().filter(name -> copies.has(name) == false).toList());
        this.onlyFirst.values().removeIf(List::isEmpty);
        this.copies = copies;
        this.vectorLists = vectorLists;
        this.pictures = pictures;
        this.forDocuments = forDocuments;
        this.protecting = protecting;
        this.concealing = concealing;
        this.recognizing = recognizing;
        this.mostEntries = mostEntries;
        this.operations = operations;
        this.properties = properties;
        this.answer = answer;
        this.fields = fields;
    }

    /** Reads the schema that is packed into the plugin. */
    public static RecipeSchema packed() {
        try (InputStream in = RecipeSchema.class.getResourceAsStream("/recipe-schema.json")) {
            return of(Json.read(in.readAllBytes()));
        } catch (IOException e) {
            throw new IllegalStateException("recipe-schema.json in the plugin cannot be read", e);
        }
    }

    static RecipeSchema of(Map<String, Object> json) {
        Map<String, List<String>> onlyFirst = new TreeMap<>();
        if (json.get("only_first") instanceof Map<?, ?> map) {
            map.forEach((property, names) -> onlyFirst.put(String.valueOf(property), strings(names)));
        }
        return new RecipeSchema(
            validators(json.get("operations")),
            validators(json.get("properties")),
            validators(json.getOrDefault("answer", Map.of())),
            strings(json.get("fields")),
            onlyFirst,
            VectorCopies.of(json.get("copies")),
            vectorLists(json.get("vector_lists")),
            pictures(json.get("pictures")),
            strings(json.get("for_documents")),
            strings(json.get("protecting")),
            texts(json.get("concealing")),
            RecognizingEntries.of(json.get("recognizing")),
            json.get("most_entries") instanceof Integer most ? most : Integer.MAX_VALUE
        );
    }

    private static List<String> strings(Object value) {
        return value instanceof List<?> list ? list.stream().map(String::valueOf).toList() : List.of();
    }

    private static Map<String, String> texts(Object json) {
        Map<String, String> result = new TreeMap<>();
        if (json instanceof Map<?, ?> map) {
            map.forEach((name, text) -> result.put(String.valueOf(name), String.valueOf(text)));
        }
        return result;
    }

    private static Map<String, Map<String, String>> vectorLists(Object json) {
        Map<String, Map<String, String>> result = new TreeMap<>();
        if (json instanceof Map<?, ?> map) {
            map.forEach((property, lists) -> result.put(String.valueOf(property), texts(lists)));
        }
        return result;
    }

    private static Map<String, Integer> pictures(Object json) {
        Map<String, Integer> result = new TreeMap<>();
        if (json instanceof Map<?, ?> map) {
            map.forEach((name, longest) -> result.put(String.valueOf(name), longest instanceof Integer number ? number : null));
        }
        return result;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, SchemaValidator> validators(Object schemas) {
        Map<String, SchemaValidator> result = new TreeMap<>();
        ((Map<String, Object>) schemas).forEach((name, schema) -> result.put(name, new SchemaValidator((Map<String, Object>) schema)));
        return result;
    }

    /** The first thing that is wrong with a list of operations, null when nothing is. */
    public String operationsProblem(List<?> entries) {
        return problem("operation", "operations", operations, entries);
    }

    /** The first thing that is wrong with a list of properties, null when nothing is. */
    public String propertiesProblem(List<?> entries) {
        return problem("property", "properties", properties, entries);
    }

    /** What checks each field that an answer may have, by its name. */
    public Map<String, SchemaValidator> answer() {
        return answer;
    }

    /** Names of all fields that only the first picture of a document has. */
    public List<String> firstFields() {
        return firstFields;
    }

    public VectorCopies copies() {
        return copies;
    }

    /** What services may lack. */
    public RecognizingEntries recognizing() {
        return recognizing;
    }

    /**
     * Those of the recipe's properties of which a target lacks something: a field that only the first picture has, or the vectors in a list, which
     * Elasticsearch leaves out of what it hands out (from 9.2 on). The default properties have none of these.
     *
     * @param first whether the target's picture is the first of its document
     */
    public List<Object> lacking(Recipe recipe, Map<String, Object> target, boolean first) {
        return recipe.properties() == null
            ? List.of()
            : recipe.properties().stream().filter(entry -> lacks(target, name(entry), first)).toList();
    }

    private boolean lacks(Map<String, Object> target, String property, boolean first) {
        boolean field = first && target.keySet().containsAll(onlyFirst.getOrDefault(property, List.of())) == false;
        return field || vectorLists.getOrDefault(property, Map.of()).entrySet().stream().anyMatch(list -> lacksVector(target.get(list.getKey()), list.getValue()));
    }

    private static boolean lacksVector(Object list, String vector) {
        return list instanceof List<?> objects && objects.stream().anyMatch(object -> object instanceof Map<?, ?> map && map.get(vector) == null);
    }

    /** Names of the fields that are made again for properties of which something is lacking. */
    public List<String> remade(List<Object> properties) {
        return properties.stream().map(RecipeSchema::name).flatMap(
            property -> Stream.concat(
                onlyFirst.getOrDefault(property, List.of()).stream(),
                vectorLists.getOrDefault(property, Map.of()).keySet().stream()
            )
        ).toList();
    }

    /** The name of an operation or property in a recipe. */
    public static String name(Object entry) {
        return String.valueOf(entry instanceof Map<?, ?> map ? map.keySet().iterator().next() : entry);
    }

    /** Names of all operations. */
    public Set<String> operationNames() {
        return operations.keySet();
    }

    /** Names of the operations that documents may ask for where a pipeline does not say otherwise. */
    public List<String> forDocuments() {
        return forDocuments;
    }

    /** Names of those of the recipe's operations that hide or sign something, which later ones could undo. */
    public List<String> protecting(Recipe recipe) {
        return recipe.operations() == null
            ? List.of()
            : recipe.operations().stream().map(RecipeSchema::name).filter(protecting::contains).distinct().toList();
    }

    /** The recipe's first operation after which the original must not stay anywhere; null when there is none. */
    public String concealing(Recipe recipe) {
        return recipe.operations() == null
            ? null
            : recipe.operations().stream().map(RecipeSchema::name).filter(concealing::containsKey).findFirst().orElse(null);
    }

    /** The first property that would find nothing, since an operation hides just that; null when there is none. */
    public String concealedProblem(Recipe recipe) {
        for (Object operation : recipe.operations() == null ? List.of() : recipe.operations()) {
            String parameter = concealing.get(name(operation));
            boolean hides = parameter != null && operation instanceof Map<?, ?> map && map.get(name(operation)) instanceof Map;
            List<String> hidden = hides ? strings(((Map<?, ?>) ((Map<?, ?>) operation).get(name(operation))).get(parameter)) : List.of();
            for (Object property : recipe.properties() == null ? List.of() : recipe.properties()) {
                if (hidden.contains(name(property))) {
                    return "property [" + name(property) + "] finds nothing where operation [" + name(operation) + "] hides " + name(property)
                        + ": leave one of them out; how many were hidden is in [redacted." + name(property) + "]";
                }
            }
        }
        return null;
    }

    /**
     * Names of the fields that show what is to be seen: they do not stay where nothing vouches for them. With each the length, in characters, up to
     * which it can hold nothing else; null where a signature has to tell.
     */
    public Map<String, Integer> pictures() {
        return pictures;
    }

    /** Names of everything that the service may write under a target, but for `data`. */
    public Set<String> fields() {
        Set<String> names = new HashSet<>(fields);
        names.addAll(List.of(TargetFields.MARK, TargetFields.SOURCE_MARK, TargetFields.THUMBNAIL_MARK, TargetFields.ERROR, TargetFields.OPERATIONS));
        return names;
    }

    /** Nulls for all of them: what the node merges when it refuses a picture itself, or when the picture was taken away. */
    public Map<String, Object> emptyFields() {
        Map<String, Object> result = new HashMap<>();
        fields().forEach(field -> result.put(field, null));
        return result;
    }

    private String problem(String kind, String kinds, Map<String, SchemaValidator> known, List<?> entries) {
        if (entries.size() > mostEntries) {
            return "[" + kinds + "] has " + entries.size() + " entries, at most " + mostEntries + " are accepted";
        }
        for (Object entry : entries) {
            String name;
            Object parameters = Map.of();
            if (entry instanceof String text) {
                name = text;
            } else if (entry instanceof Map<?, ?> map && map.size() == 1) {
                name = String.valueOf(map.keySet().iterator().next());
                parameters = map.values().iterator().next();
            } else {
                return "each of [" + kinds + "] must be a name or an object with one key, got [" + SafeText.shown(entry) + "]; valid " + kinds
                    + " are " + new TreeSet<>(known.keySet());
            }
            SchemaValidator validator = known.get(name);
            if (validator == null) {
                return "unknown " + kind + " [" + SafeText.shown(name) + "]; valid " + kinds + " are "
                    + new TreeSet<>(known.keySet());
            }
            String problem = parameters instanceof Map
                ? validator.problem(parameters)
                : "parameters must be an object, got [" + SafeText.shown(parameters) + "]";
            if (problem != null) {
                return kind + " [" + name + "]: " + problem;
            }
        }
        return null;
    }
}
