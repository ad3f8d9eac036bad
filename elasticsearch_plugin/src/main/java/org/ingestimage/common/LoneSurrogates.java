package org.ingestimage.common;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Replaces halves of surrogate pairs, which programs leave behind that cut a text within an emoji, by U+FFFD, as every
 * UTF-8 encoder does. One at the end of a text keeps Elasticsearch's standard analyzer from finding any word of it.
 */
public final class LoneSurrogates {

    /** Characters. A longer text is probably a picture's base64: it is checked by parts first. */
    private static final int LONG = 4096;
    /** Characters that are compared at once. */
    private static final int PART = 1 << 15;
    private static final int DEEPEST = 100;
    private static final char REPLACEMENT = '\ufffd';

    private LoneSurrogates() {}

    /** Replaces them in all values of the document, down to {@link #DEEPEST}. Objects and lists are copied first. */
    public static void mend(Map<String, Object> document) {
        document.replaceAll((name, value) -> sound(value, 0));
    }

    /** The same object when there is nothing to replace in it. */
    private static Object sound(Object value, int depth) {
        if (value instanceof String text) {
            return text.length() > LONG && isLatin1(text) ? text : sound(text);
        }
        if (depth == DEEPEST) {
            return value;
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> result = new LinkedHashMap<>();
            boolean changed = false;
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                Object after = sound(entry.getValue(), depth + 1);
                changed |= after != entry.getValue();
                result.put(entry.getKey(), after);
            }
            return changed ? result : value;
        }
        if (value instanceof List<?> list) {
            List<Object> result = new ArrayList<>(list.size());
            boolean changed = false;
            for (Object before : list) {
                Object after = sound(before, depth + 1);
                changed |= after != before;
                result.add(after);
            }
            return changed ? result : value;
        }
        return value;
    }

    /** Copies and comparisons take a tenth of the time of a loop over the characters; by parts, no large array is made. */
    private static boolean isLatin1(String text) {
        for (int at = 0; at < text.length(); at += PART) {
            String part = text.substring(at, Math.min(text.length(), at + PART));
            if (part.equals(new String(part.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.ISO_8859_1)) == false) {
                return false;
            }
        }
        return true;
    }

    private static String sound(String text) {
        StringBuilder result = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c) == false) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            result = result == null ? new StringBuilder(text) : result;
            result.setCharAt(i, REPLACEMENT);
        }
        return result == null ? text : result.toString();
    }
}
