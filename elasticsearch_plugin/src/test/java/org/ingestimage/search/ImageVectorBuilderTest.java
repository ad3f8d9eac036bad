package org.ingestimage.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

import org.elasticsearch.ResourceNotFoundException;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.get.GetRequest;
import org.elasticsearch.action.get.GetResponse;
import org.elasticsearch.common.Strings;
import org.elasticsearch.common.bytes.BytesArray;
import org.elasticsearch.common.io.stream.BytesStreamOutput;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.index.get.GetResult;
import org.elasticsearch.plugins.SearchPlugin;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.xcontent.XContentParser;
import org.elasticsearch.xcontent.XContentParserConfiguration;
import org.elasticsearch.xcontent.XContentType;
import org.ingestimage.ImagePlugin;
import org.ingestimage.common.ImageException;
import org.ingestimage.common.Json;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Questions as they come in a search, and the vectors that are made of them. */
@Timeout(240)
class ImageVectorBuilderTest {

    private static final String VECTOR = "{\"fields\": {\"embedder\": \"e-1\", \"vector\": [0.5, -1, 0.25]}}";

    private final FakeService service = new FakeService(FakeService.proved(200, VECTOR));
    private final TestNode node = new TestNode(TestNode.hosts(service));

    @AfterEach
    void close() {
        node.close();
        service.close();
    }

    private ImageVectorBuilder parse(String json) throws Exception {
        try (XContentParser parser = XContentType.JSON.xContent().createParser(XContentParserConfiguration.EMPTY, json)) {
            ImageVectorBuilder builder = ImageVectorBuilder.parse(parser, () -> node.client);
            assertEquals(XContentParser.Token.END_OBJECT, parser.currentToken());
            return builder;
        }
    }

    private float[] build(String json, BiConsumer<GetRequest, ActionListener<GetResponse>> get) throws Exception {
        return build(json, get, "who");
    }

    private float[] build(String json, BiConsumer<GetRequest, ActionListener<GetResponse>> get, String opaqueId) throws Exception {
        CompletableFuture<float[]> future = new CompletableFuture<>();
        parse(json).build(node.threadContext, get, ActionListener.wrap(vector -> {
            assertEquals(opaqueId, node.threadContext.getHeader("X-Opaque-Id"), "the request's own context");
            future.complete(vector);
        }, future::completeExceptionally));
        return future.get(120, TimeUnit.SECONDS);
    }

    private Exception failure(String json) {
        return (Exception) assertThrows(ExecutionException.class, () -> build(json, null, null)).getCause();
    }

    private static BiConsumer<GetRequest, ActionListener<GetResponse>> stored(String source) {
        return (request, listener) -> listener.onResponse(
            new GetResponse(
                new GetResult(
                    request.index(),
                    request.id(),
                    source == null ? -2 : 1,
                    source == null ? 0 : 1,
                    1,
                    source != null,
                    source == null ? null : new BytesArray(source),
                    Map.of(),
                    Map.of()
                )
            )
        );
    }

    @Test
    void thePluginOffersIt() {
        List<SearchPlugin.QueryVectorBuilderSpec<?>> specs = new ImagePlugin(Settings.EMPTY).getQueryVectorBuilders();
        assertEquals(List.of("image"), specs.stream().map(spec -> spec.getName().getPreferredName()).toList());
    }

    @Test
    void aPictureAndWordsGoToTheService() throws Exception {
        try (ThreadContext.StoredContext ignored = node.threadContext.stashContext()) {
            node.threadContext.putHeader("X-Opaque-Id", "who");
            assertArrayEquals(new float[] { 0.5f, -1, 0.25f }, build("{\"data\": \"QUJD\"}", null));
            assertArrayEquals(new float[] { 0.5f, -1, 0.25f }, build("{\"text\": \"a \\\"cat\\\"\", \"embedder\": \"e-1\"}", null));
        }
        build("{\"data\": \"QUJD\", \"vector\": \"perceptual_hash\"}", null, null);
        assertEquals(Map.of("data", "QUJD", "vector", "perceptual_hash"), service.requests.remove(2));
        build("{\"data\": \"QUJD\", \"vector\": \"face\", \"embedder\": \"e-1\"}", null, null);
        assertEquals(Map.of("data", "QUJD", "vector", "face"), service.requests.remove(2));
        assertEquals(List.of(Map.of("data", "QUJD"), Map.of("text", "a \"cat\"")), service.requests);
        assertEquals("who", service.headers.get(0).getFirst("X-Opaque-Id"));
        assertEquals(TestNode.TOKEN, service.token(0));
    }

    @Test
    void aStoredDocument() throws Exception {
        try (ThreadContext.StoredContext ignored = node.threadContext.stashContext()) {
            node.threadContext.putHeader("X-Opaque-Id", "who");
            String one = "{\"image\": {\"embedding\": [1, 2], \"embedder\": \"e-1\"}}";
            String many = "{\"image\": [{\"embedding\": [1, 2], \"embedder\": \"e-1\"}, {}]}";
            String question = "{\"id\": \"7\", \"index\": \"images\", \"embedder\": \"e-1\"}";
            assertArrayEquals(new float[] { 1, 2 }, build(question, stored(one)));
            assertArrayEquals(new float[] { 1, 2 }, build(question, stored(many)));
            assertArrayEquals(new float[] { 127, -1, 0 }, build(question, stored("{\"image\": {\"embedding\": \"7fff00\", \"embedder\": \"e-1\"}}")));
            assertArrayEquals(new float[] { 3 }, build("{\"id\": 7, \"index\": \"i\", \"field\": \"v\"}", stored("{\"v\": [3]}")));
            for (String without : List.of("{}", "{\"image\": {}}", "{\"image\": {\"embedding\": \"x\"}}", one.replace("e-1", "e-2"))) {
                Throwable cause = assertThrows(ExecutionException.class, () -> build(question, stored(without))).getCause();
                assertTrue(cause instanceof IllegalArgumentException, cause.toString());
            }
            Throwable missing = assertThrows(ExecutionException.class, () -> build(question, stored(null))).getCause();
            assertTrue(missing instanceof ResourceNotFoundException, missing.toString());
        }
        assertEquals(0, service.calls.get());
    }

    @Test
    void theLargestFaceOfAStoredDocument() throws Exception {
        String faces = "{\"face_vectors\": [{\"vector\": [1, 2], \"embedder\": \"d-1\"}, {\"vector\": [3, 4], \"embedder\": \"d-1\"}]}";
        String question = "{\"id\": \"7\", \"index\": \"images\", \"field\": \"image.face_vectors.vector\", \"embedder\": \"d-1\"}";
        assertArrayEquals(new float[] { 1, 2 }, build(question, stored("{\"image\": " + faces + "}"), null));
        assertArrayEquals(new float[] { 1, 2 }, build(question, stored("{\"image\": [{\"face_count\": 0}, " + faces + "]}"), null));
        for (String without : List.of("{\"image\": {\"face_count\": 0}}", "{\"image\": {\"face_vectors\": [{\"embedder\": \"d-1\"}]}}")) {
            Throwable cause = assertThrows(ExecutionException.class, () -> build(question, stored(without), null)).getCause();
            assertTrue(cause.getMessage().contains("finds no vector in [image.face_vectors.vector] of document [7]"), cause.toString());
        }
        assertEquals(0, service.calls.get());
    }

    @Test
    void aPictureWithoutAFaceIsABadQuestion() {
        service.behaviour = FakeService.error(422, "no_face");
        Exception failure = failure("{\"data\": \"QUJD\", \"vector\": \"face\"}");
        assertTrue(failure instanceof ImageException && failure.getMessage().startsWith("[no_face]"), failure.toString());
    }

    @Test
    void wrongQuestionsAreRefused() {
        for (String wrong : List.of(
            "{}",
            "[]",
            "{\"data\": \"x\", \"text\": \"y\"}",
            "{\"date\": \"x\"}",
            "{\"text\": \" \"}",
            "{\"data\": {}}",
            "{\"id\": \"1\"}",
            "{\"text\": \"x\", \"routing\": \"1\"}",
            "{\"text\": \"x\", \"vector\": \"perceptual_hash\"}",
            "{\"id\": \"1\", \"index\": [\"a\"]}"
        )) {
            assertThrows(IllegalArgumentException.class, () -> parse(wrong), wrong);
        }
    }

    @Test
    void whatTheServiceRefusesHasTheRightStatus() {
        service.behaviour = FakeService.error(422, "not_an_image");
        assertEquals(RestStatus.BAD_REQUEST, ((ImageException) failure("{\"data\": \"QUJD\"}")).status());
        service.behaviour = FakeService.error(500, "embedder_failed");
        assertEquals(RestStatus.INTERNAL_SERVER_ERROR, ((ImageException) failure("{\"data\": \"QUJD\"}")).status());
        node.set(settings -> settings.put("ingest.image.search_timeout", "2s"));
        service.behaviour = FakeService.json(200, "{\"fields\": {}}");
        assertTrue(failure("{\"data\": \"QUJD\"}").getMessage().contains("the answer is not the processor service's"));
        service.behaviour = FakeService.proved(200, VECTOR);
        String message = failure("{\"data\": \"QUJD\", \"embedder\": \"e-2\"}").getMessage();
        assertTrue(message.contains("[e-2]") && message.contains("[e-1]"), message);
        node.set(settings -> settings.put("ingest.image.max_image_bytes", "2b"));
        assertTrue(failure("{\"data\": \"QUJD\"}").getMessage().startsWith("[image_too_large]"));
    }

    @Test
    void aSearchDoesNotHangWithTheService() {
        node.set(settings -> settings.put("ingest.image.search_timeout", "300ms"));
        service.behaviour = service.hang();
        Exception failure = failure("{\"data\": \"QUJD\"}");
        assertEquals(RestStatus.SERVICE_UNAVAILABLE, ((ImageException) failure).status());
        assertTrue(failure.getMessage().contains("timeout [300ms]"), failure.getMessage());
    }

    @Test
    void aSearchGoesBeforeWhatWaitsAndDoesNotWaitForEver() throws Exception {
        node.set(settings -> settings.put("ingest.image.max_in_flight", 1));
        // Both others wait by then.
        FakeService.Behaviour slow = service.slow(2000);
        service.behaviour = (exchange, request) -> (request.get("data").equals("AAAA") ? slow
            : request.get("data").equals("CCCC") ? FakeService.proved(200, VECTOR) : FakeService.good()).answer(exchange, request);
        node.set(settings -> settings.put("ingest.image.search_timeout", "10s"));
        node.call("AAAA", null);
        CompletableFuture<Map<String, Object>> last = node.call("BBBB", null);
        assertThrows(ExecutionException.class, () -> build("{\"data\": \"CCCC\", \"embedder\": \"x\"}", null, null));
        last.get(120, TimeUnit.SECONDS);
        assertEquals(List.of("AAAA", "CCCC", "BBBB"), service.requests.stream().map(request -> request.get("data")).toList());
        service.behaviour = service.hang();
        node.call("DDDD", null);
        node.set(settings -> settings.put("ingest.image.search_timeout", "200ms"));
        String message = failure("{\"data\": \"CCCC\"}").getMessage();
        assertTrue(message.contains("ingest.image.search_timeout"), message);
    }

    @Test
    void theWireBetweenNodes() throws Exception {
        for (String json : List.of("{\"data\": \"QUJD\", \"embedder\": \"e\", \"vector\": \"v\"}", "{\"text\": \"x\"}", "{\"id\": \"1\", \"index\": \"i\", \"routing\": \"r\"}")) {
            ImageVectorBuilder builder = parse(json);
            try (BytesStreamOutput out = new BytesStreamOutput()) {
                builder.writeTo(out);
                ImageVectorBuilder read = new ImageVectorBuilder(out.bytes().streamInput(), () -> node.client);
                assertEquals(builder, read);
                assertEquals(builder.hashCode(), read.hashCode());
            }
        }
        assertFalse(parse("{\"text\": \"x\"}").equals(parse("{\"text\": \"y\"}")));
    }

    @Test
    void aPictureIsNotPrinted() throws Exception {
        String data = "QUJD".repeat(100);
        String printed = Strings.toString(parse("{\"data\": \"" + data + "\", \"embedder\": \"e\"}"));
        assertEquals("{\"data\":\"<400 characters>\",\"embedder\":\"e\"}", printed);
        assertFalse(new VectorQuestion(data, null, null, null, null, "f", null, null).toString().contains("QUJD"));
        byte[] bytes = "ABC".getBytes(StandardCharsets.UTF_8);
        assertEquals("QUJD", VectorQuestion.of(Map.of("data", bytes)).data());
        assertEquals(Set.of("data"), Json.read(Strings.toString(parse("{\"data\": \"QUJD\"}")).getBytes(StandardCharsets.UTF_8)).keySet());
    }
}
