package org.ingestimage.common;

/** Makes foreign text fit for messages and headers. */
public final class SafeText {

    private static final int SHOWN = 80;
    private static final char REPLACEMENT = '\ufffd';

    private SafeText() {}

    /** A value for a message: short, on one line. Nothing ever prints a picture. */
    public static String shown(Object value) {
        String text = String.valueOf(value instanceof byte[] bytes ? bytes.length + " bytes" : value);
        return oneLine(text, SHOWN);
    }

    /** At most `length` characters, control characters and halves of surrogate pairs replaced, such as the cut may leave. */
    public static String oneLine(String text, int length) {
        String cut = text.length() <= length ? text : text.substring(0, length) + "...";
        return whole(cut.replaceAll("\\p{Cntrl}+", " ").strip());
    }

    /** At most `length` visible ASCII characters: nothing that could start a second header. */
    public static String header(String text, int length) {
        String cut = text.length() <= length ? text : text.substring(0, length);
        return cut.replaceAll("[^\\x21-\\x7e]", "_");
    }

    /** Halves of surrogate pairs replaced; the same text when there are none. */
    static String whole(String text) {
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
