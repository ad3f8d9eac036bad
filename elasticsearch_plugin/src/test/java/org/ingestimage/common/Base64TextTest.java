package org.ingestimage.common;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;

import org.junit.jupiter.api.Test;

/** By parts a text is what it is as a whole, wherever its parts begin. */
class Base64TextTest {

    private static final int PART = 1 << 16;

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    /** What it decodes to; null when it is not base64. */
    private static byte[] decoded(String text) {
        ByteArrayOutputStream result = new ByteArrayOutputStream();
        return Base64Text.decode(text, part -> result.write(part.array(), part.position(), part.remaining())) ? result.toByteArray() : null;
    }

    private static boolean isBase64(String text) {
        byte[] ascii = ("\"" + text + "\"").getBytes(StandardCharsets.ISO_8859_1);
        return Base64Text.is(ascii, 1, ascii.length - 1);
    }

    @Test
    void everyByteIsDecoded() {
        for (int size : new int[] { 0, 1, 2, 3, PART / 4 * 3 - 1, PART / 4 * 3, PART / 4 * 3 + 1, PART * 3 + 7 }) {
            byte[] bytes = random(size);
            String text = Base64.getEncoder().encodeToString(bytes);
            assertArrayEquals(bytes, decoded(text), "of " + size + " bytes");
            assertEquals(true, isBase64(text), "of " + size + " bytes");
        }
    }

    @Test
    void paddingAndOtherCharactersAreFoundInEveryPart() {
        String text = Base64.getEncoder().encodeToString(random(PART * 2));
        for (int at : Arrays.asList(0, PART - 1, PART, PART + 1, 2 * PART - 1, 2 * PART, text.length() - 3)) {
            for (String wrong : Arrays.asList("=", "\"", "-", "\n", "\u00e9", "\u4e2d")) {
                String broken = text.substring(0, at) + wrong + text.substring(at + 1);
                assertEquals(null, decoded(broken), wrong + " at " + at);
                assertEquals(false, isBase64(broken), wrong + " at " + at);
            }
        }
    }
}
