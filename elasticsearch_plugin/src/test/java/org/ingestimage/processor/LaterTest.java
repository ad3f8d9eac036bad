package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.ingestimage.testing.Documents.with;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.elasticsearch.ElasticsearchParseException;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.testing.Documents;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Properties that are added to a picture after its document was stored. */
@Timeout(240)
class LaterTest {

    private static final String DATA = Base64.getEncoder().encodeToString("a processed picture".getBytes(StandardCharsets.UTF_8));
    private static final List<Object> PROPERTIES = List.of("faces", "labels", Map.of("text", Map.of()), "statistics");
    private static final Map<String, Object> CONFIG = Map.of("properties", PROPERTIES, "later", List.of("text", "labels"));
    private static final String SINCE = "2026-11-27T08:00:00.123Z";
    private static final String RECIPE = Recipe.of(null, PROPERTIES).hash();

    private final FakeService service = new FakeService(FakeService.changed(fields -> fields.putAll(map("text", "read", "labels", List.of("cat"), "face_count", 1))));
    private final TestNode node = new TestNode(TestNode.hosts(service));

    @AfterEach
    void close() {
        node.close();
        service.close();
    }

    private static Map<String, Object> stored(Object... more) {
        byte[] bytes = Base64.getDecoder().decode(DATA);
        return with(map("data", DATA, "mark", Documents.mark(RECIPE, bytes), "sha256", Documents.hash(bytes), "face_count", 2), more);
    }

    /** The same with something that waits since a time. */
    private static Map<String, Object> waiting(List<String> names, Object... more) {
        return with(stored(more), "pending", names, "pending_since", SINCE);
    }

    private Map<String, Object> run(Map<String, Object> config, Object image) {
        Result result = node.run(config, map("image", image));
        assertNull(result.failure());
        @SuppressWarnings("unchecked")
        Map<String, Object> fields = (Map<String, Object>) result.get("image");
        return fields;
    }

    @Test
    void aNewPictureIsAskedForWithoutWhatComesLater() {
        service.behaviour = FakeService.changed(fields -> fields.put("pending", List.of("labels", "text")));
        assertEquals(List.of("labels", "text"), run(CONFIG, DATA).get("pending"));
        assertEquals(List.of(map("data", DATA, "properties", PROPERTIES, "later", List.of("text", "labels"))), service.requests);
    }

    @Test
    void oneThatAsksForItNowGetsAllOfIt() {
        Map<String, Object> image = run(CONFIG, map("data", DATA, "enrich", true));
        assertEquals(List.of(map("data", DATA, "properties", PROPERTIES)), service.requests);
        assertNull(image.get("enrich"));
    }

    @Test
    void whatIsPendingWaitsWhenAnotherFieldIsWritten() {
        Map<String, Object> image = waiting(List.of("labels", "text"), "title", "mine");
        assertEquals(image, run(CONFIG, image));
        // Names that are none of the pipeline's are removed, as a document may claim anything.
        assertEquals(image, run(CONFIG, with(image, "pending", List.of("text", "embedding", "nonsense", "labels", 3))));
        assertEquals(with(image, "pending", List.of("text")), run(CONFIG, with(image, "pending", "text")));
        assertEquals(0, service.calls.get());
    }

    @Test
    void whatIsPendingIsAddedAndNothingElseChanges() {
        Map<String, Object> image = run(CONFIG, stored("pending", List.of("text"), "enrich", true, "labels", List.of("dog"), "title", "mine"));
        assertEquals(stored("text", "read", "labels", List.of("dog"), "title", "mine"), image);
        assertEquals(List.of(map("data", DATA, "properties", List.of(Map.of("text", Map.of())), "normalized", true)), service.requests);
    }

    @Test
    void whatIsUsedComesAlongButIsNotWritten() {
        assertEquals(stored("labels", List.of("cat")), run(CONFIG, stored("pending", List.of("labels"), "enrich", true)));
        assertEquals(List.of(map("data", DATA, "properties", List.of("faces", "labels"), "normalized", true)), service.requests);
    }

    @Test
    void nothingIsAskedWhenNothingIsPending() {
        assertEquals(stored(), run(CONFIG, stored("enrich", true)));
        assertEquals(stored(), run(CONFIG, stored("enrich", "yes")));
        assertEquals(0, service.calls.get());
    }

    @Test
    void whatThePipelineNoLongerLetsWaitIsMadeAtOnce() {
        assertEquals(stored("text", "read"), run(Map.of("properties", PROPERTIES), stored("pending", List.of("text"))));
        assertEquals(waiting(List.of("labels"), "text", "read"), run(with(CONFIG, "later", List.of("labels")), waiting(List.of("labels", "text"))));
    }

    @Test
    void aFailureRefusesTheWriteAndRecordsNothing() {
        service.behaviour = FakeService.error(422, "picture_timeout");
        Map<String, Object> image = stored("pending", List.of("text"), "enrich", true);
        Result result = node.run(with(CONFIG, "on_invalid", "record"), map("image", List.of(stored(), image)));
        assertTrue(result.message().startsWith("[picture_timeout]"), result.message());
        assertTrue(result.message().contains("field [image.1]"), result.message());
    }

    @Test
    void aPictureThatCouldNotBeEnrichedIsAsGoodAsAnyOther() {
        Map<String, Object> image = stored("pending", List.of("text"), "error", map("code", "enrich_failed", "reason", "it took too long"));
        assertEquals(image, run(CONFIG, image));
        assertEquals(0, service.calls.get());
        assertEquals(image, run(CONFIG, with(image, "pending_since", SINCE)));
        assertEquals(stored("text", "read"), run(CONFIG, with(image, "enrich", true)));
        // Without anything pending it is an error like any other: every field is made again.
        service.requests.clear();
        run(CONFIG, stored("error", map("code", "enrich_failed")));
        assertEquals(List.of(map("data", DATA, "properties", PROPERTIES, "later", List.of("text", "labels"), "normalized", true)), service.requests);
    }

    @Test
    void itIsSaidSinceWhenSomethingWaits() {
        service.behaviour = FakeService.changed(fields -> fields.put("pending", List.of("text")));
        Instant before = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        Instant since = Instant.parse((String) run(CONFIG, map("data", "AAAA", "pending_since", SINCE)).get("pending_since"));
        assertTrue(since.isBefore(before) == false && since.isAfter(Instant.now()) == false, since.toString());
        // Marked by hand: it waits from now on. What nobody is to add has no time.
        assertTrue(run(CONFIG, stored("pending", List.of("text"))).get("pending_since") instanceof String);
        assertEquals(stored(), run(CONFIG, stored("pending_since", SINCE)));
        assertEquals(stored(), run(CONFIG, waiting(List.of("nonsense"))));
    }

    @Test
    void aPictureOfTheRecipeWithoutWhatIsPendingIsOneOfThisRecipe() {
        byte[] bytes = Base64.getDecoder().decode(DATA);
        byte[] source = "what came in".getBytes(StandardCharsets.UTF_8);
        String before = Recipe.of(null, List.of("faces", "statistics")).hash();
        Object[] old = {
            "recipe", before, "mark", Documents.mark(before, bytes), "original", map("sha256", Documents.hash(source)), "source_mark",
            Documents.sourceMark(before, source, bytes) };
        Map<String, Object> adopted = waiting(List.of("labels", "text"), old);
        adopted.putAll(map("recipe", RECIPE, "mark", Documents.mark(RECIPE, bytes), "source_mark", Documents.sourceMark(RECIPE, source, bytes)));
        assertEquals(adopted, run(CONFIG, waiting(List.of("labels", "text"), old)));
        assertEquals(0, service.calls.get());
        // Asked for at the same time, it is added; the picture stays as it is.
        Map<String, Object> image = run(CONFIG, with(waiting(List.of("labels", "text"), old), "enrich", true));
        assertEquals(List.of(DATA, "read", RECIPE), List.of(image.get("data"), image.get("text"), image.get("recipe")));
        assertEquals(map("data", DATA, "properties", List.of("faces", "labels", Map.of("text", Map.of())), "normalized", true), service.requests.get(0));
        // Something else may have been pending before.
        assertEquals(with(adopted, "pending", List.of("faces", "labels", "text")), run(with(CONFIG, "later", List.of("faces", "labels", "text")), waiting(List.of("faces", "labels", "text"), old)));
        // By a recipe that lacks more, or with a mark of nobody, it is made again.
        for (Map<String, Object> other : List.of(waiting(List.of("text"), old), with(waiting(List.of("labels", "text"), old), "mark", "0".repeat(64)))) {
            service.requests.clear();
            run(CONFIG, other);
            assertEquals(PROPERTIES, service.requests.get(0).get("properties"));
        }
    }

    @Test
    void aForgedMarkGainsNothing() {
        Map<String, Object> forged = with(stored("pending", List.of("text"), "enrich", true), "data", "AAAA");
        assertEquals("doneAAAA", run(CONFIG, forged).get("data"));
        assertNull(service.requests.get(0).get("normalized"));
    }

    @Test
    void eachPictureOfAListHasItsOwn() {
        Result result = node.run(CONFIG, map("image", List.of(waiting(List.of("text")), waiting(List.of("text"), "enrich", true))));
        assertEquals(List.of(waiting(List.of("text")), stored("text", "read")), result.get("image"));
    }

    @Test
    void withATargetOfItsOwnTheStoredPictureIsSent() {
        Map<String, Object> config = with(CONFIG, "target_field", "small");
        String source = Base64.getEncoder().encodeToString("a source".getBytes(StandardCharsets.UTF_8));
        byte[] bytes = Base64.getDecoder().decode(DATA);
        Map<String, Object> target = stored("source_mark", Documents.sourceMark(RECIPE, Base64.getDecoder().decode(source), bytes), "pending", List.of("text"));
        Result result = node.run(config, map("image", map("data", source, "enrich", true), "small", target));
        assertEquals(map("data", source), result.get("image"));
        Map<String, Object> expected = with(target, "text", "read");
        expected.remove("pending");
        assertEquals(expected, result.get("small"));
        assertEquals(DATA, service.requests.get(0).get("data"));
    }

    @Test
    void withoutAPictureNothingIsPending() {
        Map<String, Object> config = with(CONFIG, "ignore_missing", true);
        assertEquals(map("title", "mine"), run(config, map("title", "mine", "pending", List.of("text"), "enrich", true)));
        assertEquals(map("title", "mine"), run(config, stored("data", null, "title", "mine", "pending", List.of("text"), "face_count", null)));
    }

    private static String refusal(Object... options) {
        Map<String, Object> config = with(CONFIG, options);
        return assertThrows(ElasticsearchParseException.class, () -> Options.read("tag", new HashMap<>(config), RecipeSchema.packed())).getMessage();
    }

    @Test
    void whatCannotBeLaterIsRefusedWithASentence() {
        assertEquals(
            "[later] [statistics] is not one of the properties that can be added later: [embedding, faces, labels, plates, text]",
            refusal("later", List.of("statistics"))
        );
        assertEquals("[later] [plates] is not among the [properties] of the recipe, so there is nothing to add later", refusal("later", List.of("plates")));
        assertEquals("[later] [labels] uses what [faces] finds: name both, or leave out [faces]", refusal("later", List.of("faces")));
        List<Object> redact = List.of(Map.of("redact", Map.of("what", List.of("plates"))));
        assertEquals(
            "[later] [plates] is what operation [redact] hides before anything is stored, so it can never be later",
            refusal("operations", redact, "later", List.of("plates"))
        );
        for (Object[] none : new Object[][] { { "store", "none" }, { "remove_binary", true } }) {
            assertEquals("[later] needs the picture that is stored, but [store: none] or [remove_binary] keeps none", refusal(none));
        }
        assertEquals(List.of("text", "labels"), Options.read("tag", new HashMap<>(with(CONFIG, "store", "external", "remove_binary", true)), RecipeSchema.packed()).later());
    }
}
