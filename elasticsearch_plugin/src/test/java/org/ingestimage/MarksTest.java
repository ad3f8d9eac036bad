package org.ingestimage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
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
        return marks(token, "");
    }

    private static Marks marks(String token, String previous) {
        return new Marks(secret(token), secret(previous));
    }

    private static SecureString secret(String text) {
        return new SecureString(text.toCharArray());
    }

    @Test
    void believesWhatTheServiceSigns() throws Exception {
        for (Map<String, Object> vector : RecipeTest.vectors("marks")) {
            Marks marks = marks((String) vector.get("token"));
            String recipe = (String) vector.get("recipe");
            String mark = (String) vector.get("mark");
            String data = (String) vector.get("data");
            assertNotNull(marks.believed(mark, recipe, data), () -> "vector " + vector);
            assertNotNull(marks.believed(mark, recipe, Base64.getDecoder().decode(data)), "bytes");
            assertNotNull(marks.believed(mark, recipe, "\n" + data + "\r\n"), "line breaks");
            assertNull(marks.sourceBelieved(mark, recipe, data), "a mark is no source mark");
        }
        for (Map<String, Object> vector : RecipeTest.vectors("source_marks")) {
            Marks marks = marks((String) vector.get("token"));
            assertNotNull(marks.sourceBelieved(vector.get("mark"), (String) vector.get("recipe"), vector.get("data")));
            assertNull(marks.believed(vector.get("mark"), (String) vector.get("recipe"), vector.get("data")));
        }
        for (Map<String, Object> vector : RecipeTest.vectors("url_marks")) {
            Marks marks = marks((String) vector.get("token"));
            String url = (String) vector.get("url");
            assertNotNull(marks.urlBelieved(vector.get("mark"), (String) vector.get("recipe"), url));
            assertNull(marks.urlBelieved(vector.get("mark"), (String) vector.get("recipe"), url + "x"));
            assertNull(marks.urlBelieved(7, (String) vector.get("recipe"), url));
        }
    }

    @Test
    void believesNothingElse() throws Exception {
        Map<String, Object> vector = RecipeTest.vectors("marks").get(1);
        Marks marks = marks((String) vector.get("token"));
        String recipe = (String) vector.get("recipe");
        String mark = (String) vector.get("mark");
        Object data = vector.get("data");
        assertNull(marks("other").believed(mark, recipe, data), "another token");
        assertNull(marks("").believed(mark, recipe, data), "no token");
        assertNull(marks.believed(mark, recipe.replace(recipe.charAt(0), 'x'), data), "another recipe");
        assertNull(marks.believed(mark, recipe, "AAAA"), "other bytes");
        assertNull(marks.believed(mark, recipe, "not base64!"), "no base64");
        assertNull(marks.believed(mark.toUpperCase(Locale.ROOT), recipe, data), "another spelling");
        assertNull(marks.believed(mark.substring(1), recipe, data), "a short mark");
        assertNull(marks.believed("0".repeat(64), recipe, data), "an invented mark");
        assertNull(marks.believed(42, recipe, data), "a number");
        assertNull(marks.believed(null, recipe, data), "no mark");
    }

    @Test
    void theTokenIsCopiedAndReplaced() throws Exception {
        Map<String, Object> vector = RecipeTest.vectors("marks").get(1);
        Marks marks = marks("old");
        assertEquals("Bearer old", marks.authorization());
        SecureString token = secret((String) vector.get("token"));
        SecureString previous = secret("old");
        marks.setTokens(token, previous);
        token.close();
        previous.close();
        assertNotNull(marks.believed(vector.get("mark"), (String) vector.get("recipe"), vector.get("data")));
        assertNull(marks("").authorization());
    }

    @Test
    void aMarkOfThePreviousTokenIsBelievedAndSignedAnew() throws Exception {
        for (String kind : new String[] { "marks", "source_marks" }) {
            Map<String, Object> vector = RecipeTest.vectors(kind).get(kind.equals("marks") ? 1 : 0);
            String token = (String) vector.get("token");
            String old = (String) vector.get("mark");
            Marks rotating = marks("new", token);
            assertEquals("Bearer new", rotating.authorization());
            String renewed = believed(rotating, kind, old, vector);
            assertNotEquals(old, renewed);
            assertEquals(renewed, believed(marks("new"), kind, renewed, vector), "believed when the previous token is gone");
            assertEquals(renewed, believed(rotating, kind, renewed, vector));
            assertEquals(old, believed(marks(token, "older"), kind, old, vector), "nothing to renew");
            assertNull(believed(marks("new"), kind, old, vector), "the previous token is gone");
            assertNull(believed(marks("new", "other"), kind, old, vector), "two other tokens");
        }
    }

    private static String believed(Marks marks, String kind, String mark, Map<String, Object> vector) {
        String recipe = (String) vector.get("recipe");
        return kind.equals("marks") ? marks.believed(mark, recipe, vector.get("data")) : marks.sourceBelieved(mark, recipe, vector.get("data"));
    }

    /** Whoever has no token signs with none: that must not count as the token before. */
    @Test
    void noPreviousTokenIsNotAnEmptyOne() throws Exception {
        Map<String, Object> unsigned = RecipeTest.vectors("marks").get(0);
        assertEquals("", unsigned.get("token"));
        assertNull(believed(marks("new", ""), "marks", (String) unsigned.get("mark"), unsigned));
    }

    @Test
    void aTokenThatFitsNoHeaderIsRefusedAndNotRepeated() {
        for (String token : new String[] { "pass word", "pass\nword", "pässword" }) {
            String message = assertThrows(IllegalArgumentException.class, () -> marks(token)).getMessage();
            assertTrue(message.contains("ingest.image.token"), message);
            assertFalse(message.contains("ssword"), message);
            message = assertThrows(IllegalArgumentException.class, () -> marks("fine", token)).getMessage();
            assertTrue(message.contains("ingest.image.previous_token"), message);
            assertFalse(message.contains("ssword"), message);
        }
    }
}
