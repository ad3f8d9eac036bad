package org.ingestimage.service;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;

import org.elasticsearch.common.settings.SecureSetting;
import org.elasticsearch.common.settings.SecureString;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Setting.Property;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.unit.ByteSizeValue;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.monitor.jvm.JvmInfo;
import org.ingestimage.picture.AllowedUrlHosts;
import org.ingestimage.service.hosts.HostUrl;

/**
 * All settings of the node: name, default, bounds and meaning. Those that are safe to change on a running node are
 * dynamic. The table in docs/plugin.md is written from this.
 */
public final class ImageSettings {

    private static final List<Setting<?>> ALL = new ArrayList<>();
    private static final List<List<String>> ROWS = new ArrayList<>();
    private static final long HEAP = JvmInfo.jvmInfo().getMem().getHeapMax().getBytes();

    static final Setting<List<URI>> HOSTS = setting(
        Setting.listSetting(
            "ingest.image.hosts",
            List.of(HostUrl.DEFAULT),
            HostUrl::of,
            HostUrl::atLeastOne,
            Property.NodeScope,
            Property.Dynamic
        ),
        "the services; a name with several addresses is as many ([below](#names-with-several-addresses)). A picture goes to the least busy one, and "
            + "a slow one gets fewer ([scaling.md](scaling.md#while-services-and-nodes-fail)); "
            + "one that failed is left out for a while ([below](#hosts-that-fail-pictures-that-are-slow))"
    );

    static final Setting<TimeValue> TIMEOUT = setting(
        time("ingest.image.timeout", 60, Property.Dynamic),
        "time for one picture from the moment it leaves the queue, retries included"
    );

    static final Setting<TimeValue> SEARCH_TIMEOUT = setting(
        time("ingest.image.search_timeout", 10, Property.Dynamic),
        "time in which a search gets the vector of its picture or words ([likeness.md](likeness.md))"
    );

    static final Setting<TimeValue> CONNECT_TIMEOUT = setting(
        time("ingest.image.connect_timeout", 2),
        "time to open a connection; a host that takes longer counts as down"
    );

    static final Setting<Integer> MAX_IN_FLIGHT = setting(
        Setting.intSetting(
            "ingest.image.max_in_flight",
            settings -> Integer.toString(inFlightFor(HEAP)),
            1,
            1024,
            Property.NodeScope,
            Property.Dynamic
        ),
        "`16`; with a heap below 2 GB one for each 128 MB, at least 4",
        "pictures of this node that are at the services at the same time, at most; fewer when the services are overloaded"
    );

    static final Setting<Integer> QUEUE_SIZE = setting(
        Setting.intSetting("ingest.image.queue_size", 2000, 0, 1_000_000, Property.NodeScope, Property.Dynamic),
        "pictures that may wait for their turn. All documents of a bulk arrive at once; the next one is refused with 429. A list takes what room "
            + "there is, and is worked through in turn"
    );

    static final Setting<ByteSizeValue> MAX_IMAGE_BYTES = setting(
        Setting.byteSizeSetting(
            "ingest.image.max_image_bytes",
            imageFor(HEAP),
            ByteSizeValue.ofBytes(1),
            ByteSizeValue.ofGb(1),
            Property.NodeScope,
            Property.Dynamic
        ),
        "`45mb`; with a heap below 1 GB 24 MB for each 512 MB",
        "largest picture, in bytes before base64; checked before anything else"
    );

    static final Setting<ByteSizeValue> MAX_RESPONSE_BYTES = setting(
        Setting.byteSizeSetting(
            "ingest.image.max_response_bytes",
            responseFor(HEAP),
            ByteSizeValue.ofKb(1),
            ByteSizeValue.ofGb(1),
            Property.NodeScope,
            Property.Dynamic
        ),
        "`64mb`; with a heap below 1 GB a sixteenth of it",
        "longest answer that is read. A longer result is a bad picture (`result_too_large`)"
    );

    static final Setting<List<String>> URL_HOSTS = setting(
        Setting.listSetting("ingest.image.url_hosts", List.of(), AllowedUrlHosts::pattern, Property.NodeScope, Property.Dynamic),
        "hosts that documents may name as `url` of their pictures, such as `images.example.org`, `*.example.org`, `host:8443`; none: off "
            + "([addresses.md](addresses.md))"
    );

    public static final Setting<SecureString> TOKEN = setting(
        SecureSetting.secureString("ingest.image.token", null),
        "none",
        "shared secret, **in the keystore**; keys derived from it sign requests and marks, and it is sent to nobody "
            + "([security.md](security.md#the-token)). `POST _nodes/reload_secure_settings` reads it again"
    );

    public static final Setting<SecureString> PREVIOUS_TOKEN = setting(
        SecureSetting.secureString("ingest.image.previous_token", null),
        "none",
        "also **in the keystore**, while tokens are rotated ([security.md](security.md)): marks under it are valid, and renewed"
    );

    public static final Setting<String> CERTIFICATE_AUTHORITY = setting(
        Setting.simpleString("ingest.image.ssl.certificate_authority", Property.NodeScope),
        "the JVM's",
        "PEM file under `config/` with the authorities that are trusted for `https` hosts"
    );

    /** Those that may change on a running node. */
    public static final List<Setting<?>> DYNAMIC = ALL.stream().filter(Setting::isDynamic).toList();

    private ImageSettings() {}

    /** @param meaning for the documentation, in Markdown */
    private static <T> Setting<T> setting(Setting<T> setting, String meaning) {
        String standard = setting.getDefaultRaw(Settings.EMPTY);
        return setting(setting, standard.equals("[]") ? "none" : "`" + standard + "`", meaning);
    }

    /** @param standard what the documentation says of the default */
    private static <T> Setting<T> setting(Setting<T> setting, String standard, String meaning) {
        ALL.add(setting);
        ROWS.add(List.of("`" + setting.getKey() + "`", standard, setting.isDynamic() ? "yes" : "", meaning));
        return setting;
    }

    /** Up to an hour. */
    private static Setting<TimeValue> time(String name, long seconds, Property... properties) {
        List<Property> all = new ArrayList<>(List.of(properties));
        all.add(Property.NodeScope);
        return Setting.timeSetting(
            name,
            TimeValue.timeValueSeconds(seconds),
            TimeValue.timeValueMillis(1),
            TimeValue.timeValueHours(1),
            all.toArray(Property[]::new)
        );
    }

    /**
     * 16 calls with a heap of 2 GB or more, fewer with a smaller one: each holds a picture and, at its end, a result.
     */
    static int inFlightFor(long heap) {
        return (int) Math.max(4, Math.min(16, heap >> 27));
    }

    /** 64 MB with a heap of 1 GB or more, otherwise a sixteenth of it: no document may be larger than a tenth. */
    static ByteSizeValue responseFor(long heap) {
        return ByteSizeValue.ofMb(Math.max(8, Math.min(64, heap >> 24)));
    }

    /** What an answer can hold as base64, which is a third longer: 45 MB with a heap of 1 GB or more. */
    static ByteSizeValue imageFor(long heap) {
        return ByteSizeValue.ofMb(Math.min(45, responseFor(heap).getMb() * 3 / 4));
    }

    /** What the plugin registers with the node. */
    public static List<Setting<?>> all() {
        return List.copyOf(ALL);
    }

    /** The cells of each setting's row in the documentation: name, default, whether it is dynamic, meaning. */
    static List<List<String>> rows() {
        return List.copyOf(ROWS);
    }
}
