package org.ingestimage.common;

/** Makes foreign text fit for messages and headers. */
public final class SafeText {

    private static final int SHOWN = 80;

    private SafeText() {}

    /** A value for a message: short, on one line. Nothing ever prints a picture. */
    public static String shown(Object value) {
        String text = String.valueOf(value instanceof byte[] bytes ? bytes.length + " bytes" : value);
        return oneLine(text, SHOWN);
    }

    /** At most `length` characters, control characters replaced. */
    public static String oneLine(String text, int length) {
        String cut = text.length() <= length ? text : text.substring(0, length) + "...";
        return cut.replaceAll("\\p{Cntrl}+", " ").strip();
    }

    /** At most `length` visible ASCII characters: nothing that could start a second header. */
    public static String header(String text, int length) {
        String cut = text.length() <= length ? text : text.substring(0, length);
        return cut.replaceAll("[^\\x21-\\x7e]", "_");
    }
}
