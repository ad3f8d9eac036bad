package org.ingestimage.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;

import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.monitor.jvm.JvmInfo;
import org.ingestimage.memory.ResultMemory;
import org.ingestimage.testing.Docs;
import org.junit.jupiter.api.Test;

class ImageSettingsTest {

    private static List<URI> hosts(String... hosts) {
        return ImageSettings.HOSTS.get(Settings.builder().putList("ingest.image.hosts", hosts).build());
    }

    @Test
    void defaults() {
        assertEquals(List.of(URI.create("http://127.0.0.1:8090")), ImageSettings.HOSTS.get(Settings.EMPTY));
        assertEquals("1m", ImageSettings.TIMEOUT.get(Settings.EMPTY).toString());
        assertEquals(ImageSettings.imageFor(JvmInfo.jvmInfo().getMem().getHeapMax().getBytes()), ImageSettings.MAX_IMAGE_BYTES.get(Settings.EMPTY));
        assertEquals(0, ImageSettings.TOKEN.get(Settings.EMPTY).length());
    }

    @Test
    void hostsAreReadLeniently() {
        assertEquals(
            List.of(URI.create("http://a:1"), URI.create("https://b.example"), URI.create("http://[::1]:8090")),
            hosts("HTTP://a:1/", " https://b.example ", "http://[::1]:8090")
        );
    }

    @Test
    void wrongHostsAreRefusedWithoutRepeatingThem() {
        for (String wrong : new String[] {
            "127.0.0.1:8090",
            "ftp://a",
            "http://user:hunter2@a",
            "http://user:hunter2@a_b",
            "http://a/path",
            "http://a?q=hunter2",
            "http://a#f",
            "http://",
            "http://a_b:1",
            "http://a:99999",
            "http://a b/hunter2" }) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> hosts(wrong), wrong);
            assertFalse(String.valueOf(e).contains("hunter2"), e.getMessage());
            assertTrue(e.getMessage().contains("ingest.image.hosts"), e.getMessage());
        }
    }

    @Test
    void atLeastOneHost() {
        assertThrows(IllegalArgumentException.class, () -> hosts());
    }

    @Test
    void allAreRegisteredOnce() {
        assertEquals(ImageSettings.all().size(), ImageSettings.all().stream().map(setting -> setting.getKey()).distinct().count());
    }

    @Test
    void defaultsFollowTheHeap() {
        assertEquals(4, ImageSettings.inFlightFor(512L << 20));
        assertEquals(8, ImageSettings.inFlightFor(1L << 30));
        assertEquals(16, ImageSettings.inFlightFor(4L << 30));
        assertEquals(32L << 20, ImageSettings.responseFor(512L << 20).getBytes());
        assertEquals(64L << 20, ImageSettings.responseFor(4L << 30).getBytes());
        assertEquals(24L << 20, ImageSettings.imageFor(512L << 20).getBytes());
        assertEquals(45L << 20, ImageSettings.imageFor(1L << 30).getBytes());
    }

    @Test
    void theDocumentationHasEverySetting() throws Exception {
        List<List<String>> rows = new ArrayList<>(ImageSettings.rows());
        // Elasticsearch makes this one of the breaker that the plugin has.
        rows.add(List.of("`breaker." + ResultMemory.NAME + ".limit`", "`20%` of the heap", "yes", "memory for results ([below](#memory))"));
        Docs.assertTable("Settings of the node", rows);
    }

    @Test
    void hostsOfAddressesAreNoneUntilTheyAreNamedAndChecked() {
        assertEquals(List.of(), ImageSettings.URL_HOSTS.get(Settings.EMPTY));
        assertEquals(List.of("a.test", "*.b.test:8443"), urlHosts(" A.test", "*.b.test:8443"));
        assertThrows(IllegalArgumentException.class, () -> urlHosts("https://a.test"));
    }

    private static List<String> urlHosts(String... hosts) {
        return ImageSettings.URL_HOSTS.get(Settings.builder().putList("ingest.image.url_hosts", hosts).build());
    }
}
