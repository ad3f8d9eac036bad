package org.ingestimage.picture;

import java.util.Locale;

/** Data URLs (RFC 2397) as browsers, mail programs and scripts write them. The service reads the same (data_url.py). */
public final class DataUrl {

    private static final String SCHEME = "data:";
    /** Most characters before the comma. Parameters may hold a file's name, nothing longer. */
    private static final int LONGEST_HEADER = 4096;

    private DataUrl() {}

    /** Whether the text begins like a data URL, in upper or lower case; with what browsers drop from it: see {@link #isDropped}. */
    public static boolean is(String text) {
        return afterScheme(text) >= 0;
    }

    /** The position behind the scheme; -1 when the text does not begin with it. */
    private static int afterScheme(String text) {
        int at = 0;
        while (at < text.length() && isEdge(text.charAt(at))) {
            at++;
        }
        int matched = 0;
        while (matched < SCHEME.length() && at < text.length()) {
            char c = text.charAt(at++);
            if (c < 0x80 && Character.toLowerCase(c) == SCHEME.charAt(matched)) {
                matched++;
            } else if (isDropped(c) == false) {
                return -1;
            }
        }
        return matched == SCHEME.length() ? at : -1;
    }

    /**
     * The base64 text of a data URL without percent-encoding and fragment; null when the URL holds something else.
     *
     * <p>`;base64` may be in upper or lower case, with blanks around it, before or after other parameters. A comma or
     * semicolon within quotes belongs to the quoted parameter.
     */
    static String base64(String text) {
        int start = afterScheme(text);
        int end = Math.min(text.length(), start + LONGEST_HEADER);
        StringBuilder part = new StringBuilder();
        boolean quoted = false;
        boolean escaped = false;
        boolean first = true;
        boolean base64 = false;
        for (int at = start; at < end; at++) {
            char c = text.charAt(at);
            if (isDropped(c)) {
                continue;
            }
            if (escaped) {
                escaped = false;
            } else if (quoted && c == '\\') {
                escaped = true;
            } else if (c == '"') {
                quoted = quoted == false;
            } else if (quoted == false && (c == ';' || c == ',')) {
                base64 |= first == false && isBase64(part.toString());
                if (c == ',') {
                    return base64 ? unescaped(payload(text, at + 1)) : null;
                }
                first = false;
                part.setLength(0);
            } else if (quoted == false) {
                part.append(c);
            }
        }
        return null;
    }

    private static boolean isBase64(String parameter) {
        int end = parameter.length();
        while (end > 0 && isWhitespace(parameter.charAt(end - 1))) {
            end--;
        }
        return parameter.substring(Math.min(end, firstVisible(parameter)), end).toLowerCase(Locale.ROOT).equals("base64");
    }

    /** What stands between the comma and the fragment, or the end. */
    private static String payload(String text, int start) {
        int fragment = text.indexOf('#', start);
        int end = fragment < 0 ? text.length() : fragment;
        while (fragment < 0 && end > start && isEdge(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static String unescaped(String payload) {
        if (payload.indexOf('%') < 0) {
            return payload;
        }
        // Without what may stand within an escape.
        String text = payload.replace("\t", "").replace("\n", "").replace("\r", "");
        StringBuilder result = new StringBuilder(text.length());
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            int high = c == '%' && at + 2 < text.length() ? digit(text.charAt(at + 1)) : -1;
            int low = high < 0 ? -1 : digit(text.charAt(at + 2));
            if (low < 0) {
                result.append(c);
            } else {
                result.append((char) (high << 4 | low));
                at += 2;
            }
        }
        return result.toString();
    }

    /** The value of an ASCII hex digit, -1 for others. Character.digit() also takes digits of other scripts. */
    private static int digit(char c) {
        return c < 0x80 ? Character.digit(c, 16) : -1;
    }

    private static int firstVisible(String text) {
        int at = 0;
        while (at < text.length() && isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    /** Whether browsers drop a character at both ends of a URL: blanks and control characters (WHATWG's URL standard, 4.4). */
    private static boolean isEdge(char c) {
        return c <= ' ';
    }

    /** Whether browsers drop it anywhere in a URL. */
    private static boolean isDropped(char c) {
        return c == '\t' || c == '\n' || c == '\r';
    }

    /** ASCII white space, which the WHATWG's "forgiving base64" ignores. */
    static boolean isWhitespace(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
    }
}
