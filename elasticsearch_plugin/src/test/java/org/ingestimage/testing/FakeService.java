package org.ingestimage.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import org.ingestimage.common.Json;

/** A real HTTP server on loopback that plays the processor service, with every fault one can wish for. */
public final class FakeService implements AutoCloseable {

    /** What to do with a request. */
    public interface Behaviour {
        void answer(HttpExchange exchange, Map<String, Object> request) throws Exception;
    }

    public final List<Map<String, Object>> requests = new CopyOnWriteArrayList<>();
    public final List<Headers> headers = new CopyOnWriteArrayList<>();
    private final List<String> targets = new CopyOnWriteArrayList<>();
    public final Set<Integer> clientPorts = ConcurrentHashMap.newKeySet();
    /** How often it was asked for anything but whether it lives, which a node does whenever it has been silent for a second. */
    public final AtomicInteger calls = new AtomicInteger();
    public final AtomicInteger atOnce = new AtomicInteger();
    public final AtomicInteger mostAtOnce = new AtomicInteger();
    public volatile Behaviour behaviour;
    /** What it says to those who ask whether its workers live. */
    public volatile Behaviour ready = json(200, "{}");
    /** Also to those who ask that; null: it says that it does. */
    public volatile Behaviour everything;
    /** What it answers to those who ask what it can do; null: that there is no such address. */
    public volatile Behaviour catalogue;
    /** Those who asked, as they identified themselves. */
    public final List<String> askedForCatalogue = new CopyOnWriteArrayList<>();
    /** How often it was asked whether it lives. */
    public final AtomicInteger asked = new AtomicInteger();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    public FakeService(Behaviour behaviour) {
        this(behaviour, "127.0.0.1", 0);
    }

    /** At an address of loopback; port 0 takes a free one. */
    public FakeService(Behaviour behaviour, String address, int port) {
        this.behaviour = behaviour;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getByName(address), port), 100);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    /** The token that signed the request of this number; it fails when there is none. */
    public String token(int number) {
        return Signatures.tokenOf(headers.get(number).getFirst("Authorization"), "POST", targets.get(number));
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    public int port() {
        return server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        clientPorts.add(exchange.getRemoteAddress().getPort());
        try (exchange) {
            if (exchange.getRequestURI().getPath().equals("/readyz")) {
                asked.incrementAndGet();
                (everything == null ? ready : everything).answer(exchange, Map.of());
                return;
            }
            calls.incrementAndGet();
            if (catalogue != null && exchange.getRequestURI().getPath().equals("/v1/operations")) {
                askedForCatalogue.add(Signatures.token(exchange));
                catalogue.answer(exchange, Map.of());
                return;
            }
            targets.add(exchange.getRequestURI().toString());
            headers.add(exchange.getRequestHeaders());
            byte[] body = exchange.getRequestBody().readAllBytes();
            if (Signatures.isWhole(exchange.getRequestHeaders(), body) == false) {
                throw new IOException("another body was signed");
            }
            Map<String, Object> request = Json.read(body);
            requests.add(request);
            if (everything != null) {
                everything.answer(exchange, request);
            } else if (Set.of("/v1/process", "/v1/embed").contains(exchange.getRequestURI().getPath()) == false) {
                json(404, "{\"error\": {\"code\": \"not_found\", \"reason\": \"not here\", \"retryable\": false}}").answer(exchange, request);
            } else {
                behaviour.answer(exchange, request);
            }
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    /** Answers with this status and text. */
    public static Behaviour json(int status, String text) {
        return (exchange, request) -> {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        };
    }

    /** Answers with this status and text as the service does, which proves to signed requests that it is the service. */
    public static Behaviour proved(int status, String text) {
        return (exchange, request) -> withProof(status, text, Signatures.proof(exchange, status, text)).answer(exchange, request);
    }

    /** Answers with this status and text, and with this proof; null for none. */
    public static Behaviour withProof(int status, String text, String proof) {
        return (exchange, request) -> {
            if (proof != null) {
                exchange.getResponseHeaders().set("X-Image-Proof", proof);
            }
            json(status, text).answer(exchange, request);
        };
    }

    public static Behaviour error(int status, String code) {
        return proved(status, "{\"error\": {\"code\": \"" + code + "\", \"reason\": \"because of " + code + "\", \"retryable\": false}, "
            + "\"fields\": {\"width\": null, \"mark\": null}}");
    }

    /** Refuses a picture, and hands it back without its metadata. */
    public static Behaviour refused(String data) {
        return proved(422, "{\"error\": {\"code\": \"corrupt_image\", \"reason\": \"because of corrupt_image\", \"retryable\": false}, "
            + "\"fields\": {\"width\": null, \"mark\": null, \"data\": \"cut-" + data + "\"}}");
    }

    /** Answers like the service: the data it got, with a prefix, and a few fields, signed. */
    public static Behaviour good() {
        return changed(fields -> {});
    }

    /** Answers like the service, but for what is changed in the fields. */
    public static Behaviour changed(Consumer<Map<String, Object>> change) {
        return (exchange, request) -> {
            Map<String, Object> fields = Documents.signed(Signatures.token(exchange), request);
            change.accept(fields);
            proved(200, text(Map.of("fields", fields))).answer(exchange, request);
        };
    }

    /** Answers like the service with a result that makes the answer so many bytes long. */
    public static Behaviour goodAndLong(int length) {
        return (exchange, request) -> {
            int around = answer(exchange, request, "").length();
            String answer = answer(exchange, request, "A".repeat((length - around) / 4 * 4));
            proved(200, answer + " ".repeat(length - answer.length())).answer(exchange, request);
        };
    }

    /** The JSON of an answer with that data. */
    public static String answer(HttpExchange exchange, Map<String, Object> request, String data) throws IOException {
        return text(Map.of("fields", Documents.signed(Signatures.token(exchange), request, data)));
    }

    private static String text(Map<String, Object> map) throws IOException {
        return new String(Json.write(map), StandardCharsets.UTF_8);
    }

    /** First these, one each, then the last forever. */
    public static Behaviour sequence(Behaviour... behaviours) {
        AtomicInteger next = new AtomicInteger();
        return (exchange, request) -> behaviours[Math.min(next.getAndIncrement(), behaviours.length - 1)].answer(exchange, request);
    }

    /** Takes the request and never answers. */
    public Behaviour hang() {
        return (exchange, request) -> closed.await();
    }

    /** Sends half an answer and never the rest. */
    public Behaviour stall() {
        return (exchange, request) -> {
            exchange.sendResponseHeaders(200, 1000);
            exchange.getResponseBody().write("{\"fields\": ".getBytes(StandardCharsets.UTF_8));
            exchange.getResponseBody().flush();
            closed.await();
        };
    }

    /** Promises 1000 bytes, sends a few, hangs up. */
    public static Behaviour dieMidAnswer() {
        return (exchange, request) -> {
            exchange.sendResponseHeaders(200, 1000);
            exchange.getResponseBody().write("{\"fields\": ".getBytes(StandardCharsets.UTF_8));
            exchange.getResponseBody().flush();
            exchange.close();
        };
    }

    /** Hangs up without a byte. */
    public static Behaviour hangUp() {
        return (exchange, request) -> exchange.close();
    }

    /** Takes its time, and counts how many do so at once. */
    public Behaviour slow(long millis) {
        return (exchange, request) -> {
            mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
            Thread.sleep(millis);
            atOnce.decrementAndGet();
            good().answer(exchange, request);
        };
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
