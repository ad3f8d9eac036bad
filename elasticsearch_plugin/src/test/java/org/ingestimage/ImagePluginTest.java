package org.ingestimage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;

import org.elasticsearch.ElasticsearchParseException;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.SecureSettings;
import org.elasticsearch.common.settings.SecureString;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.ingest.Processor;
import org.ingestimage.common.Json;
import org.ingestimage.processor.ImageProcessor;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestApi;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The plugin as the node sees it. */
@Timeout(240)
class ImagePluginTest {

    @TempDir
    Path home;

    private final FakeService service = new FakeService(FakeService.good());
    /** Only its threads and its context are used. */
    private final TestNode threads = new TestNode(TestNode.hosts(service));
    private ImagePlugin plugin;
    private ClusterSettings clusterSettings;
    private Processor.Factory factory;

    @AfterEach
    void close() {
        if (plugin != null) {
            plugin.close();
        }
        threads.close();
        service.close();
    }

    private Settings.Builder settings() {
        return Settings.builder()
            .put("path.home", home.toString())
            .put("ingest.image.timeout", "50s")
            .put("ingest.image.hosts", service.uri().toString());
    }

    /** In the order of the node. */
    private void start(Settings settings) {
        plugin = new ImagePlugin(settings);
        Set<Setting<?>> known = new HashSet<>(ClusterSettings.BUILT_IN_CLUSTER_SETTINGS);
        known.addAll(plugin.getSettings());
        clusterSettings = new ClusterSettings(settings, known);
        Map<String, Processor.Factory> processors = plugin.getProcessors(
            TestApi.parameters(threads.threadContext, threads::schedule, threads.generic::execute)
        );
        assertEquals(Set.of("image"), processors.keySet());
        factory = processors.get("image");
        plugin.connect(new Environment(settings, home.resolve("config")), clusterSettings);
    }

    private TestNode.Result run(Map<String, Object> config) throws Exception {
        ImageProcessor processor = (ImageProcessor) TestApi.create(factory, new HashMap<>(config));
        return threads.start(processor, TestNode.document(Map.of("image", "AAAA"))).get(120, TimeUnit.SECONDS);
    }

    @Test
    void aPipelineWorks() throws Exception {
        start(settings().build());
        assertEquals("doneAAAA", run(Map.of()).get("image.data"));
        for (String wrong : List.of("feild", "on_invalid")) {
            assertThrows(ElasticsearchParseException.class, () -> TestApi.create(factory, new HashMap<>(Map.of(wrong, "x"))));
        }
    }

    @Test
    void pipelinesMayBeMadeBeforeTheClient() throws Exception {
        Settings settings = settings().build();
        plugin = new ImagePlugin(settings);
        factory = plugin.getProcessors(TestApi.parameters(threads.threadContext, threads::schedule, threads.generic::execute)).get("image");
        assertTrue(run(Map.of()).message().startsWith("[node_starting]"));
    }

    @Test
    void settingsChangeOnARunningNode() throws Exception {
        start(settings().build());
        try (FakeService other = new FakeService(FakeService.good())) {
            clusterSettings.applySettings(
                Settings.builder()
                    .put("ingest.image.hosts", other.uri().toString())
                    .put("ingest.image.timeout", "60s")
                    .put("ingest.image.max_in_flight", 1)
                    .put("ingest.image.queue_size", 7)
                    .put("ingest.image.max_response_bytes", "1mb")
                    .build()
            );
            run(Map.of()).get("image");
            assertEquals(1, other.calls.get());
            other.behaviour = other.hang();
            clusterSettings.applySettings(
                Settings.builder().put("ingest.image.hosts", other.uri().toString()).put("ingest.image.timeout", "200ms").build()
            );
            assertTrue(run(Map.of()).message().contains("timeout [200ms]"));
            clusterSettings.applySettings(Settings.builder().put("ingest.image.max_image_bytes", "1b").build());
            assertTrue(run(Map.of()).message().startsWith("[image_too_large]"));
        }
        assertEquals(0, service.calls.get());
    }

    @Test
    void theTokenComesFromTheKeystoreAndIsReloaded() throws Exception {
        start(settings().setSecureSettings(new Keystore("first")).build());
        run(Map.of()).get("image");
        assertEquals("first", service.token(0));
        try (Keystore keystore = new Keystore("second")) {
            plugin.reload(settings().setSecureSettings(keystore).build());
        }
        run(Map.of()).get("image");
        assertEquals("second", service.token(1));
        assertThrows(IllegalArgumentException.class, () -> plugin.reload(settings().setSecureSettings(new Keystore("a b")).build()));
        run(Map.of()).get("image");
        assertEquals("second", service.token(2), "a wrong one changes nothing");
    }

    @Test
    void httpsWithAnAuthorityOfOnesOwn() throws Exception {
        Path config = Files.createDirectories(home.resolve("config"));
        Path store = home.resolve("store.p12");
        keytool("-genkeypair", "-keyalg", "EC", "-alias", "x", "-dname", "CN=127.0.0.1", "-ext", "san=ip:127.0.0.1", "-keystore", store.toString());
        keytool("-exportcert", "-rfc", "-alias", "x", "-keystore", store.toString(), "-file", config.resolve("ca.pem").toString());
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        server.setHttpsConfigurator(new HttpsConfigurator(serverContext(store)));
        server.createContext("/v1/process", exchange -> {
            try (exchange) {
                FakeService.good().answer(exchange, Json.read(exchange.getRequestBody().readAllBytes()));
            } catch (Exception e) {
                throw new IOException(e);
            }
        });
        server.start();
        try {
            Settings.Builder settings = settings().put("ingest.image.hosts", "https://127.0.0.1:" + server.getAddress().getPort());
            start(settings.put("ingest.image.ssl.certificate_authority", "ca.pem").build());
            assertEquals("doneAAAA", run(Map.of()).get("image.data"));
            plugin.close();
            start(settings.putNull("ingest.image.ssl.certificate_authority").put("ingest.image.timeout", "3s").build());
            String message = run(Map.of()).message();
            // SSLHandshakeException, or on a busy machine the time that runs out in the middle of a handshake.
            assertTrue(message.startsWith("[service_"), message);
        } finally {
            server.stop(0);
        }
    }

    @Test
    void anAuthorityThatIsNotThere() throws Exception {
        Files.createDirectories(home.resolve("config"));
        Files.writeString(home.resolve("config/empty.pem"), "");
        for (String file : List.of("missing.pem", "empty.pem", "../../etc/hostname")) {
            Settings settings = settings().put("ingest.image.ssl.certificate_authority", file).build();
            String message = assertThrows(IllegalArgumentException.class, () -> start(settings)).getMessage();
            assertTrue(message.contains("ingest.image.ssl.certificate_authority"), message);
        }
    }

    private static void keytool(String... arguments) throws Exception {
        List<String> command = new java.util.ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storepass", "changeit", "-storetype", "PKCS12"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
    }

    private static SSLContext serverContext(Path store) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, "changeit".toCharArray());
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    /** A keystore with nothing but our token; like the node's, it cannot be read once it is closed. */
    private static final class Keystore implements SecureSettings {
        private final String token;
        private boolean open = true;

        private Keystore(String token) {
            this.token = token;
        }

        @Override
        public boolean isLoaded() {
            return open;
        }

        @Override
        public Set<String> getSettingNames() {
            return Set.of("ingest.image.token");
        }

        @Override
        public SecureString getString(String setting) {
            assertTrue(open, "read after it was closed");
            return new SecureString(token.toCharArray());
        }

        @Override
        public InputStream getFile(String setting) {
            throw new UnsupportedOperationException();
        }

        @Override
        public byte[] getSHA256Digest(String setting) {
            return new byte[0];
        }

        @Override
        public void close() {
            open = false;
        }

        @Override
        public void writeTo(StreamOutput out) throws IOException {
            throw new UnsupportedOperationException();
        }
    }
}
