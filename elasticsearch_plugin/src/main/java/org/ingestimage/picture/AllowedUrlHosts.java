package org.ingestimage.picture;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

import org.ingestimage.common.SafeText;

/**
 * The hosts that pictures may be fetched from. The service checks again, also every redirect; this is the node's own
 * rule.
 *
 * @param patterns `images.example.org`, `*.example.org`, `host:8443`, `[::1]:80` or `*`, in lower case
 */
public record AllowedUrlHosts(List<String> patterns) {

    private static final Pattern VALID = Pattern.compile(
        "(\\*|(\\*\\.)?[a-z0-9_-]+(\\.[a-z0-9_-]+)*|\\[[0-9a-f:.]+\\])(:[1-9][0-9]{0,4})?"
    );

    /** One pattern of the setting. */
    public static String pattern(String text) {
        String pattern = text.strip().toLowerCase(Locale.ROOT);
        if (VALID.matcher(pattern).matches() == false) {
            throw new IllegalArgumentException(
                "a host in [ingest.image.url_hosts] must be like images.example.org, *.example.org, host:8443, [::1]:80 or *, got ["
                    + SafeText.shown(text) + "]"
            );
        }
        return pattern;
    }

    /** Whether pictures by address are switched off. */
    public boolean isOff() {
        return patterns.isEmpty();
    }

    /**
     * Why no picture is fetched from this address; null if it is allowed. Never repeats the address: it may hold
     * secrets.
     */
    public String problem(String url) {
        if (isOff()) {
            return "no pictures are fetched by address: [ingest.image.url_hosts] names no hosts";
        }
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            return "[url] is not a valid URL";
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (scheme.equals("https") == false && scheme.equals("http") == false) {
            return "[url] must begin with https:// or http://";
        }
        if (uri.getRawAuthority() != null && uri.getRawAuthority().contains("@")) {
            return "[url] must not carry a user or password";
        }
        if (uri.getHost() == null) {
            return "[url] has no valid host name";
        }
        int usual = scheme.equals("https") ? 443 : 80;
        int port = uri.getPort() < 0 ? usual : uri.getPort();
        String name = uri.getHost().toLowerCase(Locale.ROOT);
        String host = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        if (patterns.stream().noneMatch(pattern -> matches(pattern, host, port, usual))) {
            return "no pictures are fetched from [" + SafeText.shown(host + (port == usual ? "" : ":" + port))
                + "]: [ingest.image.url_hosts] does not name it";
        }
        return null;
    }

    private static boolean matches(String pattern, String host, int port, int usual) {
        int colon = pattern.endsWith("]") ? -1 : pattern.lastIndexOf(':');
        String name = colon < 0 ? pattern : pattern.substring(0, colon);
        if (port != (colon < 0 ? usual : Integer.parseInt(pattern.substring(colon + 1)))) {
            return false;
        }
        return name.equals("*") || (name.startsWith("*.") ? host.endsWith(name.substring(1)) : host.equals(name));
    }
}
