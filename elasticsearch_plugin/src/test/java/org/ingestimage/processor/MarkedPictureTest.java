package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.ingestimage.testing.Documents.plain;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.elasticsearch.common.settings.SecureString;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.testing.Documents;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pictures that were processed before, and one-off operations of a document. */
@Timeout(240)
class MarkedPictureTest {

    private static final String DATA = Base64.getEncoder().encodeToString("a processed picture".getBytes(StandardCharsets.UTF_8));
    private static final String SOURCE = Base64.getEncoder().encodeToString("a source".getBytes(StandardCharsets.UTF_8));
    private static final Map<String, Object> CONFIG = Map.of("operations", List.of("auto_orient"));
    private static final String RECIPE = Recipe.of(List.of("auto_orient"), null).hash();
    private static final List<Object> TURN = List.of(Map.of("rotate", Map.of("degrees", 90)));

    private final FakeService service = new FakeService(FakeService.good());
    private final TestNode node = new TestNode(TestNode.hosts(service));

    @AfterEach
    void close() {
        node.close();
        service.close();
    }

    private static final String THUMBNAIL = "AAAA";

    private static byte[] bytes(String data) {
        return Base64.getDecoder().decode(data);
    }

    private static String mark(String data) {
        return Documents.mark(RECIPE, bytes(data));
    }

    private static Map<String, Object> marked() {
        return with(
            map("data", DATA, "mark", mark(DATA), "sha256", Documents.hash(bytes(DATA)), "width", 3),
            "thumbnail",
            THUMBNAIL,
            "thumbnail_mark",
            Documents.thumbnailMark(RECIPE, bytes(DATA), bytes(THUMBNAIL))
        );
    }

    private static Map<String, Object> without(Map<String, Object> map, String... names) {
        Map<String, Object> result = new HashMap<>(map);
        List.of(names).forEach(result::remove);
        return result;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> image(Result result) {
        return (Map<String, Object>) result.get("image");
    }

    private static Map<String, Object> changed(Map<String, Object> map, Object... pairs) {
        Map<String, Object> result = new HashMap<>(map);
        result.putAll(map(pairs));
        return result;
    }

    private static Map<String, Object> with(Map<String, Object> config, Object... pairs) {
        Map<String, Object> result = map(pairs);
        result.putAll(config);
        return result;
    }

    @Test
    void aMarkedPictureIsLeftAlone() {
        assertEquals(marked(), node.run(CONFIG, map("image", marked())).get("image"));
        assertEquals(List.of(marked(), marked()), node.run(CONFIG, map("image", List.of(marked(), marked()))).get("image"));
        assertEquals(marked(), node.run(CONFIG, map("image", with(marked(), "operations", List.of()))).get("image"));
        assertEquals(0, service.calls.get());
    }

    @Test
    void theMarkOfThePreviousTokenIsRenewedWithoutACall() {
        node.marks.setTokens(secret("new"), secret(TestNode.TOKEN));
        Result result = node.run(CONFIG, map("image", marked()));
        assertNotEquals(marked().get("mark"), result.get("image.mark"));
        Map<String, Object> renewed = marked();
        renewed.put("mark", result.get("image.mark"));
        assertNotEquals(marked().get("thumbnail_mark"), result.get("image.thumbnail_mark"));
        renewed.put("thumbnail_mark", result.get("image.thumbnail_mark"));
        assertEquals(renewed, result.get("image"));
        // When it is gone, the renewed mark is believed, and the old one is not.
        node.marks.setTokens(secret("new"), secret(""));
        assertEquals(renewed, node.run(CONFIG, map("image", renewed)).get("image"));
        assertEquals(0, service.calls.get());
        assertEquals("done" + DATA, node.run(CONFIG, map("image", marked())).get("image.data"));
    }

    private static SecureString secret(String text) {
        return new SecureString(text.toCharArray());
    }

    @Test
    void alsoWhenItIsLargerThanWhatMayComeIn() {
        node.set(settings -> settings.put("ingest.image.max_image_bytes", "5b"));
        assertEquals(marked(), node.run(CONFIG, map("image", marked())).get("image"));
    }

    @Test
    void aForgedMarkIsNotBelieved() {
        Map<String, Object> forged = with(marked(), "x", 1);
        forged.put("data", SOURCE);
        assertEquals("done" + SOURCE, node.run(CONFIG, map("image", forged)).get("image.data"));
        assertNull(service.requests.get(0).get("normalized"));
        forged.put("operations", TURN);
        node.run(CONFIG, map("image", forged));
        assertNull(service.requests.get(1).get("normalized"));
        assertEquals("done" + DATA, node.run(Map.of(), map("image", marked())).get("image.data"), "another recipe");
    }

    @Test
    void onlyNewElementsOfAListAreProcessed() {
        Result result = node.run(CONFIG, map("image", List.of(marked(), SOURCE)));
        assertEquals(marked(), result.get("image.0"));
        assertEquals("done" + SOURCE, result.get("image.1.data"));
        assertEquals(1, service.calls.get());
    }

    @Test
    void aVectorThatIsACopyIsPutBackWithoutACall() {
        Map<String, Object> lacking = with(marked(), "perceptual_hashes", Map.of("hex", "0f"));
        Map<String, Object> later = with(marked(), "perceptual_hashes", Map.of("hex", "0f", "bits", "0f"));
        Map<String, Object> first = with(later, "perceptual_hash", "0f");
        assertEquals(first, node.run(CONFIG, map("image", lacking)).get("image"));
        assertEquals(first, node.run(CONFIG, map("image", first)).get("image"));
        assertEquals(List.of(first, later, later), node.run(CONFIG, map("image", List.of(later, first, lacking))).get("image"));
        assertEquals(0, service.calls.get());
    }

    @Test
    void vectorsOfFacesThatWereLeftOutAreMadeAgainAndNothingElse() {
        List<Object> asked = List.of(Map.of("faces", Map.of("identity", true)));
        Map<String, Object> config = Map.of("operations", List.of("auto_orient"), "properties", List.of("colors", asked.get(0)));
        String recipe = Recipe.of(List.of("auto_orient"), List.of("colors", asked.get(0))).hash();
        Map<String, Object> picture = map("data", DATA, "mark", Documents.mark(recipe, bytes(DATA)), "sha256", Documents.hash(bytes(DATA)), "width", 3);
        Map<String, Object> whole = with(picture, "face_vectors", List.of(Map.of("vector", List.of(0.5), "embedder", "d-1")));
        Map<String, Object> lacking = with(picture, "face_vectors", List.of(Map.of("embedder", "d-1")));
        service.behaviour = FakeService.changed(fields -> {
            fields.put("face_vectors", whole.get("face_vectors"));
            fields.put("width", 4);
        });
        assertEquals(List.of(picture, whole), node.run(config, map("image", List.of(picture, whole))).get("image"));
        assertEquals(0, service.calls.get());
        assertEquals(whole, node.run(config, map("image", lacking)).get("image"));
        assertEquals(List.of(map("data", DATA, "properties", asked, "normalized", true)), service.requests);
        // Not only of the first.
        assertEquals(List.of(picture, whole), node.run(config, map("image", List.of(picture, lacking))).get("image"));
        assertEquals(2, service.calls.get());
    }

    @Test
    void oneOffOperations() {
        Result result = node.run(CONFIG, map("image", with(marked(), "operations", TURN)));
        assertEquals(map("width", 3), without(plain(image(result)), "data"), "and no thumbnail");
        assertEquals("done" + DATA, result.get("image.data"));
        assertEquals(
            map("data", DATA, "operations", List.of("auto_orient"), "document_operations", TURN, "normalized", true),
            service.requests.get(0)
        );
        node.run(CONFIG, map("image", map("data", SOURCE, "operations", TURN)));
        assertEquals(map("data", SOURCE, "operations", List.of("auto_orient"), "document_operations", TURN), service.requests.get(1));
    }

    @Test
    void wrongOneOffOperationsAreRefusedWithoutACall() {
        for (Map<String, Object> config : List.of(CONFIG, with(CONFIG, "on_invalid", "record"))) {
            String message = node.run(config, map("image", map("data", DATA, "operations", List.of("rotat")))).message();
            assertTrue(message.startsWith("[invalid_recipe] unknown operation [rotat]; valid operations are ["), message);
            assertTrue(message.endsWith("; field [image]"), message);
            message = node.run(config, map("image", map("data", DATA, "operations", "grayscale"))).message();
            assertEquals("[invalid_recipe] [operations] must be a list, got [grayscale]; field [image]", message);
            message = node.run(config, map("image", List.of(DATA, map("operations", TURN)))).message();
            assertEquals("[missing_data] [operations] need a picture, but there is no [data] beside them; field [image.1]", message);
        }
        assertEquals(0, service.calls.get());
    }

    @Test
    void thePipelinesOwnerMayForbidThem() {
        for (Object listed : List.of(List.of("crop", "flip"), List.of())) {
            String refusal = node.run(with(CONFIG, "document_operations", listed), map("image", with(marked(), "operations", TURN))).message();
            assertTrue(refusal.contains("the pipeline allows documents " + listed), refusal);
        }
        List<Object> keep = List.of(Map.of("strip_metadata", Map.of("keep", List.of("all"))));
        for (List<Object> wanted : List.of(keep, List.<Object>of("animation"), List.<Object>of(Map.of("convert", Map.of("format", "png"))))) {
            String refusal = node.run(CONFIG, map("image", with(marked(), "operations", wanted))).message();
            assertTrue(refusal.startsWith("[operation_not_allowed] operation ["), refusal);
        }
        Map<String, Object> signed = Map.of("operations", List.of(Map.of("watermark", Map.of("text", "mine"))));
        String refusal = node.run(signed, map("image", map("data", DATA, "operations", TURN))).message();
        assertTrue(refusal.startsWith("[document_operations_disabled] the pipeline applies [watermark], which "), refusal);
        assertEquals(0, service.calls.get());
        node.run(with(signed, "document_operations", List.of("rotate")), map("image", map("data", DATA, "operations", TURN)));
        assertEquals(TURN, service.requests.get(0).get("document_operations"));
        Map<String, Object> config = with(CONFIG, "document_operations", false);
        String message = node.run(config, map("image", with(marked(), "operations", TURN))).message();
        assertTrue(message.startsWith("[document_operations_disabled] "), message);
        assertEquals(marked(), node.run(config, map("image", with(marked(), "operations", null))).get("image"));
        assertEquals(1, service.calls.get());
    }

    @Test
    void withoutDataAMarkOverTheHashIsEnough() {
        Map<String, Object> stored = without(marked(), "data");
        assertEquals(stored, node.run(with(CONFIG, "remove_binary", true), map("image", stored)).get("image"));
        assertEquals(stored, node.run(CONFIG, map("image", stored)).get("image"), "as it is read without its data");
        assertTrue(node.run(CONFIG, map("image", with(stored, "operations", TURN))).message().startsWith("[missing_data]"));
        Map<String, Object> rest = map("width", 3, "mine", 1);
        Map<String, Object> lenient = with(CONFIG, "remove_binary", true, "ignore_missing", true);
        String other = Documents.hash(bytes(SOURCE));
        for (Map<String, Object> invented : List.of(
            changed(stored, "mark", "x", "mine", 1),
            changed(stored, "sha256", other, "mine", 1),
            changed(stored, "sha256", "x", "mine", 1),
            changed(stored, "sha256", 7, "mine", 1),
            changed(without(stored, "sha256"), "mine", 1)
        )) {
            assertTrue(node.run(CONFIG, map("image", invented)).message().contains("not present"));
            assertEquals(rest, without(image(node.run(lenient, map("image", invented))), "sha256"));
        }
        assertTrue(node.run(with(CONFIG, "properties", List.of()), map("image", stored)).message().contains("not present"), "another recipe");
        assertEquals(0, service.calls.get());
    }

    @Test
    void aThumbnailThatThePictureDoesNotVouchForIsMadeAnew() {
        String other = Documents.thumbnailMark(RECIPE, bytes(SOURCE), bytes(THUMBNAIL));
        for (Map<String, Object> swapped : List.of(
            changed(marked(), "thumbnail", SOURCE),
            changed(marked(), "thumbnail", "no base64!"),
            changed(marked(), "thumbnail", List.of(THUMBNAIL)),
            changed(marked(), "thumbnail_mark", other),
            without(marked(), "thumbnail_mark")
        )) {
            service.requests.clear();
            Result result = node.run(CONFIG, map("image", swapped));
            // The service of this test has none to give.
            assertFalse(result.document().hasField("image.thumbnail"));
            assertEquals(List.of(map("data", DATA, "operations", List.of("auto_orient"), "normalized", true)), service.requests);
            Map<String, Object> none = with(CONFIG, "store", "none");
            Map<String, Object> expected = without(swapped, "data", "thumbnail");
            assertEquals(expected, node.run(none, map("image", without(swapped, "data"))).get("image"), "and nothing to make one from");
        }
        // Of what is too short to show anything the length is enough.
        Map<String, Object> blurred = changed(marked(), "placeholder", "A".repeat(36));
        assertEquals(blurred, node.run(CONFIG, map("image", blurred)).get("image"));
        service.requests.clear();
        node.run(CONFIG, map("image", changed(marked(), "placeholder", SOURCE.repeat(100))));
        assertEquals(true, service.requests.get(0).get("normalized"));
        Map<String, Object> filtered = without(marked(), "thumbnail");
        assertEquals(filtered, node.run(CONFIG, map("image", filtered)).get("image"), "as it is read without it");
    }

    @Test
    void aBelievedPictureIsStoredAsNothingButBase64() {
        for (String prefix : List.of("data:image/png;base64,", "data:\"><script>alert(1)</script>\";base64,", "\n ")) {
            Map<String, Object> written = changed(marked(), "data", prefix + DATA);
            assertEquals(marked(), node.run(CONFIG, map("image", written)).get("image"));
            assertEquals(marked(), node.run(with(CONFIG, "target_field", "small"), map("small", written)).get("small"));
        }
        assertEquals(marked(), node.run(CONFIG, map("image", changed(marked(), "data", DATA.replace("=", "")))).get("image"));
        byte[] bytes = bytes(DATA);
        assertSame(bytes, node.run(CONFIG, map("image", changed(marked(), "data", bytes))).get("image.data"), "bytes are as good");
        assertEquals(0, service.calls.get());
    }

    @Test
    void anOperationThatFailsLosesNoPicture() {
        service.behaviour = FakeService.error(422, "crop_outside");
        Map<String, Object> record = with(CONFIG, "on_invalid", "record");
        Result result = node.run(record, map("image", with(marked(), "operations", TURN, "mine", 1)));
        Map<String, Object> error = map("code", "crop_outside", "reason", "because of crop_outside");
        Map<String, Object> recorded = map("data", DATA, "mark", mark(DATA), "mine", 1, "error", error);
        assertEquals(recorded, result.get("image"));
        service.behaviour = FakeService.good();
        result = node.run(record, map("image", recorded));
        assertEquals(true, service.requests.get(1).get("normalized"), "its fields are made anew");
        assertFalse(result.document().hasField("image.error"));
    }

    @Test
    void aMarkedPictureStillLosesItsDataWhenThePipelineSaysSo() {
        Map<String, Object> expected = marked();
        expected.remove("data");
        assertEquals(expected, node.run(with(CONFIG, "remove_binary", true), map("image", marked())).get("image"));
        assertEquals(0, service.calls.get());
    }

    // Another target.

    private static Map<String, Object> made() {
        return with(marked(), "source_mark", Documents.sourceMark(RECIPE, bytes(SOURCE), bytes(DATA)));
    }

    @Test
    void aTargetThatWasMadeFromThisSourceIsLeftAlone() {
        Map<String, Object> config = with(CONFIG, "target_field", "small");
        for (Object source : new Object[] { SOURCE, map("data", SOURCE), "data:image/png;base64," + SOURCE, Base64.getDecoder().decode(SOURCE) }) {
            Result result = node.run(config, map("image", source, "small", made()));
            assertEquals(made(), result.get("small"));
            assertEquals(source, result.get("image"));
        }
        assertEquals(List.of(made()), node.run(config, map("image", List.of(SOURCE), "small", List.of(made()))).get("small"));
        assertEquals(0, service.calls.get());
        assertEquals("done" + DATA, node.run(config, map("image", DATA, "small", made())).get("small.data"), "another source");
        assertEquals(1, service.calls.get());
    }

    @Test
    void aTargetThatWasSwappedIsNotBelieved() {
        Map<String, Object> swapped = made();
        swapped.put("data", SOURCE);
        swapped.put("mark", mark(SOURCE));
        Result result = node.run(with(CONFIG, "target_field", "small"), map("image", SOURCE, "small", swapped));
        assertEquals("done" + SOURCE, result.get("small.data"));
        assertEquals(1, service.calls.get());
    }

    @Test
    void withoutASourceTheTargetIsLeftAlone() {
        Map<String, Object> config = with(CONFIG, "target_field", "small", "remove_binary", true);
        assertEquals(made(), node.run(config, map("small", made())).get("small"));
        assertEquals(List.of(made(), made()), node.run(config, map("small", List.of(made(), made()))).get("small"));
        assertEquals("field [image] not present as part of path [image]", node.run(config, map("small", map("mine", 1))).message());
        assertEquals(0, service.calls.get());
        Map<String, Object> invented = changed(made(), "mark", "x");
        assertEquals("done" + DATA, node.run(config, map("small", invented)).get("small.data"), "processed like any other");
        assertNull(service.requests.get(0).get("normalized"));
    }

    @Test
    void aTargetThatLostItsPictureIsMadeAgain() {
        Map<String, Object> config = with(CONFIG, "target_field", "small");
        Map<String, Object> lost = without(made(), "data");
        assertEquals("done" + SOURCE, node.run(config, map("image", SOURCE, "small", lost)).get("small.data"));
        assertEquals(1, service.calls.get());
        assertEquals(lost, node.run(with(config, "store", "none"), map("image", SOURCE, "small", lost)).get("small"));
        assertEquals(lost, node.run(with(config, "store", "none"), map("image", SOURCE, "small", made())).get("small"));
        assertEquals(1, service.calls.get());
    }

    /** What was copied from another document, with every mark that stood beside it there. */
    @Test
    void marksOfAnotherPictureSayNothingAboutThisOne() {
        Map<String, Object> config = with(CONFIG, "target_field", "small");
        String third = "AAAA";
        Map<String, Object> other = map(
            "data", third, "mark", mark(third), "source_mark", Documents.sourceMark(RECIPE, bytes(DATA), bytes(third))
        );
        Object sourceMark = made().get("source_mark");
        for (Map<String, Object> mixed : List.of(
            other,
            changed(other, "source_mark", sourceMark),
            changed(made(), "data", third),
            changed(without(made(), "data"), "sha256", Documents.hash(bytes(third))),
            changed(made(), "source_mark", Documents.urlMark(RECIPE, SOURCE, bytes(DATA))),
            changed(made(), "mark", sourceMark, "source_mark", made().get("mark"))
        )) {
            service.requests.clear();
            node.run(config, map("image", SOURCE, "small", mixed));
            assertEquals(List.of(map("data", SOURCE, "operations", List.of("auto_orient"))), service.requests, () -> "target " + mixed);
        }
    }

    @Test
    void withoutASourceOneOffOperationsAreAppliedToTheTarget() {
        Map<String, Object> config = with(CONFIG, "target_field", "small", "remove_binary", true);
        Result asked = node.run(config, map("image", map("operations", TURN), "small", made()));
        assertEquals("done" + DATA, asked.get("small.data"));
        service.requests.clear();
        Result result = node.run(config, map("small", with(made(), "operations", TURN)));
        assertEquals("done" + DATA, result.get("small.data"));
        assertFalse(result.document().hasField("small.operations"));
        assertEquals(true, service.requests.get(0).get("normalized"));
    }

    @Test
    void oneOffOperationsOnTheWayToAnotherTarget() {
        Map<String, Object> config = with(CONFIG, "target_field", "small");
        Result result = node.run(config, map("image", map("data", SOURCE, "operations", TURN, "mine", 1), "small", made()));
        assertEquals(map("data", SOURCE, "mine", 1), result.get("image"));
        assertEquals("done" + SOURCE, result.get("small.data"));
        assertEquals(map("data", SOURCE, "operations", List.of("auto_orient"), "document_operations", TURN), service.requests.get(0));
        node.run(config, map("image", SOURCE, "small", with(new HashMap<>(made()), "operations", TURN)));
        assertEquals(TURN, service.requests.get(1).get("document_operations"));
        assertNull(service.requests.get(1).get("normalized"));
    }

    @Test
    void theDocumentsListsAreNotChangedInPlace() {
        List<Object> original = new ArrayList<>(List.of(SOURCE));
        node.run(CONFIG, map("image", original));
        assertEquals(List.of(SOURCE), original);
    }
}
