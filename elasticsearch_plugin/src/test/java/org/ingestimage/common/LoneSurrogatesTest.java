package org.ingestimage.common;

import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

/** Halves of surrogate pairs, from programs that cut a text within an emoji. */
class LoneSurrogatesTest {

    private static Map<String, Object> mended(Map<String, Object> document) throws Failure {
        LoneSurrogates.mend(document);
        return document;
    }

    @Test
    void halvesAreReplacedWhereverTheyStand() throws Failure {
        assertEquals(map("title", "boat \ufffd"), mended(map("title", "boat \ud83d")));
        assertEquals(map("title", "\ufffdboat\ufffd"), mended(map("title", "\udc1fboat\ud83d")));
        assertEquals(map("title", "\ufffd\ufffd"), mended(map("title", "\udc1f\ud83d")));
        assertEquals(map("a", map("b", List.of("x", map("c", "\ufffd")))), mended(map("a", map("b", List.of("x", map("c", "\ud83d"))))));
    }

    @Test
    void halvesAreReplacedInNamesToo() throws Failure {
        assertEquals(map("k\ufffd", 1, "\ud83d\udc1f", 2), mended(map("k\ud83d", 1, "\ud83d\udc1f", 2)));
        assertEquals(map("a", List.of(map("\ufffd", "\ufffd"))), mended(map("a", List.of(map("\udc1f", "\ud83d")))));
    }

    @Test
    void namesThatWouldBecomeTheSameAreRefused() {
        for (Map<String, Object> document : List.of(map("k\ud83d", 1, "k\ud83e", 2), map("a", map("k\ufffd", 1, "k\ud83e", 2)))) {
            Failure refusal = assertThrows(Failure.class, () -> LoneSurrogates.mend(document));
            assertEquals(Code.AMBIGUOUS_FIELD.toString(), refusal.code());
        }
    }

    @Test
    void messagesHaveNone() {
        assertEquals("gray\ufffd", SafeText.shown("gray\ud83d"));
        // Cut within the pair.
        assertEquals("x".repeat(79) + "\ufffd...", SafeText.shown("x".repeat(79) + "\ud83d\udc1f"));
    }

    @Test
    void longTextsAreMendedToo() throws Failure {
        String words = "boats, B\u00f6te ".repeat(200_000);
        assertEquals(words + "\ufffd", mended(map("title", words + "\ud83d")).get("title"));
        assertSame(words, mended(map("title", words)).get("title"));
    }

    @Test
    void wholePairsAndEverythingElseStay() throws Failure {
        Map<String, Object> inner = Map.of("emoji", "\ud83d\udc1f", "number", 5);
        List<Object> list = List.of("plain", 1.5, inner);
        Map<String, Object> document = map("image", inner, "list", list, "none", null);
        LoneSurrogates.mend(document);
        assertSame(inner, document.get("image"));
        assertSame(list, document.get("list"));
    }
}
