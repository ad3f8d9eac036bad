package org.ingestimage;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A picture as a document carries it: a base64 string, perhaps with line breaks or as a data URL, or bytes (CBOR, SMILE). */
final class PictureData {

    private static final Pattern DATA_URL = Pattern.compile("data:[^,]{0,200};base64,", Pattern.CASE_INSENSITIVE);
    private static final Pattern SPACE = Pattern.compile("[ \\t\\r\\n]+");

    private PictureData() {}

    static boolean is(Object value) {
        return value instanceof String || value instanceof byte[];
    }

    /** Whether the picture has more than `limit` bytes; judged by the length of the text, before anything is decoded or copied. */
    static boolean exceeds(Object data, long limit) {
        if (data instanceof byte[] bytes) {
            return bytes.length > limit;
        }
        String text = (String) data;
        long atMost = text.length() * 3L / 4;
        if (atMost <= limit) {
            return false;
        }
        // Line breaks, padding and the prefix of a data URL do not count. They are looked for only when they could make the difference.
        return atMost > limit + limit / 4 + 300 || size(text) > limit;
    }

    private static long size(String text) {
        long digits = 0;
        for (int i = payloadStart(text); i < text.length(); i++) {
            char c = text.charAt(i);
            if (c > ' ' && c != '=') {
                digits++;
            }
        }
        return digits * 3 / 4;
    }

    private static int payloadStart(String text) {
        Matcher matcher = DATA_URL.matcher(text);
        return matcher.lookingAt() ? matcher.end() : 0;
    }

    /** The picture's bytes, null when the text is no base64. It overlooks what the service overlooks, nothing else. */
    static byte[] decode(Object data) {
        if (data instanceof byte[] bytes) {
            return bytes;
        }
        String text = (String) data;
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            return decodeLeniently(text);
        }
    }

    /** Data URL, white space, the URL-safe alphabet, missing padding. */
    private static byte[] decodeLeniently(String text) {
        String plain = SPACE.matcher(text.substring(payloadStart(text))).replaceAll("").replace('-', '+').replace('_', '/');
        try {
            return Base64.getDecoder().decode(plain);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** What stands between the quotes of the JSON string. */
    static byte[] json(Object data) {
        if (data instanceof byte[] bytes) {
            return Base64.getEncoder().encode(bytes);
        }
        String text = (String) data;
        int special = 0;
        for (int i = 0; i < text.length(); i++) {
            if (isSpecial(text.charAt(i))) {
                special++;
            }
        }
        if (special == 0) {
            return text.getBytes(StandardCharsets.ISO_8859_1);
        }
        return escaped(text, special);
    }

    /** Written as &#92;uXXXX. What is not ASCII cannot be base64; the service says so, whatever character it sees there. */
    private static byte[] escaped(String text, int special) {
        byte[] result = new byte[Math.toIntExact(text.length() + 5L * special)];
        int at = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isSpecial(c) == false) {
                result[at++] = (byte) c;
                continue;
            }
            int shown = c > 0x7e ? 0xfffd : c;
            result[at++] = '\\';
            result[at++] = 'u';
            for (int shift = 12; shift >= 0; shift -= 4) {
                result[at++] = (byte) Character.forDigit(shown >> shift & 0xf, 16);
            }
        }
        return result;
    }

    private static boolean isSpecial(char c) {
        return c < ' ' || c > 0x7e || c == '"' || c == '\\';
    }
}
