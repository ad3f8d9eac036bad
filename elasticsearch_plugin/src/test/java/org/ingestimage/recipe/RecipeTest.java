package org.ingestimage.recipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

import org.ingestimage.testing.Vectors;
import org.junit.jupiter.api.Test;

class RecipeTest {

    @Test
    @SuppressWarnings("unchecked")
    void hashesAsTheServiceDoes() throws Exception {
        List<Map<String, Object>> vectors = Vectors.of("recipes");
        assertTrue(vectors.size() >= 12);
        for (Map<String, Object> vector : vectors) {
            List<Object> operations = (List<Object>) vector.get("operations");
            List<Object> properties = (List<Object>) vector.get("properties");
            assertEquals(vector.get("recipe"), Recipe.of(operations, properties).hash(), () -> "vector " + vector);
        }
    }

    @Test
    void absentIsNotEmpty() {
        assertNotEquals(Recipe.of(null, null).hash(), Recipe.of(List.of(), List.of()).hash());
    }

    @Test
    void theTypeOfANumberDoesNotMatter() {
        for (Number one : List.of(1, 1L, 1.0, 1.0f, (short) 1, new BigDecimal("1.000"))) {
            assertEquals("1", Recipe.canonical(one));
        }
        // Pipelines may come back from a binary format with floats.
        assertEquals("0.1", Recipe.canonical(0.1f));
        assertEquals("100", Recipe.canonical(100.0));
        assertEquals("0", Recipe.canonical(-0.0));
    }

    @Test
    void whatIsNoJsonIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Recipe.of(List.of(Map.of("a", new Object())), null));
        assertThrows(NumberFormatException.class, () -> Recipe.canonical(Double.POSITIVE_INFINITY));
    }
}
