package org.ingestimage.picture;

import static org.ingestimage.testing.Documents.map;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;

import org.ingestimage.common.Failure;
import org.junit.jupiter.api.Test;

class OtherCaseTest {

    /** More levels than any document has, so that whatever goes down them overflows the stack of any thread. */
    private static Object deep(Object value) {
        for (int i = 0; i < 100_000; i++) {
            value = List.of(value);
        }
        return value;
    }

    @Test
    void listsInEachOtherAreNotLookedInto() throws Failure {
        Object picture = "data:image/png;base64,AAA0";
        for (Object value : List.of(1, picture)) {
            OtherCase.refuse(Map.of("Image", deep(value)), "image.data");
            OtherCase.refuse(Map.of("Image", List.of(map("Data", deep(value)))), "image.data");
            OtherCase.refuse(map("Data", deep(value)), "data");
        }
        // A list at each name is one of pictures, or one of texts.
        assertThrows(Failure.class, () -> OtherCase.refuse(Map.of("Image", List.of(1, List.of(), map("Data", List.of(picture)))), "image.data"));
    }
}
