package org.ingestimage.service.hosts;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;

import org.elasticsearch.core.TimeValue;
import org.ingestimage.common.Api;

/**
 * The HTTP client of the JDK for all services. It knows no request to an address under another name, so a name with
 * several addresses has a client of its own over TLS, and the header `Host` is ours ({@link ServiceAddress}).
 */
public final class ServiceHttp implements AutoCloseable {

    private static final String RESTRICTED = "jdk.httpclient.allowRestrictedHeaders";

    static {
        // The JDK reads it once, when its client is used for the first time.
        String others = System.getProperty(RESTRICTED);
        System.setProperty(RESTRICTED, others == null ? "host" : others + ",host");
    }

    private final TimeValue connectTimeout;
    private final SSLContext trust;
    private final HttpClient plain;
    private final Map<String, HttpClient> named = new ConcurrentHashMap<>();

    /** @param trust for https hosts; null for that of the JVM */
    public ServiceHttp(TimeValue connectTimeout, SSLContext trust) {
        this.connectTimeout = connectTimeout;
        this.trust = trust;
        this.plain = client(trust);
    }

    private HttpClient client(SSLContext context) {
        HttpClient.Builder builder = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            // The JVM's proxy is for the Internet; the service is in the same network.
            .proxy(HttpClient.Builder.NO_PROXY)
            .connectTimeout(Duration.ofMillis(connectTimeout.millis()));
        return context == null ? builder.build() : builder.sslContext(context).build();
    }

    /** Sends a request that was made for this address. */
    public <T> CompletableFuture<HttpResponse<T>> send(ServiceAddress to, HttpRequest request, BodyHandler<T> handler) {
        boolean byName = to.address() == null || to.uri().getScheme().equals("https") == false;
        HttpClient client = byName ? plain : named.computeIfAbsent(to.uri().getHost(), this::named);
        return client.sendAsync(request, handler);
    }

    private HttpClient named(String name) {
        try {
            return client(new NamedTls(trust == null ? SSLContext.getDefault() : trust, name));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("the JVM has no TLS", e);
        }
    }

    /** Lets go of the clients of all other names. What is under way there goes on. */
    public void keep(Set<String> names) {
        named.keySet().retainAll(names);
    }

    @Override
    public void close() {
        Api.close(plain);
        named.values().forEach(Api::close);
    }
}
