package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.ingestimage.testing.Documents.plain;
import static org.ingestimage.testing.Documents.with;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.ingestimage.recipe.Recipe;
import org.ingestimage.testing.Documents;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.OneServiceTest;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pictures that are somewhere else: when they are fetched, and when not. Fetching itself is the service's. */
class PictureByAddressTest extends OneServiceTest {

    private static final String URL = "https://images.example.org/cat.jpg";
    private static final String OTHER = "https://images.example.org/dog.jpg";
    private static final String DATA = Base64.getEncoder().encodeToString("a processed picture".getBytes(StandardCharsets.UTF_8));
    private static final Map<String, Object> CONFIG = Map.of("operations", List.of("auto_orient"));
    private static final String RECIPE = Recipe.of(List.of("auto_orient"), null).hash();
    private static final List<Object> TURN = List.of(Map.of("rotate", Map.of("degrees", 90)));

    @BeforeEach
    void allow() {
        node.set(settings -> settings.putList("ingest.image.url_hosts", "images.example.org"));
    }

    private static Map<String, Object> without(Map<String, Object> map, String key) {
        Map<String, Object> result = new HashMap<>(map);
        result.remove(key);
        return result;
    }

    /** What the service made of what is at the address. */
    private static Map<String, Object> made() {
        byte[] bytes = Base64.getDecoder().decode(DATA);
        Map<String, Object> marks = map("mark", Documents.mark(RECIPE, bytes), "source_mark", Documents.urlMark(RECIPE, URL, bytes));
        return with(marks, "data", DATA, "sha256", Documents.hash(bytes), "width", 3);
    }

    private static Map<String, Object> stored() {
        return with(made(), "url", URL);
    }

    private Result run(Map<String, Object> config, Object image) {
        return node.run(config, map("image", image));
    }

    @Test
    void theAddressGoesToTheServiceAndStaysInTheDocument() {
        Result result = run(with(CONFIG, "truncated", "accept"), map("url", URL, "caption", "mine", "error", map("code", "old")));
        assertEquals(map("url", URL, "data", "donenull", "width", 3, "caption", "mine"), plain(result.get("image")));
        assertEquals(List.of(map("url", URL, "operations", List.of("auto_orient"), "truncated", "accept")), service.requests);
        result = run(CONFIG, List.of(map("url", URL), DATA));
        assertEquals("donenull", result.get("image.0.data"));
        assertEquals("done" + DATA, result.get("image.1.data"));
    }

    @Test
    void offUnlessTheSettingNamesTheHost() {
        for (List<String> hosts : List.of(List.<String>of(), List.of("other.example.org"))) {
            node.set(settings -> settings.putList("ingest.image.url_hosts", hosts));
            String message = run(CONFIG, map("url", URL)).message();
            assertTrue(message.startsWith("[url_not_allowed] ") && message.contains("[ingest.image.url_hosts]"), message);
            assertTrue(message.endsWith("; field [image]"), message);
            Result recorded = run(with(CONFIG, "on_invalid", "record", "ignore_missing", true), map("url", URL, "caption", "mine"));
            assertEquals("url_not_allowed", recorded.get("image.error.code"));
            assertEquals(URL, recorded.get("image.url"));
            assertEquals("mine", recorded.get("image.caption"));
        }
        assertTrue(run(CONFIG, map("url", 5)).message().startsWith("[url_not_allowed] [url] must be a string"));
        assertEquals(0, service.calls.get());
    }

    @Test
    void whereItIsOffAnAddressIsAFieldLikeAnyOther() {
        node.set(settings -> settings.putList("ingest.image.url_hosts", List.of()));
        assertEquals("doneAAAA", run(CONFIG, map("url", URL, "data", "AAAA")).get("image.data"));
        assertEquals(map("data", "AAAA", "operations", List.of("auto_orient")), service.requests.get(0));
        assertEquals(stored(), run(CONFIG, stored()).get("image"));
        Map<String, Object> fields = without(with(stored(), "url", OTHER), "data");
        assertEquals(fields, run(CONFIG, fields).get("image"), "it cannot be fetched, so what is there stays");
        assertEquals(1, service.calls.get());
    }

    @Test
    void whatWasFetchedIsNotFetchedAgain() {
        assertEquals(stored(), run(CONFIG, stored()).get("image"));
        Map<String, Object> fields = without(stored(), "data");
        for (String option : List.of("store", "remove_binary")) {
            Map<String, Object> config = with(CONFIG, option, option.equals("store") ? "none" : true);
            assertEquals(fields, run(config, fields).get("image"));
            assertEquals(fields, run(config, stored()).get("image"), "only the data goes");
        }
        node.set(settings -> settings.putList("ingest.image.url_hosts", "another.example.org"));
        assertEquals(stored(), run(CONFIG, stored()).get("image"), "nothing is fetched, so nothing has to be allowed");
        assertEquals(0, service.calls.get());
    }

    @Test
    void anotherAddressOrAnotherRecipeFetchesAgain() {
        for (Map<String, Object> image : List.of(with(stored(), "url", OTHER), without(with(stored(), "url", OTHER), "data"))) {
            Result result = run(CONFIG, image);
            assertEquals("donenull", result.get("image.data"));
            assertEquals(OTHER, result.get("image.url"));
        }
        run(Map.of("operations", List.of("grayscale")), stored());
        assertEquals(
            List.of(
                map("url", OTHER, "operations", List.of("auto_orient")),
                map("url", OTHER, "operations", List.of("auto_orient")),
                map("url", URL, "operations", List.of("grayscale"))
            ),
            service.requests
        );
    }

    @Test
    void aForgedMarkFetchesAgain() {
        run(CONFIG, with(stored(), "source_mark", "0".repeat(64)));
        byte[] bytes = Base64.getDecoder().decode(DATA);
        run(CONFIG, with(stored(), "source_mark", Documents.sourceMark(RECIPE, URL.getBytes(StandardCharsets.UTF_8), bytes)));
        run(CONFIG, without(with(stored(), "source_mark", 7), "data"));
        assertEquals(3, service.calls.get());
        assertTrue(service.requests.stream().allMatch(request -> request.get("url").equals(URL) && request.containsKey("data") == false));
    }

    @Test
    void anAddressAndAPictureOfItsOwnAreAmbiguous() {
        Map<String, Object> record = with(CONFIG, "on_invalid", "record");
        for (Map<String, Object> image : List.of(
            map("url", URL, "data", DATA),
            with(stored(), "data", "AAAA"),
            with(stored(), "data", 5),
            without(without(stored(), "mark"), "sha256"),
            with(without(stored(), "sha256"), "mark", "x")
        )) {
            assertTrue(run(record, image).message().startsWith("[url_and_data] "), () -> "image " + image.keySet());
        }
        assertTrue(node.run(with(CONFIG, "target_field", "small"), map("image", stored())).message().startsWith("[url_and_data] "));
        assertEquals(0, service.calls.get());
        assertEquals("doneAAAA", run(CONFIG, with(stored(), "data", "AAAA", "url", null)).get("image.data"));
        assertEquals("donenull", run(CONFIG, with(stored(), "data", null, "url", OTHER)).get("image.data"));
    }

    @Test
    void oneOffOperationsWorkOnWhatIsStored() {
        Result result = run(CONFIG, with(stored(), "operations", TURN));
        assertEquals("done" + DATA, result.get("image.data"));
        Map<String, Object> request = map("operations", List.of("auto_orient"), "document_operations", TURN);
        assertEquals(with(request, "data", DATA, "url", URL, "normalized", true), service.requests.get(0));
        run(CONFIG, with(without(stored(), "data"), "operations", TURN));
        assertEquals(with(request, "url", URL), service.requests.get(1), "nothing stored: fetched for it");
        run(CONFIG, with(stored(), "operations", TURN, "url", OTHER));
        assertEquals(with(request, "url", OTHER), service.requests.get(2), "another picture");
    }

    @Test
    void aRecordedFailureLosesNoPicture() {
        Map<String, Object> record = with(CONFIG, "on_invalid", "record");
        service.behaviour = FakeService.error(422, "url_not_found");
        Map<String, Object> expected = map("url", OTHER, "caption", "mine");
        expected.put("error", map("code", "url_not_found", "reason", "because of url_not_found"));
        assertEquals(expected, run(record, map("url", OTHER, "caption", "mine")).get("image"));
        // The address may be dead forever, what is stored is all there is.
        expected.put("data", DATA);
        expected.put("mark", made().get("mark"));
        Map<String, Object> image = with(stored(), "url", OTHER, "caption", "mine");
        assertEquals(expected, run(record, image).get("image"));
        assertEquals(expected, run(record, expected).get("image"), "tried again");
        Map<String, Object> toSmall = with(record, "target_field", "small");
        assertEquals(DATA, node.run(toSmall, map("image", map("url", OTHER), "small", made())).get("small.data"));
        service.behaviour = FakeService.good();
        Map<String, Object> fetched = map("url", OTHER, "caption", "mine", "data", "donenull", "width", 3);
        assertEquals(fetched, plain(run(record, expected).get("image")));
        // Without the address it is a picture like any other, whose fields are made anew.
        service.requests.clear();
        run(record, with(expected, "url", null));
        assertEquals(List.of(map("data", DATA, "operations", List.of("auto_orient"), "normalized", true)), service.requests);
        service.behaviour = FakeService.error(422, "url_not_found");
        assertTrue(run(CONFIG, map("url", OTHER)).message().startsWith("[url_not_found] "));
    }

    /** Else whoever names a dead address could have anything stored. */
    @Test
    void whatTheRecipeDidNotMakeDoesNotStayBesideADeadAddress() {
        Map<String, Object> record = with(CONFIG, "on_invalid", "record");
        service.behaviour = FakeService.error(422, "url_not_found");
        for (Map<String, Object> image : List.of(
            map("url", OTHER, "data", "AAAA", "error", map()),
            map("url", OTHER, "data", "AAAA", "error", map(), "mark", "x"),
            with(stored(), "url", OTHER, "mark", "x"),
            with(stored(), "url", "https://not.allowed.example.com/", "mark", "x")
        )) {
            String message = run(record, image).message();
            assertTrue(message.contains("set [url] to null to process it"), message);
            assertTrue(message.startsWith("[url_not_"), message);
            assertEquals(image.get("data"), run(with(record, "keep_invalid", true), image).get("image.data"));
        }
        Map<String, Object> toSmall = with(record, "target_field", "small");
        String message = node.run(toSmall, map("image", map("url", OTHER), "small", map("data", "AAAA", "mark", "x"))).message();
        assertTrue(message.contains("set [url] to null"), message);
    }

    @Test
    void aNullTakesThePictureAwayWhereNoAddressIsAllowed() {
        node.set(settings -> settings.putList("ingest.image.url_hosts", List.of()));
        Map<String, Object> config = with(CONFIG, "ignore_missing", true);
        Map<String, Object> gone = with(map("url", URL, "caption", "mine"), "data", null);
        Map<String, Object> seen = map("width", 3, "colors", List.of(), "thumbnail", "AAAA", "error", map("code", "old"), "caption", "mine");
        for (Map<String, Object> image : List.of(with(stored(), "data", null), with(with(stored(), "data", null), "url", OTHER), with(map("url", URL), "data", null))) {
            Map<String, Object> before = new HashMap<>(image);
            before.putAll(seen);
            Result result = run(config, before);
            assertEquals(with(gone, "url", image.get("url")), plain(result.get("image")));
            // And so it stays, as when the title is updated.
            assertEquals(result.document().getSource(), node.run(config, result.document().getSource()).document().getSource());
            assertEquals(with(gone, "url", image.get("url")), plain(run(config, List.of(DATA, before)).get("image.1")));
        }
        assertEquals(3, service.calls.get(), "for the pictures beside them in the lists");
    }

    @Test
    void aPictureThatShouldBeThereIsFetchedAgain() {
        for (Map<String, Object> image : List.of(without(stored(), "data"), with(stored(), "data", null))) {
            assertEquals("donenull", run(CONFIG, image).get("image.data"));
            assertEquals("donenull", node.run(with(CONFIG, "target_field", "small"), map("image", map("url", URL), "small", image)).get("small.data"));
        }
        assertEquals(4, service.calls.get());
    }

    @Test
    void anotherThumbnailIsMadeAnewFromWhatIsStored() {
        run(CONFIG, with(stored(), "thumbnail", "AAAA", "thumbnail_mark", "x"));
        assertEquals(List.of(map("url", URL, "data", DATA, "operations", List.of("auto_orient"), "normalized", true)), service.requests);
    }

    @Test
    void toAnotherTarget() {
        Map<String, Object> config = with(CONFIG, "target_field", "small", "remove_binary", true);
        Result result = node.run(config, map("image", map("url", URL, "mine", 1), "small", map("caption", "c")));
        assertEquals(map("url", URL, "mine", 1), result.get("image"), "an address is no binary");
        assertEquals(map("data", "donenull", "width", 3, "caption", "c"), plain(result.get("small")));
        assertEquals(made(), node.run(config, map("image", map("url", URL), "small", made())).get("small"));
        assertEquals(without(made(), "data"), node.run(with(config, "store", "none"), map("image", map("url", URL), "small", made())).get("small"));
        assertEquals(1, service.calls.get());
        node.run(config, map("image", map("url", OTHER), "small", made()));
        node.run(config, map("image", map("url", URL), "small", with(made(), "data", "AAAA")));
        node.run(config, map("image", map("url", URL), "small", with(made(), "operations", TURN)));
        assertEquals(List.of(URL, OTHER, URL, URL), service.requests.stream().map(request -> request.get("url")).toList());
        assertTrue(service.requests.stream().noneMatch(request -> request.containsKey("data") || request.containsKey("normalized")));
    }

    @Test
    void withStoreNoneOnlyTheFieldsAreStored() {
        Map<String, Object> none = with(CONFIG, "store", "none");
        assertEquals(map("url", URL, "width", 3), plain(run(none, map("url", URL)).get("image")));
        assertEquals(map("width", 3), plain(run(none, DATA).get("image")));
        Result result = node.run(with(none, "target_field", "small"), map("image", DATA));
        assertEquals(DATA, result.get("image"));
        assertEquals(map("width", 3), plain(result.get("small")));
    }
}
