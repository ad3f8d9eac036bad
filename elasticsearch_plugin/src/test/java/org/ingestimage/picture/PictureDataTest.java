package org.ingestimage.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;

import org.ingestimage.common.Json;
import org.junit.jupiter.api.Test;

class PictureDataTest {

    private static final byte[] BYTES = { 1, 2, 3, -1, -2, -3, -4 };
    private static final String TEXT = Base64.getEncoder().encodeToString(BYTES);

    @Test
    void decodesWhatTheServiceDecodes() throws Exception {
        assertSame(BYTES, PictureData.decode(BYTES));
        for (Map<String, Object> vector : vectors()) {
            byte[] bytes = PictureData.decode(vector.get("text"));
            String read = bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
            assertEquals(vector.get("base64"), read, () -> "vector " + vector.get("why"));
        }
    }

    @Test
    void whatIsWrittenOtherwiseBecomesPlainBase64() throws Exception {
        for (Map<String, Object> vector : vectors()) {
            if (vector.get("base64") != null) {
                Object text = vector.get("text");
                boolean sameButForBits = text.equals("+/+/AR==");
                assertEquals(sameButForBits ? text : vector.get("base64"), PictureData.plain(text, PictureData.decode(text)));
            }
        }
        assertSame(TEXT, PictureData.plain(TEXT, BYTES), "not even copied");
        assertSame(BYTES, PictureData.plain(BYTES, BYTES));
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> vectors() throws Exception {
        try (InputStream in = PictureDataTest.class.getResourceAsStream("/picture-text-vectors.json")) {
            return (List<Map<String, Object>>) Json.read(in.readAllBytes()).get("vectors");
        }
    }

    @Test
    void theHeaderOfADataUrlHasAnEnd() {
        assertNull(PictureData.decode("data:image/png;name=" + "a".repeat(1_000_000) + ";base64,AAAA"));
        assertNull(PictureData.decode("data:" + "\"".repeat(1_000_000)));
    }

    @Test
    void whatJsonMakesOfABufferIsToldByItsName() {
        String buffer = "the bytes of a Buffer or Uint8Array as numbers; send Buffer.from(bytes).toString('base64')";
        assertEquals(buffer, PictureData.kind(List.of(137, 80)));
        assertEquals(buffer, PictureData.kind(Map.of("type", "Buffer", "data", List.of(137, 80))));
        assertEquals(buffer, PictureData.kind(Map.of("0", 137, "1", 80)));
        assertEquals("[a list]", PictureData.kind(List.of("AAAA")));
        assertEquals("[a list]", PictureData.kind(List.of()));
        assertEquals("[an object]", PictureData.kind(Map.of("a", 1)));
        assertEquals("[true]", PictureData.kind(true));
    }

    @Test
    void theLimitIsOnThePictureNotOnItsWriting() {
        byte[] picture = new byte[3000];
        String text = Base64.getEncoder().encodeToString(picture);
        String lines = Base64.getMimeEncoder().encodeToString(picture);
        for (Object data : new Object[] {
            picture, text, lines, "data:image/png;base64," + lines, "data:image/png;base64," + text.replace("A", "%41") }) {
            assertFalse(PictureData.exceeds(data, 3000));
            assertTrue(PictureData.exceeds(data, 2997));
        }
        assertTrue(PictureData.exceeds(" ".repeat(100_000), 3000), "nothing but spaces");
    }

    @Test
    void jsonIsAlwaysValid() throws Exception {
        assertEquals(TEXT, roundTrip(TEXT));
        assertEquals(TEXT, roundTrip(BYTES));
        assertEquals("a\nb\"c\\d\u0000", roundTrip("a\nb\"c\\d\u0000"));
        // Not base64 anyway; what matters is that the request stays readable.
        assertEquals("\ufffd\ufffd\ufffd", roundTrip("é\ud83c\u007f"));
        assertEquals("", roundTrip(""));
    }

    private static Object roundTrip(Object data) throws Exception {
        String json = "{\"data\":\"" + new String(PictureData.json(data), StandardCharsets.US_ASCII) + "\"}";
        Map<String, Object> map = Json.read(json.getBytes(StandardCharsets.US_ASCII));
        return map.get("data");
    }
}
