package org.ingestimage.common;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Replaces halves of surrogate pairs, which programs leave behind that cut a text within an emoji, by U+FFFD, as every
 * UTF-8 encoder does. One at the end of a text keeps Elasticsearch's standard analyzer from finding any word of it. Two
 * fields whose names differ in nothing else are one to Lucene, which then fails, and takes the whole shard along.
 */
public final class LoneSurrogates {

    /** Characters. A longer text is probably a picture's base64: it is checked by parts first. */
    private static final int LONG = 4096;
    /** Characters that are compared at once. */
    private static final int PART = 1 << 15;
    /** Elasticsearch reads nothing deeper. With two frames of the stack at each level, that many are no danger. */
    private static final int DEEPEST = 1000;

    private LoneSurrogates() {}

    /**
     * Replaces them in all names and values of the document, down to {@link #DEEPEST}. Objects and lists are copied first.
     *
     * @throws Failure two names of an object would become the same
     */
    public static void mend(Map<String, Object> document) throws Failure {
        Map<String, Object> sound = soundObject(document, -1);
        if (sound != document) {
            document.keySet().retainAll(sound.keySet());
            document.putAll(sound);
        }
    }

    /** The same object when there is nothing to replace in it. */
    @SuppressWarnings("unchecked")
    private static Object sound(Object value, int depth) throws Failure {
        if (value instanceof String text) {
            return text.length() > LONG && isLatin1(text) ? text : SafeText.whole(text);
        }
        if (depth == DEEPEST) {
            return value;
        }
        if (value instanceof Map) {
            return soundObject((Map<String, Object>) value, depth);
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

    private static Map<String, Object> soundObject(Map<String, Object> object, int depth) throws Failure {
        Map<String, Object> result = new LinkedHashMap<>();
        boolean changed = false;
        for (Map.Entry<String, Object> entry : object.entrySet()) {
            String name = SafeText.whole(entry.getKey());
            Object after = sound(entry.getValue(), depth + 1);
            changed |= after != entry.getValue() || name.equals(entry.getKey()) == false;
            if (result.containsKey(name)) {
                throw new Failure(
                    Code.AMBIGUOUS_FIELD,
                    "two names of fields are [" + SafeText.shown(name) + "] with U+FFFD in place of halves of surrogate pairs; give them other names"
                );
            }
            result.put(name, after);
        }
        return changed ? result : object;
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
}
