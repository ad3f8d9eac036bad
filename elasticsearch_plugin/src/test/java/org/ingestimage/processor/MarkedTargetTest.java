package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Base64;
import java.util.List;
import java.util.Map;

import org.ingestimage.testing.Documents;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pictures that were processed before, in a target beside their source. */
@Timeout(240)
class MarkedTargetTest extends MarkedPictures {

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
}
