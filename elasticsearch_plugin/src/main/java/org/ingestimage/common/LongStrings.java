package org.ingestimage.common;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Takes pictures out of JSON before it is parsed. A parser holds several copies of a long string while it reads it, in
 * characters of two bytes. A picture's base64 can be taken from the bytes directly.
 */
final class LongStrings {

    /** Bytes. A parser copes with shorter strings. */
    static final int LONG = 16 * 1024;

    private final String prefix = UUID.randomUUID() + "-";
    private final Map<String, String> taken = new HashMap<>();
    private final byte[] json;

    /** @param json need not be well formed: the parser will find out */
    LongStrings(byte[] json) {
        this.json = json;
    }

    /** The JSON with a short string in place of each long one that consists of visible ASCII. */
    byte[] without() throws IOException {
        ByteArrayOutputStream rest = new ByteArrayOutputStream();
        int copied = 0;
        for (int at = 0; at < json.length; at++) {
            if (json[at] != '"') {
                continue;
            }
            int start = at + 1;
            int end = start;
            boolean plain = true;
            while (end < json.length && json[end] != '"') {
                // Bytes of characters that are not ASCII are negative.
                plain &= json[end] >= ' ' && json[end] != '\\';
                end += json[end] == '\\' ? 2 : 1;
            }
            if (plain && end < json.length && end - start >= LONG && isKey(end + 1) == false) {
                String name = prefix + taken.size();
                taken.put(name, new String(json, start, end - start, StandardCharsets.ISO_8859_1));
                rest.write(json, copied, start - copied);
                rest.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
                copied = end;
            }
            at = end;
        }
        rest.write(json, copied, json.length - copied);
        return rest.toByteArray();
    }

    private boolean isKey(int at) {
        int next = at;
        while (next < json.length && json[next] <= ' ' && json[next] >= 0) {
            next++;
        }
        return next < json.length && json[next] == ':';
    }

    /** Puts them back into what was parsed. */
    @SuppressWarnings("unchecked")
    Object restore(Object value) {
        if (value instanceof Map<?, ?> map) {
            ((Map<String, Object>) map).replaceAll((key, each) -> restore(each));
        } else if (value instanceof List<?> list) {
            ((List<Object>) list).replaceAll(this::restore);
        } else if (value instanceof String text) {
            return taken.getOrDefault(text, text);
        }
        return value;
    }
}
