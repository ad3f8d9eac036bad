package org.ingestimage.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.elasticsearch.common.settings.SecureString;
import org.ingestimage.common.Sha256;
import org.ingestimage.testing.Documents;
import org.ingestimage.testing.Vectors;
import org.junit.jupiter.api.Test;

class MarksTest {

    private static final List<String> KINDS = List.of("marks", "source_marks", "url_marks", "thumbnail_marks");

    private static Marks marks(String token) {
        return marks(token, "");
    }

    private static Marks marks(String token, String previous) {
        return new Marks(secret(token), secret(previous));
    }

    private static SecureString secret(String text) {
        return new SecureString(text.toCharArray());
    }

    /** What a vector of one of the kinds signs. */
    private static String message(String kind, Map<String, Object> vector) {
        String recipe = (String) vector.get("recipe");
        String stored = kind.equals("marks") ? (String) vector.get("sha256") : Sha256.hex(bytes(vector, "stored"));
        return switch (kind) {
            case "marks" -> Marks.made(recipe, stored);
            case "source_marks" -> Marks.madeFrom(recipe, bytes(vector, "source"), stored);
            case "url_marks" -> Marks.madeFromAddress(recipe, (String) vector.get("url"), stored);
            default -> Marks.thumbnail(recipe, stored, bytes(vector, "thumbnail"));
        };
    }

    private static byte[] bytes(Map<String, Object> vector, String name) {
        return Base64.getDecoder().decode((String) vector.get(name));
    }

    @Test
    void believesWhatTheServiceSigns() throws Exception {
        for (String kind : KINDS) {
            for (Map<String, Object> vector : Vectors.of(kind)) {
                Marks marks = marks((String) vector.get("token"));
                assertEquals(vector.get("mark"), marks.valid(vector.get("mark"), message(kind, vector)), () -> kind + " " + vector);
            }
        }
    }

    @Test
    void believesNothingElse() throws Exception {
        for (String kind : KINDS) {
            Map<String, Object> vector = Vectors.of(kind).get(1);
            Marks marks = marks((String) vector.get("token"));
            String mark = (String) vector.get("mark");
            String message = message(kind, vector);
            assertNull(marks("other").valid(mark, message), "another token");
            assertNull(marks("").valid(mark, message), "no token");
            assertNull(marks.valid(mark.toUpperCase(Locale.ROOT), message), "another spelling");
            assertNull(marks.valid(mark.substring(1), message), "a short mark");
            assertNull(marks.valid("0".repeat(64), message), "an invented mark");
            assertNull(marks.valid("é".repeat(64), message), "no ASCII");
            assertNull(marks.valid(42, message), "a number");
            assertNull(marks.valid(null, message), "no mark");
            for (Map<String, Object> other : Vectors.of(kind)) {
                assertEquals(other.equals(vector), marks.valid(mark, message(kind, other)) != null, "a mark of something else");
            }
            for (String another : KINDS) {
                if (another.equals(kind) == false) {
                    assertNull(marks.valid(mark, message(another, Vectors.of(another).get(1))), "a mark of another kind");
                }
            }
        }
    }

    @Test
    void theTokenIsCopiedAndReplaced() throws Exception {
        Map<String, Object> vector = Vectors.of("marks").get(1);
        Marks marks = marks("old");
        assertEquals(marks("old").transportKey(), marks.transportKey());
        SecureString token = secret((String) vector.get("token"));
        SecureString previous = secret("old");
        marks.setTokens(token, previous);
        token.close();
        previous.close();
        assertNotNull(marks.valid(vector.get("mark"), message("marks", vector)));
        assertNull(marks("").transportKey());
    }

    @Test
    void aMarkOfThePreviousTokenIsBelievedAndSignedAnew() throws Exception {
        for (String kind : KINDS) {
            Map<String, Object> vector = Vectors.of(kind).get(1);
            String token = (String) vector.get("token");
            String old = (String) vector.get("mark");
            String message = message(kind, vector);
            Marks rotating = marks("new", token);
            assertEquals(marks("new").transportKey(), rotating.transportKey(), "requests are signed with the new one");
            String renewed = rotating.valid(old, message);
            assertNotEquals(old, renewed);
            assertEquals(renewed, marks("new").valid(renewed, message), "believed when the previous token is gone");
            assertEquals(renewed, rotating.valid(renewed, message));
            assertEquals(old, marks(token, "older").valid(old, message), "nothing to renew");
            assertNull(marks("new").valid(old, message), "the previous token is gone");
            assertNull(marks("new", "other").valid(old, message), "two other tokens");
        }
    }

    @Test
    void aMarkOfTheOlderKeyIsBelievedAndSignedAnew() throws Exception {
        for (String kind : KINDS) {
            for (Map<String, Object> vector : Vectors.of(kind)) {
                String token = (String) vector.get("token");
                String message = message(kind, vector);
                assertEquals(vector.get("mark"), marks(token).valid(vector.get("first_mark"), message));
                assertNull(marks("other").valid(vector.get("first_mark"), message), "another token");
                if (token.isEmpty() == false) {
                    assertEquals(marks("new").valid(Documents.sign("new", message), message), marks("new", token).valid(vector.get("first_mark"), message));
                }
            }
        }
    }

    /** Whoever has no token signs with none: that must not count as the token before. */
    @Test
    void noPreviousTokenIsNotAnEmptyOne() throws Exception {
        Map<String, Object> unsigned = Vectors.of("marks").get(0);
        assertEquals("", unsigned.get("token"));
        assertNull(marks("new", "").valid(unsigned.get("mark"), message("marks", unsigned)));
    }

    @Test
    void anApiTokenIsNotTheToken() {
        String message = assertThrows(IllegalArgumentException.class, () -> marks("ingest-image-api-0123")).getMessage();
        assertTrue(message.contains("API token") && message.contains("0123") == false, message);
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
