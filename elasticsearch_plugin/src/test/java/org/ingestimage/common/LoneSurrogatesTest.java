package org.ingestimage.common;

import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

/** Halves of surrogate pairs, from programs that cut a text within an emoji. */
class LoneSurrogatesTest {

    private static Map<String, Object> mended(Map<String, Object> document) {
        LoneSurrogates.mend(document);
        return document;
    }

    @Test
    void halvesAreReplacedWhereverTheyStand() {
        assertEquals(map("title", "boat \ufffd"), mended(map("title", "boat \ud83d")));
        assertEquals(map("title", "\ufffdboat\ufffd"), mended(map("title", "\udc1fboat\ud83d")));
        assertEquals(map("title", "\ufffd\ufffd"), mended(map("title", "\udc1f\ud83d")));
        assertEquals(map("a", map("b", List.of("x", map("c", "\ufffd")))), mended(map("a", map("b", List.of("x", map("c", "\ud83d"))))));
    }

    @Test
    void longTextsAreMendedToo() {
        String words = "boats, B\u00f6te ".repeat(200_000);
        assertEquals(words + "\ufffd", mended(map("title", words + "\ud83d")).get("title"));
        assertSame(words, mended(map("title", words)).get("title"));
    }

    @Test
    void wholePairsAndEverythingElseStay() {
        Map<String, Object> inner = Map.of("emoji", "\ud83d\udc1f", "number", 5);
        List<Object> list = List.of("plain", 1.5, inner);
        Map<String, Object> document = map("image", inner, "list", list, "none", null);
        LoneSurrogates.mend(document);
        assertSame(inner, document.get("image"));
        assertSame(list, document.get("list"));
    }
}
