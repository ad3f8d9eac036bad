package org.ingestimage.service.hosts;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;

/** Reads the setting `ingest.image.hosts`. */
public final class HostUrl {

    /** Where the service listens by default. */
    public static final String DEFAULT = "http://127.0.0.1:8090";

    private HostUrl() {}

    public static void atLeastOne(List<URI> hosts) {
        if (hosts.isEmpty()) {
            throw new IllegalArgumentException("[ingest.image.hosts] needs at least one URL, such as " + DEFAULT);
        }
    }

    /**
     * A URL with scheme, host and perhaps port, nothing else. Messages never repeat user info: it may hold a password.
     */
    public static URI of(String text) {
        URI uri;
        try {
            uri = new URI(text.strip());
        } catch (URISyntaxException e) {
            throw wrong("is not a URL");
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (scheme.equals("http") == false && scheme.equals("https") == false) {
            throw wrong("must start with http:// or https://");
        }
        if (uri.getRawUserInfo() != null || (uri.getRawAuthority() != null && uri.getRawAuthority().contains("@"))) {
            throw wrong("must not contain a user or password: set [ingest.image.token] in the keystore instead");
        }
        if (uri.getHost() == null) {
            throw wrong("has no valid host name (letters, digits, dots and hyphens; no underscore)");
        }
        boolean path = uri.getRawPath() != null && uri.getRawPath().isEmpty() == false && uri.getRawPath().equals("/") == false;
        if (path || uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw wrong("must end after host and port, without path, query or fragment");
        }
        if (uri.getPort() == 0 || uri.getPort() > 65535) {
            throw wrong("has no valid port");
        }
        return URI.create(scheme + "://" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort()));
    }

    private static IllegalArgumentException wrong(String problem) {
        return new IllegalArgumentException("a URL in [ingest.image.hosts] " + problem + "; valid is, for example, " + DEFAULT);
    }
}
