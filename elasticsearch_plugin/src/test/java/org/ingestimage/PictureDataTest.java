package org.ingestimage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;

import org.junit.jupiter.api.Test;

class PictureDataTest {

    private static final byte[] BYTES = { 1, 2, 3, -1, -2, -3, -4 };
    private static final String TEXT = Base64.getEncoder().encodeToString(BYTES);

    @Test
    void decodesWhatTheServiceDecodes() {
        assertArrayEquals(BYTES, PictureData.decode(BYTES));
        assertArrayEquals(BYTES, PictureData.decode(TEXT));
        assertArrayEquals(BYTES, PictureData.decode("data:image/png;base64," + TEXT));
        assertArrayEquals(BYTES, PictureData.decode(TEXT.substring(0, 4) + "\r\n" + TEXT.substring(4) + "\n"));
        assertArrayEquals(BYTES, PictureData.decode(Base64.getUrlEncoder().withoutPadding().encodeToString(BYTES)));
        assertNull(PictureData.decode("*" + TEXT));
        assertNull(PictureData.decode("data:image/png," + TEXT));
    }

    @Test
    void theLimitIsOnThePictureNotOnItsWriting() {
        byte[] picture = new byte[3000];
        String text = Base64.getEncoder().encodeToString(picture);
        String lines = Base64.getMimeEncoder().encodeToString(picture);
        for (Object data : new Object[] { picture, text, lines, "data:image/png;base64," + lines }) {
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
