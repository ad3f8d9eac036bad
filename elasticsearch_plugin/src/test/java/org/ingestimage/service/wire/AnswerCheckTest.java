package org.ingestimage.service.wire;

import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

import org.elasticsearch.common.settings.SecureString;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.rest.RestStatus;
import org.ingestimage.common.ImageException;
import org.ingestimage.common.Sha256;
import org.ingestimage.picture.Marks;
import org.ingestimage.picture.PictureData;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.testing.Documents;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Answers with status 200 that are not the service's, or not about the picture that was sent. */
@Timeout(240)
class AnswerCheckTest {

    private static final String DATA = Base64.getEncoder().encodeToString("a picture".getBytes(StandardCharsets.UTF_8));
    private static final Recipe RECIPE = Recipe.of(List.of("auto_orient"), null);
    private static final List<Object> TURN = List.of(Map.of("rotate", Map.of("degrees", 90)));

    private final Marks marks = marks(TestNode.TOKEN);

    private static Marks marks(String token) {
        return new Marks(new SecureString(token.toCharArray()), new SecureString(new char[0]));
    }

    private static PictureRequest request(Object data, String url, List<Object> operations, boolean normalized) {
        return new PictureRequest(data, null, url, RECIPE, List.of(), operations, normalized, false, false, false, 0, TimeValue.timeValueSeconds(5), null);
    }

    /** The request as the service reads it. */
    private static Map<String, Object> read(PictureRequest request) {
        Map<String, Object> read = map("operations", RECIPE.operations());
        Object data = request.data();
        read.put("data", data instanceof byte[] bytes ? Base64.getEncoder().encodeToString(bytes) : data);
        read.put("url", request.url());
        read.put("document_operations", request.documentOperations());
        read.put("normalized", request.normalized() ? true : null);
        return read;
    }

    private String problem(PictureRequest request, Consumer<Map<String, Object>> change) {
        Map<String, Object> fields = Documents.signed(TestNode.TOKEN, read(request));
        change.accept(fields);
        return AnswerCheck.problem(request, fields, marks);
    }

    @Test
    void theServicesAnswersAreBelieved() {
        for (PictureRequest request : List.of(
            request(DATA, null, null, false),
            request("data:image/png;base64," + DATA, null, null, false),
            request("\n" + DATA.replace('+', '-'), null, null, false),
            request("a picture".getBytes(StandardCharsets.UTF_8), null, TURN, false),
            request(DATA, null, null, true),
            request(DATA, null, TURN, true),
            request(null, "https://images.example.org/a", null, false),
            request(DATA, "https://images.example.org/a", TURN, true)
        )) {
            assertNull(problem(request, fields -> {}), () -> request.toString());
        }
    }

    @Test
    void withoutATokenAnswersAreSignedAllTheSame() {
        PictureRequest request = request(DATA, null, null, false);
        Map<String, Object> fields = Documents.signed("", read(request));
        assertNull(AnswerCheck.problem(request, fields, marks("")));
        assertTrue(AnswerCheck.problem(request, fields, marks).startsWith("[mark]"));
        fields.put("mark", "0".repeat(64));
        assertTrue(AnswerCheck.problem(request, fields, marks("")).startsWith("[mark]"));
    }

    @Test
    void whatIsNotTheServicesIsNot() {
        PictureRequest request = request(DATA, null, null, false);
        Map<String, Object> another = Documents.signed(TestNode.TOKEN, read(request("AAAA", null, null, false)));
        Map<String, Object> otherRecipe = Documents.signed(TestNode.TOKEN, map("data", DATA, "operations", List.of("grayscale")));
        Map<String, Object> otherToken = Documents.signed("another", read(request));
        Map<String, Consumer<Map<String, Object>>> changes = new LinkedHashMap<>();
        changes.put("nothing at all", Map::clear);
        changes.put("only a width", fields -> fields.keySet().retainAll(List.of("width")));
        changes.put("another picture", fields -> fields.putAll(another));
        changes.put("another recipe", fields -> fields.putAll(otherRecipe));
        changes.put("another token", fields -> fields.putAll(otherToken));
        changes.put("a mark of zeros", fields -> fields.put("mark", "0".repeat(64)));
        changes.put("no mark", fields -> fields.remove("mark"));
        changes.put("a mark of a wrong type", fields -> fields.put("mark", List.of(1)));
        changes.put("no source mark", fields -> fields.remove("source_mark"));
        changes.put("no original", fields -> fields.remove("original"));
        changes.put("the original of another", fields -> fields.put("original", another.get("original")));
        changes.put("an original of a wrong type", fields -> fields.put("original", "x"));
        changes.put("other bytes", fields -> fields.put("data", "AAAA"));
        changes.put("no bytes", fields -> fields.remove("data"));
        changes.put("bytes as a number", fields -> fields.put("data", 7));
        changes.put("bytes as something else", fields -> fields.put("data", "not base64!"));
        changes.put("bytes with something around", fields -> fields.put("data", "data:x;base64," + fields.get("data")));
        changes.put("another hash", fields -> fields.put("sha256", another.get("sha256")));
        changes.put("a thumbnail without a mark", fields -> fields.put("thumbnail", "AAAA"));
        changes.put("a thumbnail of a wrong type", fields -> fields.put("thumbnail", Map.of()));
        changes.put("a mark without a thumbnail", fields -> fields.put("thumbnail_mark", "0".repeat(64)));
        changes.put("a field that is not the service's", fields -> fields.put("title", "mine"));
        changes.put("an error", fields -> fields.put("error", Map.of("code", "x")));
        changes.put("text as a number", fields -> fields.put("width", "abc"));
        changes.put("an object as a number", fields -> fields.put("width", Map.of("a", Map.of("b", 1))));
        changes.put("a list as a number", fields -> fields.put("height", List.of(1, 2)));
        changes.put("a fraction as a whole number", fields -> fields.put("width", 1.5));
        changes.put("a number that the index cannot hold", fields -> fields.put("width", 1L << 40));
        changes.put("a number as text", fields -> fields.put("format", 7));
        changes.put("a number as a truth", fields -> fields.put("has_alpha", 1));
        changes.put("a very long text", fields -> fields.put("format", "x".repeat(10 << 20)));
        changes.put("a very long caption", fields -> fields.put("metadata", map("caption", "x".repeat(10 << 20))));
        changes.put("a very long list", fields -> fields.put("color_names", java.util.Collections.nCopies(100_000, "red")));
        changes.put("a list of something else", fields -> fields.put("colors", List.of("red")));
        changes.put("an object as a list", fields -> fields.put("colors", map("hex", "#ffffff")));
        changes.put("a name within that is not the service's", fields -> fields.put("metadata", map("title", "x", "mine", 1)));
        changes.put("a wrong type deep within", fields -> fields.put("colors", List.of(map("share", "much"))));
        changes.put("a place that is none", fields -> fields.put("metadata", map("location", List.of("x"))));
        changes.put("a vector of words", fields -> fields.put("embedding", List.of("a", "b")));
        changes.put("a vector without an end", fields -> fields.put("embedding", java.util.Collections.nCopies(100_000, 1.0)));
        changes.put("operations", fields -> fields.put("operations", List.of()));
        changes.forEach((what, change) -> assertTrue(problem(request, change) != null, what));
        assertNull(problem(request, fields -> {
            byte[] stored = Base64.getDecoder().decode((String) fields.get("data"));
            fields.put("thumbnail", "AAAA");
            fields.put("thumbnail_mark", Documents.thumbnailMark(RECIPE.hash(), stored, new byte[3]));
        }), "its own thumbnail");
    }

    @Test
    void fieldsAsTheServiceGivesThemAreBelieved() {
        PictureRequest request = request(DATA, null, null, false);
        assertNull(problem(request, fields -> {
            fields.putAll(
                map("format", "jpeg", "height", 2, "bytes", 9, "has_alpha", false, "brightness", 1, "contrast", 0.25, "blank", null)
            );
            fields.put("colors", List.of(map("hex", "#ffffff", "name", "white", "share", 1, "l", 100.0, "a", -0.1, "b", 0)));
            fields.put("color_names", List.of("white"));
            fields.put("perceptual_hash", "0".repeat(64));
            fields.put("perceptual_hashes", map("algorithm", "pdq", "hex", "0".repeat(64), "bits", "0".repeat(64)));
            fields.put("embedding", List.of(0.5, 1, -0.25));
            fields.put("metadata", map("taken_at", "1978-05", "iso", 100, "location", map("lat", 1.5, "lon", -3), "keywords", List.of("a")));
        }));
    }

    /** What is refused is told by its name: the value may be anything, and as long as an answer. */
    @Test
    void aProblemQuotesNothing() {
        String problem = problem(request(DATA, null, null, false), fields -> fields.put("width", "abc"));
        assertEquals("the field [width] is not of the type and size that this version of the service gives", problem);
    }

    @Test
    void theBytesOfANormalizedPictureStay() {
        PictureRequest kept = request(DATA, null, null, true);
        Map<String, Object> changed = Documents.signed(TestNode.TOKEN, read(request(DATA, null, TURN, true)));
        assertTrue(AnswerCheck.problem(kept, changed, marks).contains("another picture"));
    }

    @Test
    void anAddressIsThatWhichWasAskedFor() {
        PictureRequest request = request(null, "https://images.example.org/a", null, false);
        Map<String, Object> other = Documents.signed(TestNode.TOKEN, read(request(null, "https://images.example.org/b", null, false)));
        assertTrue(AnswerCheck.problem(request, other, marks).contains("another picture"));
    }

    @Test
    void longDataIsHashedByParts() {
        byte[] bytes = new byte[200_001];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        String text = Base64.getEncoder().encodeToString(bytes);
        assertEquals(Sha256.hex(bytes), PictureData.hash(text));
        assertEquals(Sha256.hex(bytes), PictureData.hashOfAny(text.replace('+', '-').replace('/', '_')));
        assertNull(PictureData.hash(text.substring(1)));
        // Padding within: two pictures, one behind the other.
        assertNull(PictureData.hash("QQ==".repeat(20_000) + "AAAA"));
        assertEquals(Sha256.hex(new byte[0]), PictureData.hash(""));
    }

    @Test
    void nothingOfItIsStored() {
        try (FakeService service = new FakeService(null); TestNode node = new TestNode(TestNode.hosts(service))) {
            for (FakeService.Behaviour lie : List.of(
                FakeService.json(200, "{\"fields\": {}}"),
                FakeService.json(200, "{\"fields\": {\"width\": 1}}"),
                FakeService.changed(fields -> fields.put("mark", "0".repeat(64))),
                FakeService.changed(fields -> fields.put("title", "mine")),
                FakeService.changed(fields -> fields.put("width", "abc"))
            )) {
                service.behaviour = lie;
                for (String onInvalid : List.of("fail", "record")) {
                    Exception failure = node.runUntil(
                        result -> result.message().startsWith("[service_timeout]") == false,
                        map("on_invalid", onInvalid),
                        map("image", DATA)
                    ).failure();
                    assertEquals(RestStatus.SERVICE_UNAVAILABLE, ((ImageException) failure).status());
                    assertTrue(failure.getMessage().startsWith("[service_not_ours] "), failure.getMessage());
                    assertTrue(failure.getMessage().contains("ingest.image.hosts"), failure.getMessage());
                }
            }
        }
    }

    /** Of what a refusal brings along, only the picture without its metadata counts. */
    @Test
    void aRefusalBringsNoFields() {
        try (FakeService service = new FakeService(null); TestNode node = new TestNode(TestNode.hosts(service))) {
            Map<String, Object> before = new HashMap<>(Documents.signed("x", map("data", "AAAA")));
            before.putAll(map("data", DATA, "thumbnail", "AAAA", "mine", 1));
            for (FakeService.Behaviour refusal : List.of(
                FakeService.proved(413, "<html>413 Request Entity Too Large</html>"),
                FakeService.proved(422, "{\"error\": {\"code\": \"image_too_large\", \"reason\": \"x\"}, \"fields\": {\"title\": \"x\", \"width\": 9}}"),
                FakeService.proved(422, "{\"error\": {\"code\": \"image_too_large\", \"reason\": \"x\"}, \"fields\": {\"data\": {\"a\": 1}}}")
            )) {
                service.behaviour = refusal;
                @SuppressWarnings("unchecked")
                Map<String, Object> image = (Map<String, Object>) node.run(map("on_invalid", "record"), map("image", before)).get("image");
                Map<?, ?> error = (Map<?, ?>) image.remove("error");
                assertEquals("image_too_large", error.get("code"));
                assertEquals(map("mine", 1), image, "nothing of the picture before, and nothing that nobody has signed");
            }
        }
    }
}
