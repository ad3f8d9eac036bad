package org.ingestimage.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.ingestimage.common.Json;
import org.junit.jupiter.api.Test;

class RecipeSchemaTest {

    private static final RecipeSchema SCHEMA = schema("""
        {"operations": {
          "grayscale": {"type": "object", "additionalProperties": false, "properties": {}},
          "resize": {"type": "object", "additionalProperties": false,
            "anyOf": [{"required": ["width"]}, {"required": ["height"]}],
            "properties": {
              "width": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 16384}, {"type": "null"}]},
              "height": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 16384}, {"type": "null"}]},
              "fit": {"enum": ["inside", "cover"], "type": "string"},
              "enlarge": {"type": "boolean"}}},
          "rotate": {"type": "object", "additionalProperties": false, "required": ["degrees"], "properties": {
              "degrees": {"type": "number", "minimum": -360, "maximum": 360},
              "background": {"type": "string", "minLength": 1, "maxLength": 7, "pattern": "^#?[0-9a-z]+$"}}},
          "everything": {"type": "object", "additionalProperties": false, "$comment": "for example {\\"most\\":1}",
            "$defs": {"Point": {"type": "object", "required": ["x"], "additionalProperties": false, "properties": {"x": {"type": "integer"}}}},
            "properties": {
              "point": {"$ref": "#/$defs/Point"},
              "points": {"type": "array", "items": {"$ref": "#/$defs/Point"}, "minItems": 1, "maxItems": 2},
              "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": false},
              "above": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
              "least": {"type": "number", "minimum": 1},
              "most": {"type": "number", "maximum": 1},
              "fixed": {"const": "this"},
              "shade": {"type": "string", "pattern": "^#[0-9a-f]{6}$", "$comment": "a colour should be #rrggbb"},
              "one": {"oneOf": [{"const": 1}, {"const": "auto"}]},
              "all": {"allOf": [{"type": "integer"}, {"minimum": 3}]},
              "either": {"type": ["string", "null"]},
              "free": {"type": "object", "additionalProperties": {"type": "integer"}}}}},
         "properties": {"colors": {"type": "object", "additionalProperties": false, "properties": {"count": {"type": "integer"}}}},
         "fields": ["width", "height"],
         "most_entries": 6}
        """);

    private static RecipeSchema schema(String json) {
        try {
            return RecipeSchema.of(Json.read(json.getBytes(StandardCharsets.UTF_8)));
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String problem(Object... entries) {
        return SCHEMA.operationsProblem(Arrays.asList(entries));
    }

    private static String everything(String parameter, Object value) {
        Map<String, Object> parameters = new HashMap<>();
        parameters.put(parameter, value);
        String problem = problem(Map.of("everything", parameters));
        return problem == null ? null : problem.replace("operation [everything]: ", "");
    }

    @Test
    void listsHaveABound() {
        assertNull(SCHEMA.operationsProblem(Collections.nCopies(6, "grayscale")));
        assertEquals("[operations] has 7 entries, at most 6 are accepted", SCHEMA.operationsProblem(Collections.nCopies(7, "grayscale")));
        assertEquals("[properties] has 7 entries, at most 6 are accepted", SCHEMA.propertiesProblem(Collections.nCopies(7, "colors")));
    }

    @Test
    void takesWhatIsRight() {
        assertNull(problem());
        assertNull(problem("grayscale", Map.of("grayscale", Map.of())));
        assertNull(problem(Map.of("resize", Map.of("width", 2048, "fit", "cover", "enlarge", true))));
        assertNull(problem(Map.of("resize", Map.of("height", 2048.0))));
        assertNull(problem(Map.of("rotate", Map.of("degrees", -360)), Map.of("rotate", Map.of("degrees", 0.5, "background", "#aabbcc"))));
        assertNull(SCHEMA.propertiesProblem(List.of("colors", Map.of("colors", Map.of("count", 3)))));
    }

    @Test
    void namesTheValidOnes() {
        assertEquals("unknown operation [rotat]; valid operations are [everything, grayscale, resize, rotate]", problem("rotat"));
        assertEquals("unknown property [colour]; valid properties are [colors]", SCHEMA.propertiesProblem(List.of("colour")));
        assertEquals(
            "operation [resize]: unknown parameter [widht]; valid parameters are [enlarge, fit, height, width]",
            problem("grayscale", Map.of("resize", Map.of("widht", 3)))
        );
        assertEquals(
            "operation [rotate]: missing parameter [degrees]; valid parameters are [background, degrees]",
            problem(Map.of("rotate", Map.of()))
        );
        assertEquals(problem("rotate"), problem(Map.of("rotate", Map.of())), "a name is no way around required parameters");
        assertEquals("operation [resize]: missing parameter [width]; or missing parameter [height]", problem("resize"));
    }

    @Test
    void namesTheRange() {
        assertEquals("operation [rotate]: [degrees] must be between -360 and 360, got [999]", problem(Map.of("rotate", Map.of("degrees", 999))));
        assertEquals("operation [rotate]: [degrees] must be a number, got the string [90]", problem(Map.of("rotate", Map.of("degrees", "90"))));
        assertEquals("operation [rotate]: [degrees] must be a number, got [true]", problem(Map.of("rotate", Map.of("degrees", true))));
        assertEquals(
            "operation [rotate]: [degrees] must be a number, got [Infinity]",
            problem(Map.of("rotate", Map.of("degrees", Double.POSITIVE_INFINITY)))
        );
        assertEquals(
            "operation [resize]: [width] must be between 1 and 16384, got [0]",
            problem(Map.of("resize", Map.of("width", 0)))
        );
        assertEquals(
            "operation [resize]: [fit] must be one of [inside, cover], got [stretch]",
            problem(Map.of("resize", Map.of("width", 1, "fit", "stretch")))
        );
    }

    @Test
    void everyKeyword() {
        assertNull(everything("point", Map.of("x", 1)));
        assertEquals("missing parameter [point.x]; valid parameters are [x]", everything("point", Map.of()));
        assertEquals("unknown parameter [point.y]; valid parameters are [x]", everything("point", Map.of("y", 1)));
        assertNull(everything("points", List.of(Map.of("x", 1))));
        assertEquals("[points.0.x] must be an integer, got [1.5]", everything("points", List.of(Map.of("x", 1.5))));
        assertEquals("[points] must have at least 1 items, got [0]", everything("points", List.of()));
        assertEquals("[points] must have at most 2 items, got [3]", everything("points", List.of(Map.of("x", 1), Map.of("x", 1), Map.of("x", 1))));
        assertNull(everything("pair", List.of(1, "a")));
        assertEquals("[pair.1] must be a string, got [2]", everything("pair", List.of(1, 2)));
        assertEquals("[pair] must have at most 2 items, got [3]", everything("pair", List.of(1, "a", 2)));
        assertEquals("[above] must be greater than 0 and less than 1, got [0]", everything("above", 0));
        assertEquals("[above] must be greater than 0 and less than 1, got [1.0]", everything("above", 1.0));
        assertEquals("[least] must be at least 1, got [0.5]", everything("least", 0.5));
        assertEquals("[most] must be at most 1, got [2]", everything("most", 2));
        assertNull(everything("fixed", "this"));
        assertEquals("[fixed] must be [this], got [that]", everything("fixed", "that"));
        assertNull(everything("shade", "#00ff00"));
        assertEquals("[shade]: a colour should be #rrggbb, got [red]", everything("shade", "red"));
        assertNull(everything("one", 1.0));
        assertNull(everything("one", "auto"));
        assertEquals("[one] must be [1], got [2]; or [one] must be [auto], got [2]", everything("one", 2));
        assertEquals("[all] must be at least 3, got [2]", everything("all", 2));
        assertNull(everything("either", null));
        assertEquals("[either] must be a string or null, got [1]", everything("either", 1));
        assertNull(everything("free", Map.of("a", 1)));
        assertEquals("[free.a] must be an integer, got the string [b]", everything("free", Map.of("a", "b")));
        assertEquals("operation [rotate]: [background] must match [^#?[0-9a-z]+$], got [A]", problem(Map.of("rotate", Map.of("degrees", 1, "background", "A"))));
        assertEquals("operation [rotate]: [background] must have at least 1 characters, got [0]", problem(Map.of("rotate", Map.of("degrees", 1, "background", ""))));
    }

    @Test
    void entriesHaveAShape() {
        assertTrue(problem(Map.of("rotate", Map.of(), "resize", Map.of())).startsWith("each of [operations] must be a name or an object with one key"));
        assertTrue(problem(Map.of()).startsWith("each of [operations] must be"));
        assertTrue(problem(7).startsWith("each of [operations] must be"));
        assertTrue(problem((Object) null).startsWith("each of [operations] must be"));
        assertEquals("operation [rotate]: parameters must be an object, got [90]", problem(Map.of("rotate", 90)));
        String example = "operation [everything]: parameters must be an object: for example {\"most\":1}, got ";
        assertEquals(example + "[90]", problem(Map.of("everything", 90)));
        assertEquals(example + "the string [90]", problem(Map.of("everything", "90")));
        assertEquals("[shade] must be a string: a colour should be #rrggbb, got [7]", everything("shade", 7));
    }

    @Test
    void longValuesAreNeverRepeated() {
        String picture = "iVBORw0KGgo".repeat(100_000);
        for (String problem : new String[] {
            problem(picture),
            problem(Map.of(picture, Map.of())),
            problem(Map.of("rotate", Map.of("degrees", picture))),
            problem(Map.of("rotate", Map.of("degrees", 1, picture, 1))),
            problem(Map.of("rotate", Map.of("degrees", 1, "background", picture))),
            problem(Map.of("rotate", picture)),
            problem(Map.of("resize", Map.of("width", 1, "fit", picture))) }) {
            assertTrue(problem.length() < 400, problem);
        }
    }

    @Test
    void anOwnRefusalRemovesWhatTheServiceWrote() {
        Map<String, Object> expected = new HashMap<>();
        for (String name : List.of("width", "height", "mark", "source_mark", "thumbnail_mark", "operations", "enrich", "error")) {
            expected.put(name, null);
        }
        assertEquals(expected, SCHEMA.emptyFields());
    }

    @Test
    void thePackedSchemaIsReadable() {
        RecipeSchema packed = RecipeSchema.packed();
        assertNull(packed.operationsProblem(List.of("auto_orient", Map.of("rotate", Map.of("degrees", 90)), Map.of("resize", Map.of("width", 10)))));
        assertNull(packed.propertiesProblem(List.of("thumbnail", "colors")));
        assertTrue(packed.operationsProblem(List.of(Map.of("rotate", Map.of("degrees", 999)))).contains("between"));
    }
}
