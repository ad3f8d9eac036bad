package org.ingestimage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Base64;
import java.util.Locale;
import java.util.Map;

import org.elasticsearch.common.settings.SecureString;
import org.junit.jupiter.api.Test;

class MarksTest {

    private static Marks marks(String token) {
        return new Marks(new SecureString(token.toCharArray()));
    }

    @Test
    void believesWhatTheServiceSigns() throws Exception {
        for (Map<String, Object> vector : RecipeTest.vectors("marks")) {
            Marks marks = marks((String) vector.get("token"));
            String recipe = (String) vector.get("recipe");
            String mark = (String) vector.get("mark");
            String data = (String) vector.get("data");
            assertTrue(marks.believed(mark, recipe, data), () -> "vector " + vector);
            assertTrue(marks.believed(mark, recipe, Base64.getDecoder().decode(data)), "bytes");
            assertTrue(marks.believed(mark, recipe, "\n" + data + "\r\n"), "line breaks");
            assertFalse(marks.sourceBelieved(mark, recipe, data), "a mark is no source mark");
        }
        for (Map<String, Object> vector : RecipeTest.vectors("source_marks")) {
            Marks marks = marks((String) vector.get("token"));
            assertTrue(marks.sourceBelieved(vector.get("mark"), (String) vector.get("recipe"), vector.get("data")));
            assertFalse(marks.believed(vector.get("mark"), (String) vector.get("recipe"), vector.get("data")));
        }
        for (Map<String, Object> vector : RecipeTest.vectors("url_marks")) {
            Marks marks = marks((String) vector.get("token"));
            String url = (String) vector.get("url");
            assertTrue(marks.urlBelieved(vector.get("mark"), (String) vector.get("recipe"), url));
            assertFalse(marks.urlBelieved(vector.get("mark"), (String) vector.get("recipe"), url + "x"));
            assertFalse(marks.urlBelieved(7, (String) vector.get("recipe"), url));
        }
    }

    @Test
    void believesNothingElse() throws Exception {
        Map<String, Object> vector = RecipeTest.vectors("marks").get(1);
        Marks marks = marks((String) vector.get("token"));
        String recipe = (String) vector.get("recipe");
        String mark = (String) vector.get("mark");
        Object data = vector.get("data");
        assertFalse(marks("other").believed(mark, recipe, data), "another token");
        assertFalse(marks("").believed(mark, recipe, data), "no token");
        assertFalse(marks.believed(mark, recipe.replace(recipe.charAt(0), 'x'), data), "another recipe");
        assertFalse(marks.believed(mark, recipe, "AAAA"), "other bytes");
        assertFalse(marks.believed(mark, recipe, "not base64!"), "no base64");
        assertFalse(marks.believed(mark.toUpperCase(Locale.ROOT), recipe, data), "another spelling");
        assertFalse(marks.believed(mark.substring(1), recipe, data), "a short mark");
        assertFalse(marks.believed("0".repeat(64), recipe, data), "an invented mark");
        assertFalse(marks.believed(42, recipe, data), "a number");
        assertFalse(marks.believed(null, recipe, data), "no mark");
    }

    @Test
    void theTokenIsCopiedAndReplaced() throws Exception {
        Map<String, Object> vector = RecipeTest.vectors("marks").get(1);
        Marks marks = marks("old");
        assertEquals("Bearer old", marks.authorization());
        SecureString token = new SecureString(((String) vector.get("token")).toCharArray());
        marks.setToken(token);
        token.close();
        assertTrue(marks.believed(vector.get("mark"), (String) vector.get("recipe"), vector.get("data")));
        assertNull(marks("").authorization());
    }

    @Test
    void aTokenThatFitsNoHeaderIsRefusedAndNotRepeated() {
        for (String token : new String[] { "pass word", "pass\nword", "pässword" }) {
            String message = assertThrows(IllegalArgumentException.class, () -> marks(token)).getMessage();
            assertTrue(message.contains("ingest.image.token"), message);
            assertFalse(message.contains("ssword"), message);
        }
    }
}
