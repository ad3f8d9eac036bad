package org.ingestimage.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

class LongStringsTest {

    private static final String PICTURE = "AbC+/9".repeat(10_000);

    private static byte[] bytes(String json) {
        return json.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void whatIsReadIsTheSameWithAndWithout() throws Exception {
        String odd = "\\\"ä\\\\\\u00e9".repeat(5_000);
        String json = "{\"a\": \"" + PICTURE + "\", \"b\" : [{\"c\":\"" + PICTURE + "x\"}, 1, null, \"\\\\\"], \"d\": \"" + odd + "\", \"" + PICTURE
            + "\" : \"" + PICTURE + "\"}";
        Map<String, Object> expected = Map.of(
            "a", PICTURE,
            "b", java.util.Arrays.asList(Map.of("c", PICTURE + "x"), 1, null, "\\"),
            "d", "\"ä\\é".repeat(5_000),
            PICTURE, PICTURE
        );
        assertEquals(expected, Json.read(bytes(json)));
    }

    @Test
    void theParserSeesShortStringsOnly() throws Exception {
        LongStrings strings = new LongStrings(bytes("{\"a\": \"" + PICTURE + "\"}"));
        assertTrue(strings.without().length < 100);
    }

    @Test
    void whatIsBrokenStaysBroken() {
        for (String json : List.of("{\"a\": \"" + PICTURE, "{\"a\": \"" + PICTURE + "\\", "\"" + PICTURE + "\"", "{\"a\": \"" + PICTURE + "\"} 1")) {
            assertThrows(IOException.class, () -> Json.read(bytes(json)));
        }
    }
}
