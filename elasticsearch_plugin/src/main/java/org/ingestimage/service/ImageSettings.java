package org.ingestimage.service;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;

import org.elasticsearch.common.settings.SecureSetting;
import org.elasticsearch.common.settings.SecureString;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Setting.Property;
import org.elasticsearch.common.unit.ByteSizeValue;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.monitor.jvm.JvmInfo;
import org.ingestimage.picture.AllowedUrlHosts;

/** Every setting of the node once. Those that are safe to change on a running node are dynamic. */
public final class ImageSettings {

    /** Where the processor services listen. */
    public static final Setting<List<URI>> HOSTS = Setting.listSetting(
        "ingest.image.hosts",
        List.of("http://127.0.0.1:8090"),
        ImageSettings::host,
        hosts -> {
            if (hosts.isEmpty()) {
                throw new IllegalArgumentException("[ingest.image.hosts] needs at least one URL, such as http://127.0.0.1:8090");
            }
        },
        Property.NodeScope,
        Property.Dynamic
    );

    /** Time for one picture from the moment it leaves the queue, retries included. */
    public static final Setting<TimeValue> TIMEOUT = Setting.timeSetting(
        "ingest.image.timeout",
        TimeValue.timeValueSeconds(60),
        TimeValue.timeValueMillis(1),
        TimeValue.timeValueHours(1),
        Property.NodeScope,
        Property.Dynamic
    );

    /** Time in which a search gets the vector of its picture or words; people wait for it. */
    public static final Setting<TimeValue> SEARCH_TIMEOUT = Setting.timeSetting(
        "ingest.image.search_timeout",
        TimeValue.timeValueSeconds(10),
        TimeValue.timeValueMillis(1),
        TimeValue.timeValueHours(1),
        Property.NodeScope,
        Property.Dynamic
    );

    /** Time to open a connection; a host that takes longer counts as down. */
    public static final Setting<TimeValue> CONNECT_TIMEOUT = Setting.timeSetting(
        "ingest.image.connect_timeout",
        TimeValue.timeValueSeconds(2),
        TimeValue.timeValueMillis(1),
        TimeValue.timeValueHours(1),
        Property.NodeScope
    );

    private static final long HEAP = JvmInfo.jvmInfo().getMem().getHeapMax().getBytes();

    /** Pictures that are at the service at the same time. */
    public static final Setting<Integer> MAX_IN_FLIGHT = Setting.intSetting(
        "ingest.image.max_in_flight",
        settings -> Integer.toString(inFlightFor(HEAP)),
        1,
        1024,
        Property.NodeScope,
        Property.Dynamic
    );

    /** Pictures that may wait for their turn; the next document is refused with status 429. */
    public static final Setting<Integer> QUEUE_SIZE = Setting.intSetting(
        "ingest.image.queue_size",
        2000,
        0,
        1_000_000,
        Property.NodeScope,
        Property.Dynamic
    );

    /** Largest picture, in bytes before base64. */
    public static final Setting<ByteSizeValue> MAX_IMAGE_BYTES = Setting.byteSizeSetting(
        "ingest.image.max_image_bytes",
        ByteSizeValue.ofMb(20),
        ByteSizeValue.ofBytes(1),
        ByteSizeValue.ofGb(1),
        Property.NodeScope,
        Property.Dynamic
    );

    /** Longest answer of the service that is read. */
    public static final Setting<ByteSizeValue> MAX_RESPONSE_BYTES = Setting.byteSizeSetting(
        "ingest.image.max_response_bytes",
        responseFor(HEAP),
        ByteSizeValue.ofKb(1),
        ByteSizeValue.ofGb(1),
        Property.NodeScope,
        Property.Dynamic
    );

    /** Hosts that documents may name as addresses of their pictures; none: pictures by address are switched off. */
    public static final Setting<List<String>> URL_HOSTS = Setting.listSetting(
        "ingest.image.url_hosts",
        List.of(),
        AllowedUrlHosts::pattern,
        Property.NodeScope,
        Property.Dynamic
    );

    /** Secret shared with the service, in the keystore. Keys are derived from it that sign calls and marks; it is sent to nobody. */
    public static final Setting<SecureString> TOKEN = SecureSetting.secureString("ingest.image.token", null);

    /** While the token is changed: marks under this one are believed, too. */
    public static final Setting<SecureString> PREVIOUS_TOKEN = SecureSetting.secureString("ingest.image.previous_token", null);

    /** PEM file under the config folder with the certificate authorities that are trusted for https; empty: those of the JVM. */
    public static final Setting<String> CERTIFICATE_AUTHORITY = Setting.simpleString(
        "ingest.image.ssl.certificate_authority",
        Property.NodeScope
    );

    /** What may change on a running node. */
    public static final List<Setting<?>> DYNAMIC = all().stream().filter(Setting::isDynamic).toList();

    private ImageSettings() {}

    /** With a heap of 2 GB and more 16 calls, with less fewer: each holds a picture and, at its end, a result. */
    static int inFlightFor(long heap) {
        return (int) Math.max(4, Math.min(16, heap >> 27));
    }

    /** With a heap of 1 GB and more 64 MB, with less a sixteenth of it: no document may be larger than a tenth. */
    static ByteSizeValue responseFor(long heap) {
        return ByteSizeValue.ofMb(Math.max(8, Math.min(64, heap >> 24)));
    }

    /** What the plugin registers with the node. */
    public static List<Setting<?>> all() {
        return List.of(
            HOSTS,
            TIMEOUT,
            SEARCH_TIMEOUT,
            CONNECT_TIMEOUT,
            MAX_IN_FLIGHT,
            QUEUE_SIZE,
            MAX_IMAGE_BYTES,
            MAX_RESPONSE_BYTES,
            URL_HOSTS,
            TOKEN,
            PREVIOUS_TOKEN,
            CERTIFICATE_AUTHORITY
        );
    }

    /** A URL with scheme, host and perhaps port, nothing else. The message never repeats a user info, it may hold a password. */
    static URI host(String text) {
        URI uri;
        try {
            uri = new URI(text.strip());
        } catch (URISyntaxException e) {
            throw wrongHost("is not a URL");
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (scheme.equals("http") == false && scheme.equals("https") == false) {
            throw wrongHost("must start with http:// or https://");
        }
        if (uri.getRawUserInfo() != null || (uri.getRawAuthority() != null && uri.getRawAuthority().contains("@"))) {
            throw wrongHost("must not contain a user or password: set [ingest.image.token] in the keystore instead");
        }
        if (uri.getHost() == null) {
            throw wrongHost("has no valid host name (letters, digits, dots and hyphens; no underscore)");
        }
        boolean path = uri.getRawPath() != null && uri.getRawPath().isEmpty() == false && uri.getRawPath().equals("/") == false;
        if (path || uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw wrongHost("must end after host and port, without path, query or fragment");
        }
        if (uri.getPort() == 0 || uri.getPort() > 65535) {
            throw wrongHost("has no valid port");
        }
        return URI.create(scheme + "://" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort()));
    }

    private static IllegalArgumentException wrongHost(String problem) {
        return new IllegalArgumentException("a URL in [ingest.image.hosts] " + problem + "; valid is, for example, http://127.0.0.1:8090");
    }
}
