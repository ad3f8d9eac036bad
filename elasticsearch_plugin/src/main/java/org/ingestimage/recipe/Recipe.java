package org.ingestimage.recipe;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.ingestimage.common.Sha256;

/**
 * What the pipeline's owner wants done to a picture, and the hash that names it in marks.
 *
 * <p>The hash is over a canonical form (docs/wire.md), because a pipeline may come back from the cluster state with
 * numbers and keys written differently. The service computes the same.
 *
 * @param operations as configured; null when absent
 * @param properties as configured; null when absent
 * @param hash the first 32 hex digits of the SHA-256 of the canonical form
 */
public record Recipe(List<Object> operations, List<Object> properties, String hash) {

    public static Recipe of(List<Object> operations, List<Object> properties) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        write(out, Arrays.asList(entries(operations), entries(properties)));
        byte[] digest = Sha256.digest().digest(out.toByteArray());
        return new Recipe(operations, properties, HexFormat.of().formatHex(digest, 0, 16));
    }

    /** `"name"` means `{"name": {}}`. */
    private static List<Object> entries(List<Object> entries) {
        if (entries == null) {
            return null;
        }
        List<Object> result = new ArrayList<>(entries.size());
        for (Object entry : entries) {
            result.add(entry instanceof String name ? Map.of(name, Map.of()) : entry);
        }
        return result;
    }

    private static void write(ByteArrayOutputStream out, Object value) {
        if (value == null) {
            out.write('z');
        } else if (value instanceof String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            ascii(out, bytes.length + ":");
            out.writeBytes(bytes);
        } else if (value instanceof Boolean flag) {
            out.write(flag ? 't' : 'f');
        } else if (value instanceof Number number) {
            ascii(out, "n" + canonical(number) + ";");
        } else if (value instanceof List<?> list) {
            out.write('l');
            list.forEach(item -> write(out, item));
            out.write('e');
        } else if (value instanceof Map<?, ?> map) {
            // Sorted by UTF-8 bytes: Java's own order of strings differs beyond the basic plane.
            TreeMap<byte[], Object> sorted = new TreeMap<>(Arrays::compareUnsigned);
            map.forEach((key, item) -> sorted.put(String.valueOf(key).getBytes(StandardCharsets.UTF_8), item));
            out.write('d');
            sorted.forEach((key, item) -> {
                ascii(out, key.length + ":");
                out.writeBytes(key);
                write(out, item);
            });
            out.write('e');
        } else {
            throw new IllegalArgumentException("a recipe cannot hold a value of type [" + value.getClass().getSimpleName() + "]");
        }
    }

    /** The exact value of the number (of a double: its binary value) rounded half-even to six decimals, in plain notation. */
    static String canonical(Number number) {
        BigDecimal exact;
        if (number instanceof BigDecimal decimal) {
            exact = decimal;
        } else if (number instanceof BigInteger integer) {
            exact = new BigDecimal(integer);
        } else if (number instanceof Double || number instanceof Float) {
            exact = new BigDecimal(number.doubleValue());
        } else {
            exact = BigDecimal.valueOf(number.longValue());
        }
        BigDecimal rounded = exact.setScale(6, RoundingMode.HALF_EVEN);
        return rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
    }

    private static void ascii(ByteArrayOutputStream out, String text) {
        out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }
}
