package org.ingestimage.recipe;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

import org.ingestimage.common.Json;
import org.ingestimage.picture.TargetFields;

/**
 * The operations and properties that the service knows, and their parameters.
 *
 * <p>Rendered from the service's declarations (recipe-schema.json) and packed into the plugin, so that a wrong recipe is
 * refused when the pipeline is stored, not with the first document.
 */
public final class RecipeSchema {

    private final KnownEntries operations;
    private final KnownEntries properties;
    private final int mostBytes;
    private final Map<String, SchemaValidator> answer;
    /** Of each field that is an object: the names in it. */
    private final Map<String, List<String>> parts;
    private final List<String> fields;
    private final List<String> order;
    /** Fields that only the first picture of a document has. */
    private final List<String> firstFields;
    /** Those of them that the service has to make, by the property that they come from. The others are copies. */
    private final Map<String, List<String>> onlyFirst;
    private final VectorCopies copies;
    /** Lists of objects that have a vector each, by the property that they come from: name of the list, and of the vector. */
    private final Map<String, Map<String, String>> vectorLists;
    /** Fields that hold a picture beside `data`. */
    private final Map<String, Integer> pictures;
    private final List<String> forDocuments;
    private final List<String> protecting;
    /** Operations that hide what must not be seen, with the parameter that says what: properties that find nothing then. */
    private final Map<String, String> concealing;
    private final RecognizingEntries recognizing;
    private final LaterProperties later;
    private final Set<String> elsewhere;

    private RecipeSchema(Map<String, Object> json) {
        int most = number(json.get("most_entries"));
        mostBytes = number(json.get("most_bytes"));
        operations = new KnownEntries("operation", "operations", validators(json.get("operations")), most);
        properties = new KnownEntries("property", "properties", validators(json.get("properties")), most);
        answer = validators(json.getOrDefault("answer", Map.of()));
        parts = map(json.get("answer"), field -> field instanceof Map<?, ?> schema && schema.get("properties") instanceof Map<?, ?> names
            ? names.keySet().stream().map(String::valueOf).toList()
            : List.of());
        fields = strings(json.get("fields"));
        order = new ArrayList<>(fields);
        order.add(fields.indexOf(TargetFields.THUMBNAIL) + 1, TargetFields.DATA);
        copies = VectorCopies.of(json.get("copies"));
        onlyFirst = map(json.get("only_first"), RecipeSchema::strings);
        firstFields = onlyFirst.values().stream().flatMap(List::stream).toList();
        onlyFirst.replaceAll((property, names) -> names.stream().filter(name -> copies.has(name) == false).toList());
        onlyFirst.values().removeIf(List::isEmpty);
        vectorLists = map(json.get("vector_lists"), lists -> map(lists, String::valueOf));
        pictures = map(json.get("pictures"), longest -> longest instanceof Integer number ? number : null);
        forDocuments = strings(json.get("for_documents"));
        protecting = strings(json.get("protecting"));
        recognizing = RecognizingEntries.of(json.get("recognizing"));
        later = LaterProperties.of(json.get("later"));
        concealing = map(json.get("concealing"), String::valueOf);
        elsewhere = Set.copyOf(strings(json.get("elsewhere")));
    }

    private static int number(Object value) {
        return value instanceof Integer number ? number : Integer.MAX_VALUE;
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
        return new RecipeSchema(json);
    }

    private static List<String> strings(Object value) {
        return value instanceof List<?> list ? list.stream().map(String::valueOf).toList() : List.of();
    }

    private static Map<String, SchemaValidator> validators(Object schemas) {
        return map(schemas, SchemaValidator::new);
    }

    private static <T> Map<String, T> map(Object json, Function<Object, T> value) {
        Map<String, T> result = new TreeMap<>();
        if (json instanceof Map<?, ?> object) {
            object.forEach((name, each) -> result.put(String.valueOf(name), value.apply(each)));
        }
        return result;
    }

    /** None when the recipe does not say. */
    private static List<Object> entries(List<Object> list) {
        return list == null ? List.of() : list;
    }

    /** The first thing that is wrong with a list of operations, null when nothing is. */
    public String operationsProblem(List<?> entries) {
        return operations.problem(entries);
    }

    /** The first thing that is wrong with a list of properties, null when nothing is. */
    public String propertiesProblem(List<?> entries) {
        return properties.problem(entries);
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

    public LaterProperties later() {
        return later;
    }

    /** What is wrong with the names of properties that a pipeline wants later; null when nothing is. */
    public String laterProblem(List<?> names, Recipe recipe) {
        return later.problem(names, entries(recipe.properties()).stream().map(RecipeSchema::name).toList(), property -> hiding(recipe, property));
    }

    /** Codes of refusals that another service may not share: its settings, formats, memory, network or store may differ. */
    public Set<String> elsewhere() {
        return elsewhere;
    }

    /** What services may lack. */
    public RecognizingEntries recognizing() {
        return recognizing;
    }

    /**
     * Those of the recipe's properties of which a target misses something: a field that only the first picture has, or the
     * vectors in a list, which Elasticsearch leaves out of documents since 9.2. The default properties have none of these.
     *
     * @param first whether the target's picture is the first of its document
     */
    public List<Object> lacking(Recipe recipe, Map<String, Object> target, boolean first) {
        return entries(recipe.properties()).stream().filter(entry -> lacks(target, name(entry), first)).toList();
    }

    private boolean lacks(Map<String, Object> target, String property, boolean first) {
        boolean field = first && target.keySet().containsAll(onlyFirst.getOrDefault(property, List.of())) == false;
        Map<String, String> lists = vectorLists.getOrDefault(property, Map.of());
        return field || lists.entrySet().stream().anyMatch(list -> lacksVector(target.get(list.getKey()), list.getValue()));
    }

    private static boolean lacksVector(Object list, String vector) {
        return list instanceof List<?> objects && objects.stream().anyMatch(object -> object instanceof Map<?, ?> map && map.get(vector) == null);
    }

    /** Names of the fields that are made again for properties of which something is missing. */
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
        return operations.names();
    }

    /** Names of the operations that documents may ask for if the pipeline does not say otherwise. */
    public List<String> forDocuments() {
        return forDocuments;
    }

    /** Names of those of the recipe's operations that hide or sign something, which later ones could undo. */
    public List<String> protecting(Recipe recipe) {
        return entries(recipe.operations()).stream().map(RecipeSchema::name).filter(protecting::contains).distinct().toList();
    }

    /**
     * The first operation after which the original must not stay anywhere, of the recipe or of those that documents may
     * ask for; null when there is none.
     */
    public String concealing(Recipe recipe, Set<String> forDocument) {
        Stream<String> own = entries(recipe.operations()).stream().map(RecipeSchema::name);
        return Stream.concat(own, forDocument.stream()).filter(concealing::containsKey).findFirst().orElse(null);
    }

    /** Says that the recipe is too large for the service, which reads it with each picture; null when it is not. */
    public String sizeProblem(Recipe recipe) {
        Map<String, Object> lists = new HashMap<>();
        lists.put("operations", recipe.operations());
        lists.put("properties", recipe.properties());
        try {
            int size = Json.write(lists).length;
            return size <= mostBytes ? null : "has, with [properties], " + size + " bytes as JSON, at most " + mostBytes + " are accepted";
        } catch (IOException e) {
            // It is written into memory.
            throw new UncheckedIOException(e);
        }
    }

    /** Says which property would find nothing, because an operation hides that; null when there is none. */
    public String concealedProblem(Recipe recipe) {
        for (Object property : entries(recipe.properties())) {
            String operation = hiding(recipe, name(property));
            if (operation != null) {
                return "property [" + name(property) + "] finds nothing where operation [" + operation + "] hides " + name(property)
                    + ": leave one of them out; how many were hidden is in [redacted." + name(property) + "]";
            }
        }
        return null;
    }

    /** The recipe's operation that hides what a property would find; null when there is none. */
    private String hiding(Recipe recipe, String property) {
        for (Object operation : entries(recipe.operations())) {
            String parameter = concealing.get(name(operation));
            boolean hides = parameter != null && operation instanceof Map<?, ?> map && map.get(name(operation)) instanceof Map;
            if (hides && strings(((Map<?, ?>) ((Map<?, ?>) operation).get(name(operation))).get(parameter)).contains(property)) {
                return name(operation);
            }
        }
        return null;
    }

    /**
     * Names of the fields that show the picture: they are removed when nothing vouches for them. Each with the most
     * characters with which it cannot show another picture; null if a signature has to vouch for it.
     */
    public Map<String, Integer> pictures() {
        return pictures;
    }

    /** Names of everything that the service may write under a target, except `data`. */
    public Set<String> fields() {
        Set<String> names = new HashSet<>(fields);
        names.addAll(List.of(TargetFields.MARK, TargetFields.SOURCE_MARK, TargetFields.THUMBNAIL_MARK, TargetFields.ERROR));
        names.addAll(TargetFields.ONE_OFF);
        return names;
    }

    /** The names that the service may write in each field that is an object; none for the others. */
    public Map<String, List<String>> parts() {
        return parts;
    }

    /**
     * A target with its own fields first, and ours as in the answer about a new picture, which people can read: format and size first, marks last.
     * Elasticsearch hands over in any order what is stored.
     */
    public Map<String, Object> inOrder(Map<String, Object> target) {
        Map<String, Object> result = new LinkedHashMap<>(target);
        for (String name : order) {
            if (target.containsKey(name)) {
                result.remove(name);
                result.put(name, target.get(name));
            }
        }
        return result;
    }

    /** Nulls for all of them: what the node merges when it refuses a picture by itself, or when one was removed. */
    public Map<String, Object> emptyFields() {
        Map<String, Object> result = new HashMap<>();
        fields().forEach(field -> result.put(field, null));
        return result;
    }
}
