package org.ingestimage.recipe;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Pattern;

import org.ingestimage.common.SafeText;

/**
 * Checks a value against the part of JSON Schema that the service's declarations render.
 *
 * <p>It ignores unknown keywords: the service checks again, and no right recipe must be refused here.
 */
public final class SchemaValidator {

    private static final Map<String, Object> NOTHING = Map.of("type", "null");

    private final Map<String, Object> root;

    /** @param root the schema that `$ref` (`#/$defs/...`) points into */
    SchemaValidator(Object root) {
        this.root = map(root);
    }

    /** The first thing that is wrong with the parameters, null when nothing is. */
    public String problem(Object parameters) {
        return problem(root, parameters, "");
    }

    private String problem(Object rawSchema, Object value, String at) {
        Map<String, Object> schema = map(rawSchema);
        if (schema.get("$ref") instanceof String reference) {
            String problem = problem(resolve(reference), value, at);
            if (problem != null) {
                return problem;
            }
        }
        String problem = typeProblem(schema, value, at);
        if (problem == null) {
            problem = choiceProblem(schema, value, at);
        }
        if (problem == null && value instanceof Number number && SchemaNumbers.isNumber(number)) {
            problem = SchemaNumbers.rangeProblem(schema, number, name(at));
        }
        if (problem == null && value instanceof String text) {
            problem = textProblem(schema, text, at);
        }
        if (problem == null && value instanceof List<?> list) {
            problem = listProblem(schema, list, at);
        }
        if (problem == null && value instanceof Map<?, ?> object) {
            problem = objectProblem(schema, object, at);
        }
        return problem == null ? combinedProblem(schema, value, at) : problem;
    }

    private static String typeProblem(Map<String, Object> schema, Object value, String at) {
        Object type = schema.get("type");
        if (type == null) {
            return null;
        }
        List<?> types = type instanceof List<?> list ? list : List.of(type);
        if (types.stream().anyMatch(name -> hasType(value, String.valueOf(name)))) {
            return null;
        }
        String wanted = String.join(" or ", types.stream().map(SchemaValidator::article).toList());
        // "128" looks like the number when it is shown.
        String kind = value instanceof String ? "the string " : "";
        return name(at) + " must be " + wanted + comment(schema) + ", got " + kind + "[" + SafeText.shown(value) + "]";
    }

    /** What the schema says in words. */
    private static String comment(Map<String, Object> schema) {
        return schema.get("$comment") instanceof String comment ? ": " + comment : "";
    }

    private static boolean hasType(Object value, String type) {
        return switch (type) {
            case "null" -> value == null;
            case "string" -> value instanceof String;
            case "boolean" -> value instanceof Boolean;
            case "number" -> value instanceof Number number && SchemaNumbers.isNumber(number);
            case "integer" -> value instanceof Number number && SchemaNumbers.isInteger(number);
            case "array" -> value instanceof List;
            case "object" -> value instanceof Map;
            default -> true;
        };
    }

    private static String article(Object type) {
        return switch (String.valueOf(type)) {
            case "null" -> "null";
            case "array" -> "a list";
            case "integer", "object" -> "an " + type;
            default -> "a " + type;
        };
    }

    private static String choiceProblem(Map<String, Object> schema, Object value, String at) {
        if (schema.get("enum") instanceof List<?> valid && valid.stream().noneMatch(item -> SchemaNumbers.same(item, value))) {
            return name(at) + " must be one of " + SafeText.oneLine(valid.toString(), 1000) + ", got [" + SafeText.shown(value) + "]";
        }
        if (schema.containsKey("const") && SchemaNumbers.same(schema.get("const"), value) == false) {
            return name(at) + " must be [" + SafeText.shown(schema.get("const")) + "], got [" + SafeText.shown(value) + "]";
        }
        return null;
    }

    private static String textProblem(Map<String, Object> schema, String value, String at) {
        int length = value.codePointCount(0, value.length());
        String problem = SchemaNumbers.sizeProblem(schema, "minLength", "maxLength", length, "characters", name(at));
        if (problem == null && schema.get("pattern") instanceof String pattern && Pattern.compile(pattern).matcher(value).find() == false) {
            // If the schema says in words what the pattern means, nobody has to read it.
            String comment = comment(schema);
            return name(at) + (comment.isEmpty() ? " must match [" + pattern + "]" : comment) + ", got [" + SafeText.shown(value) + "]";
        }
        return problem;
    }

    private String listProblem(Map<String, Object> schema, List<?> value, String at) {
        String problem = SchemaNumbers.sizeProblem(schema, "minItems", "maxItems", value.size(), "items", name(at));
        List<?> first = schema.get("prefixItems") instanceof List<?> list ? list : List.of();
        for (int i = 0; i < value.size() && problem == null; i++) {
            Object itemSchema = i < first.size() ? first.get(i) : schema.get("items");
            if (Boolean.FALSE.equals(itemSchema)) {
                problem = name(at) + " must have at most " + first.size() + " items, got [" + value.size() + "]";
            } else {
                problem = problem(itemSchema, value.get(i), at + (at.isEmpty() ? "" : ".") + i);
            }
        }
        return problem;
    }

    private String objectProblem(Map<String, Object> schema, Map<?, ?> value, String at) {
        Map<String, Object> properties = map(schema.get("properties"));
        Object others = schema.get("additionalProperties");
        for (Map.Entry<?, ?> entry : value.entrySet()) {
            String key = String.valueOf(entry.getKey());
            String path = at.isEmpty() ? key : at + "." + key;
            String problem = null;
            if (properties.containsKey(key)) {
                problem = problem(properties.get(key), entry.getValue(), path);
            } else if (Boolean.FALSE.equals(others)) {
                problem = "unknown parameter [" + SafeText.shown(path) + "]; valid parameters are " + new TreeSet<>(properties.keySet());
            } else if (others instanceof Map) {
                problem = problem(others, entry.getValue(), path);
            }
            if (problem != null) {
                return problem;
            }
        }
        if (schema.get("required") instanceof List<?> required) {
            for (Object key : required) {
                if (value.containsKey(key) == false) {
                    String path = at.isEmpty() ? String.valueOf(key) : at + "." + key;
                    // Branches of anyOf may only say which names they want.
                    String valid = properties.isEmpty() ? "" : "; valid parameters are " + new TreeSet<>(properties.keySet());
                    return "missing parameter [" + path + "]" + valid;
                }
            }
        }
        return null;
    }

    private String combinedProblem(Map<String, Object> schema, Object value, String at) {
        if (schema.get("allOf") instanceof List<?> all) {
            for (Object part : all) {
                String problem = problem(part, value, at);
                if (problem != null) {
                    return problem;
                }
            }
        }
        // For oneOf, too, one that fits is enough: the service checks the rest.
        for (String keyword : List.of("anyOf", "oneOf")) {
            if (schema.get(keyword) instanceof List<?> any) {
                Collection<String> problems = new ArrayList<>();
                for (Object part : any) {
                    // Whoever gave a value wants to know which one is right, not that none is, too.
                    if (value == null || NOTHING.equals(part) == false) {
                        problems.add(problem(part, value, at));
                    }
                }
                if (problems.contains(null) == false) {
                    return SafeText.oneLine(String.join("; or ", problems), 1000);
                }
            }
        }
        return null;
    }

    private Object resolve(String reference) {
        Object found = root;
        for (String step : reference.substring(reference.indexOf('/') + 1).split("/")) {
            found = map(found).get(step);
        }
        return Objects.requireNonNull(found, () -> "the schema refers to [" + reference + "], which is not there");
    }

    private static String name(String at) {
        return at.isEmpty() ? "parameters" : "[" + at + "]";
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return value instanceof Map ? (Map<String, Object>) value : Map.of();
    }
}
