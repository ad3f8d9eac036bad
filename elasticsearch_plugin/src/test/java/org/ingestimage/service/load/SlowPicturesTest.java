package org.ingestimage.service.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

import org.elasticsearch.core.TimeValue;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.service.wire.Answer;
import org.ingestimage.service.wire.PictureRequest;
import org.junit.jupiter.api.Test;

/** What is remembered of slow pictures, and how many may be at the services. */
class SlowPicturesTest {

    private static final List<Object> BLUR = List.of(Map.of("blur", Map.of("radius", 400)));
    private final SlowPictures slow = new SlowPictures();

    private static PictureRequest picture(Object data, List<Object> operations) {
        Recipe recipe = Recipe.of(List.of("auto_orient"), null);
        return new PictureRequest(data, null, null, recipe, List.of(), operations, false, false, false, false, 0, TimeValue.timeValueSeconds(5), null);
    }

    @Test
    void aPictureIsKnownByItself() {
        assertFalse(slow.has(picture("AAAA", null)));
        slow.add(picture("AAAA", null));
        assertTrue(slow.has(picture("AAAA", null)));
        assertFalse(slow.has(picture("AAAB", null)));
        assertFalse(slow.has(picture("AAAA", BLUR)));
        slow.remove(picture("AAAA", null));
        assertFalse(slow.has(picture("AAAA", null)));
    }

    @Test
    void operationsMakeOthersOfThatSizeSlowToo() {
        slow.add(picture("A".repeat(1000), BLUR));
        assertTrue(slow.has(picture("B".repeat(900), BLUR)));
        assertFalse(slow.has(picture("B".repeat(4), BLUR)));
        assertFalse(slow.has(picture("A".repeat(1000), null)));
    }

    @Test
    void nothingIsKeptOfThePicturesInOperations() {
        List<Object> mark = List.of(Map.of("watermark", Map.of("image", "A".repeat(100_000))));
        slow.add(picture("AAAA", mark));
        assertTrue(slow.has(picture("BBBB", List.of(Map.of("watermark", Map.of("image", "A".repeat(100_000)))))));
        assertFalse(slow.has(picture("BBBB", List.of(Map.of("watermark", Map.of("image", "A".repeat(99_999) + "B"))))));
        assertTrue(slow.toString().length() < 1000, slow.toString().substring(0, 100));
    }

    @Test
    void theOldestAreForgotten() {
        for (int i = 0; i < 3000; i++) {
            slow.add(picture("A" + i, null));
        }
        assertFalse(slow.has(picture("A0", null)));
        assertTrue(slow.has(picture("A2999", null)));
    }

    @Test
    void whatIsTooLateIsNoFaultOfTheHostWhetherItWasBegunOrNot() {
        for (String code : List.of("overdue", "abandoned")) {
            String body = "{\"error\": {\"code\": \"" + code + "\", \"reason\": \"too late\", \"retryable\": true}}";
            Answer answer = Answer.of(503, body.getBytes(StandardCharsets.UTF_8));
            assertEquals(Answer.Blame.LOAD, answer.blame(), code);
            assertFalse(answer.overload(), code);
            assertTrue(answer.again().toString().contains(code), code);
        }
    }

    @Test
    void anOverloadHalvesTheWindowOnceAndAnswersOpenItAgain() {
        CallLimiter limiter = new CallLimiter(Runnable::run, 16, 0);
        InFlightWindow window = new InFlightWindow(limiter, 16);
        window.overloaded(0, 10);
        window.overloaded(5, 12);
        assertEquals(8, limiter.maxInFlight(), "sent before the window was halved");
        window.overloaded(11, 20);
        assertEquals(4, limiter.maxInFlight());
        for (int i = 0; i < 5; i++) {
            window.answered();
        }
        assertEquals(5, limiter.maxInFlight(), "one more for a round of answers");
        for (int i = 0; i < 1000; i++) {
            window.answered();
        }
        assertEquals(16, limiter.maxInFlight());
        for (int i = 30; i < 100; i++) {
            window.overloaded(i, i);
        }
        assertEquals(1, limiter.maxInFlight());
        window.setMost(3);
        assertEquals(3, limiter.maxInFlight());
    }
}
