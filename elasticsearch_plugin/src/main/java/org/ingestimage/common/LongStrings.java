package org.ingestimage.common;

import java.io.ByteArrayOutputStream;
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
    private static final int NONE = Integer.MAX_VALUE;

    private final String prefix = UUID.randomUUID() + "-";
    private final Map<String, String> taken = new HashMap<>();
    private final byte[] json;
    /** A character for each byte: `indexOf` looks at many at once. */
    private final String text;
    /** The first backslash that is not before what was looked at last. */
    private int backslash = -1;

    /** @param json well formed or not: what is not, is left for the parser to find */
    LongStrings(byte[] json) {
        this.json = json;
        this.text = new String(json, StandardCharsets.ISO_8859_1);
    }

    /** The JSON with a short string in the place of each long one that is base64. */
    byte[] without() {
        ByteArrayOutputStream rest = new ByteArrayOutputStream();
        int copied = 0;
        int quote = text.indexOf('"');
        while (quote >= 0) {
            int start = quote + 1;
            int end = end(start);
            if (end - start >= LONG && isKey(end + 1) == false && Base64Text.is(json, start, end)) {
                String name = prefix + taken.size();
                taken.put(name, text.substring(start, end));
                rest.write(json, copied, start - copied);
                rest.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
                copied = end;
            }
            quote = end < 0 ? -1 : text.indexOf('"', end + 1);
        }
        rest.write(json, copied, json.length - copied);
        return rest.toByteArray();
    }

    /** Where the string that begins here ends: at its quote; -1 when it has none. */
    private int end(int start) {
        int end = text.indexOf('"', start);
        int escape = nextBackslash(start);
        while (end >= 0 && escape >= 0 && escape < end) {
            int behind = escape + 2;
            end = end < behind ? text.indexOf('"', behind) : end;
            escape = nextBackslash(behind);
        }
        return end;
    }

    private int nextBackslash(int from) {
        if (backslash < from && backslash != NONE) {
            int next = text.indexOf('\\', from);
            backslash = next < 0 ? NONE : next;
        }
        return backslash == NONE ? -1 : backslash;
    }

    private boolean isKey(int at) {
        int next = at;
        while (next < json.length && json[next] <= ' ' && json[next] >= 0) {
            next++;
        }
        return next < json.length && json[next] == ':';
    }

    /** Puts them back into what was parsed. With few frames of the stack at each level, as a thousand may be in each other. */
    @SuppressWarnings("unchecked")
    Object restore(Object value) {
        if (value instanceof Map<?, ?> map) {
            for (Map.Entry<String, Object> entry : ((Map<String, Object>) map).entrySet()) {
                entry.setValue(restore(entry.getValue()));
            }
        } else if (value instanceof List<?> list) {
            for (int index = 0; index < list.size(); index++) {
                ((List<Object>) list).set(index, restore(list.get(index)));
            }
        } else if (value instanceof String text) {
            return taken.getOrDefault(text, text);
        }
        return value;
    }
}
