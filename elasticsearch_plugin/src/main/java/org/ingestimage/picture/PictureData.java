package org.ingestimage.picture;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

import org.ingestimage.common.Base64Text;
import org.ingestimage.common.SafeText;
import org.ingestimage.common.Sha256;

/** A picture as a document carries it: a base64 string, perhaps with line breaks or as a data URL, or bytes (CBOR, SMILE). */
public final class PictureData {

    /** Characters by which base64 is told from a text without blanks. The smallest pictures have as many. */
    private static final int TELLING = 48;
    /** How base64 of common formats begins: a path or a digest may have no other characters than base64. */
    private static final List<String> BEGINNINGS = List.of("/9j/", "_9j_", "iVBORw0KGgo", "R0lGOD", "UklGR", "SUkqA", "TU0AK", "Qk0", "Qk1", "Qk2", "Qk3", "AAAA");

    private PictureData() {}

    public static boolean is(Object value) {
        return value instanceof String || value instanceof byte[];
    }

    /** Whether a value that stands where no picture is read is one, by its beginning: bytes, a data URL, base64 of a common format. */
    public static boolean looksLike(Object value) {
        return value instanceof byte[]
            || value instanceof String text
                && (DataUrl.is(text) || text.length() >= TELLING && BEGINNINGS.stream().anyMatch(text::startsWith) && text.chars().limit(TELLING).allMatch(PictureData::isDigit));
    }

    private static boolean isDigit(int c) {
        return c < 0x80 && Character.isLetterOrDigit(c) || "+/-_".indexOf(c) >= 0;
    }

    /** What a value is that is no picture, for a message. Nothing of it is shown but what is short. */
    public static String kind(Object value) {
        if (isNumbers(value) || isBuffer(value) || (value instanceof Map<?, ?> map && map.containsKey("0"))) {
            // What JSON makes of a Buffer, of its bytes, and of a Uint8Array.
            return "the bytes of a Buffer or Uint8Array as numbers; send Buffer.from(bytes).toString('base64')";
        }
        return "[" + (value instanceof Map ? "an object" : value instanceof List ? "a list" : SafeText.shown(value)) + "]";
    }

    /** Whether the value is what JSON makes of a Buffer, even of an empty one. */
    public static boolean isBuffer(Object value) {
        return value instanceof Map<?, ?> map && "Buffer".equals(map.get("type"));
    }

    /** Whether the value is a list of bytes, each a number. */
    public static boolean isNumbers(Object value) {
        return value instanceof List<?> list && list.isEmpty() == false && list.stream().allMatch(Number.class::isInstance);
    }

    /** Bytes as numbers that stand where a picture's object should be, as the `data` that they are meant to be; anything else as it is. */
    public static Object named(Object value) {
        boolean typedArray = value instanceof Map<?, ?> map && map.get("0") instanceof Number && TargetFields.isEmpty(map);
        return typedArray || isNumbers(value) ? Map.of(TargetFields.DATA, value) : value;
    }

    /** Whether the picture has more than `limit` bytes; judged by the length of the text, before anything is decoded. */
    public static boolean exceeds(Object data, long limit) {
        if (data instanceof byte[] bytes) {
            return bytes.length > limit;
        }
        String text = (String) data;
        long atMost = text.length() * 3L / 4;
        if (atMost <= limit || atMost > 3 * limit + 8192) {
            // Percent-encoded throughout it would be three times as long.
            return atMost > limit;
        }
        // White space, padding, and what a data URL has besides do not count. They are looked for only when they could make the difference.
        String payload = payload(text);
        return digits(payload == null ? text : payload) * 3 / 4 > limit;
    }

    private static long digits(String text) {
        long digits = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (DataUrl.isWhitespace(c) == false && c != '=') {
                digits++;
            }
        }
        return digits;
    }

    /** The base64 text; null for a data URL that holds something else. */
    private static String payload(String text) {
        return DataUrl.is(text) ? DataUrl.base64(text) : text;
    }

    /** The picture's bytes, null when the text is no base64. It overlooks what the service overlooks, nothing else. */
    public static byte[] decode(Object data) {
        if (data instanceof byte[] bytes) {
            return bytes;
        }
        try {
            return Base64.getDecoder().decode((String) data);
        } catch (IllegalArgumentException e) {
            String payload = payload((String) data);
            return payload == null ? null : decodeLeniently(payload);
        }
    }

    /** White space, the URL-safe alphabet, missing or odd padding. */
    private static byte[] decodeLeniently(String text) {
        byte[] plain = new byte[text.length()];
        int length = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (DataUrl.isWhitespace(c) == false) {
                // Of what is not ASCII, `*` is as little a digit as itself.
                plain[length++] = (byte) (c == '-' ? '+' : c == '_' ? '/' : c < 0x80 ? c : '*');
            }
        }
        while (length > 0 && plain[length - 1] == '=') {
            length--;
        }
        try {
            return Base64.getDecoder().decode(Arrays.copyOf(plain, length));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** SHA-256 of the bytes of a text that is nothing but padded base64, in hex; null when it is not. Decoded by parts: it may be long. */
    public static String hash(String base64) {
        if (base64.length() % 4 != 0) {
            return null;
        }
        MessageDigest digest = Sha256.digest();
        return Base64Text.decode(base64, digest::update) ? HexFormat.of().formatHex(digest.digest()) : null;
    }

    /** SHA-256 of a picture as a document carries it, in hex; null when its text is no base64. */
    public static String hashOfAny(Object data) {
        String hash = data instanceof String text ? hash(text) : null;
        byte[] bytes = hash == null ? decode(data) : null;
        return bytes == null ? hash : Sha256.hex(bytes);
    }

    /**
     * The same picture as nothing but base64: what stands around it in a data URL, and white space, is the writer's and says nothing about
     * the picture. Bytes are left as they are.
     *
     * @param bytes of the picture, as `decode` gives them
     */
    public static Object plain(Object data, byte[] bytes) {
        if (data instanceof byte[] || isPlain((String) data, bytes.length)) {
            return data;
        }
        return Base64.getEncoder().encodeToString(bytes);
    }

    /** Of a text that was decoded to this many bytes: digits of the common alphabet, and padding. */
    private static boolean isPlain(String text, int bytes) {
        return text.length() == (bytes + 2L) / 3 * 4 && Base64Text.decode(text, part -> {});
    }

    /** What stands between the quotes of the JSON string. */
    public static byte[] json(Object data) {
        if (data instanceof byte[] bytes) {
            return Base64.getEncoder().encode(bytes);
        }
        String text = (String) data;
        byte[] ascii = text.getBytes(StandardCharsets.ISO_8859_1);
        // Decoding is the fastest way to know that nothing has to be escaped: it looks at many characters at once.
        if (Base64Text.is(ascii, 0, ascii.length)) {
            return ascii;
        }
        int special = 0;
        for (int i = 0; i < text.length(); i++) {
            if (isSpecial(text.charAt(i))) {
                special++;
            }
        }
        return special == 0 ? ascii : escaped(text, special);
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
