package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.elasticsearch.common.settings.SecureString;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.testing.Documents;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pictures that were processed before. */
@Timeout(240)
class MarkedPictureTest extends MarkedPictures {

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
    void aMarkedPictureStillLosesItsDataWhenThePipelineSaysSo() {
        Map<String, Object> expected = marked();
        expected.remove("data");
        assertEquals(expected, node.run(with(CONFIG, "remove_binary", true), map("image", marked())).get("image"));
        assertEquals(0, service.calls.get());
    }

    @Test
    void theDocumentsListsAreNotChangedInPlace() {
        List<Object> original = new ArrayList<>(List.of(SOURCE));
        node.run(CONFIG, map("image", original));
        assertEquals(List.of(SOURCE), original);
    }
}
