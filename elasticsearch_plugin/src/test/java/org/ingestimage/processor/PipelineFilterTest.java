package org.ingestimage.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.ingest.PutPipelineRequest;
import org.elasticsearch.action.support.master.AcknowledgedResponse;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestApi;
import org.ingestimage.testing.TestNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is asked of the services when a pipeline is put. */
@Timeout(240)
class PipelineFilterTest {

    private static final String LACK = "the package rapidocr is missing: pip install it";
    private static final String STORED = "stored";
    private static final String SEEING = image("\"properties\": [\"colors\", \"text\", {\"labels\": {}}]");

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : open) {
            closeable.close();
        }
    }

    private static String image(String recipe) {
        return "{\"image\": {\"field\": \"image\", " + recipe + "}}";
    }

    private static String pipeline(String... processors) {
        return "{\"processors\": [" + String.join(", ", processors) + "]}";
    }

    /** A service that can do all but what it lacks. */
    private FakeService lacking(String... names) {
        return answering(FakeService.proved(200, catalogue(names)));
    }

    private static String catalogue(String... names) {
        String entries = List.of("redact", "text", "faces", "labels", "plates", "colors")
            .stream()
            .map(name -> "{\"name\": \"" + name + "\", \"available\": " + (List.of(names).contains(name) == false) + ", \"lacks\": \"" + LACK + "\"}")
            .collect(Collectors.joining(", "));
        return "{\"operations\": [" + entries + "], \"properties\": [" + entries + "]}";
    }

    private FakeService answering(FakeService.Behaviour catalogue) {
        FakeService service = new FakeService(FakeService.good());
        service.catalogue = catalogue;
        open.add(service);
        return service;
    }

    /** What became of the pipeline: stored, or the reason why not. */
    private String put(String json, FakeService... services) throws Exception {
        TestNode node = new TestNode(TestNode.hosts(services));
        open.add(0, node);
        PipelineFilter filter = new PipelineFilter(RecipeSchema.packed(), () -> node.threadContext, () -> node.client);
        CompletableFuture<String> result = new CompletableFuture<>();
        ActionListener<ActionResponse> listener = ActionListener.wrap(
            response -> result.complete(STORED),
            failure -> result.complete(failure.getClass().getSimpleName() + ": " + failure.getMessage())
        );
        node.threadContext.putHeader("user", "kim");
        filter.apply(null, filter.actionName(), TestApi.pipeline(json), listener, (task, action, request, then) -> {
            assertEquals("kim", node.threadContext.getHeader("user"));
            assertTrue(request instanceof PutPipelineRequest);
            then.onResponse(AcknowledgedResponse.TRUE);
        });
        return result.get(120, TimeUnit.SECONDS);
    }

    @Test
    void whatTheServiceLacksIsRefusedByName() throws Exception {
        FakeService service = lacking("redact", "text", "faces", "labels", "plates");
        assertEquals(
            "ImageException: [recognition_off] property [text], property [labels] cannot be done by the processor service: " + LACK,
            put(pipeline(SEEING), service)
        );
        assertEquals(List.of(TestNode.TOKEN), service.askedForCatalogue);
    }

    @Test
    void anOperationAndASingleOneToo() throws Exception {
        String refused = put(pipeline(image("\"operations\": [{\"redact\": {\"what\": [\"faces\"]}}]")), lacking("redact"));
        assertTrue(refused.contains("[recognition_off] operation [redact] cannot be done"), refused);
    }

    @Test
    void soIsAParameterThatItLacks() throws Exception {
        String unavailable = "{\"name\": \"faces\", \"available\": true, \"unavailable\": {\"identity\": \"" + LACK + "\"}}";
        FakeService service = answering(FakeService.proved(200, "{\"operations\": [], \"properties\": [" + unavailable + "]}"));
        String refused = put(pipeline(image("\"properties\": [{\"faces\": {\"identity\": true}}]")), service);
        assertTrue(refused.contains("[recognition_off] property [faces] with [identity] cannot be done"), refused);
        for (String parameters : List.of("{}", "{\"identity\": false}")) {
            assertEquals(STORED, put(pipeline(image("\"properties\": [{\"faces\": " + parameters + "}]")), service));
        }
    }

    @Test
    void whatTheServiceHasIsStored() throws Exception {
        assertEquals(STORED, put(pipeline(SEEING), lacking()));
        assertEquals(STORED, put(pipeline(SEEING), lacking("faces")));
    }

    @Test
    void processorsWithinOthersAreSeen() throws Exception {
        String inOther = "{\"foreach\": {\"field\": \"list\", \"processor\": " + SEEING + "}}";
        String onFailure = "{\"set\": {\"field\": \"a\", \"value\": 1, \"on_failure\": [" + SEEING + "]}}";
        for (String json : List.of(pipeline(inOther), pipeline(onFailure), "{\"processors\": [], \"on_failure\": [" + SEEING + "]}")) {
            assertTrue(put(json, lacking("text")).contains("property [text] cannot be done"), json);
        }
    }

    @Test
    void othersAreNotHeldUp() throws Exception {
        FakeService service = lacking("text");
        String value = "{\"set\": {\"field\": \"a\", \"value\": {\"image\": {\"properties\": [\"text\"]}}}}";
        for (String json : List.of(pipeline(image("\"properties\": [\"colors\"]")), pipeline(value), "{\"processors\": 5}", "no json", "{}")) {
            assertEquals(STORED, put(json, service), json);
        }
        assertEquals(List.of(), service.askedForCatalogue);
    }

    @Test
    void oneServiceThatHasItIsEnough() throws Exception {
        assertEquals(STORED, put(pipeline(SEEING), lacking("text", "labels"), lacking()));
        assertTrue(put(pipeline(SEEING), lacking("text"), lacking("text", "labels")).contains("property [text] cannot be done"));
    }

    @Test
    void withoutAnAnswerThePipelineIsStored() throws Exception {
        FakeService gone = lacking("text");
        gone.close();
        FakeService hanging = new FakeService(FakeService.good());
        hanging.catalogue = hanging.hang();
        open.add(hanging);
        List<FakeService> silent = List.of(
            gone,
            hanging,
            answering(null),
            answering(FakeService.json(200, "no json")),
            answering(FakeService.json(200, "{}")),
            answering(FakeService.proved(200, "{}")),
            answering(FakeService.json(200, catalogue("text"))),
            answering(FakeService.json(200, " ".repeat(2 << 20))),
            answering(FakeService.error(401, "unauthorized"))
        );
        for (FakeService service : silent) {
            assertEquals(STORED, put(pipeline(SEEING), service), () -> silent.indexOf(service) + " of the silent ones");
        }
        assertTrue(put(pipeline(SEEING), gone, lacking("text")).contains("property [text] cannot be done"));
    }

    @Test
    void aNodeThatStartsAsksNobody() {
        PipelineFilter filter = new PipelineFilter(RecipeSchema.packed(), () -> null, () -> null);
        List<Map.Entry<String, Object>> seen = new ArrayList<>();
        filter.apply(null, filter.actionName(), TestApi.pipeline(pipeline(SEEING)), ActionListener.noop(), (task, action, request, then) ->
            seen.add(Map.entry(action, request)));
        assertEquals(1, seen.size());
    }
}
