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

    private static void refuse(Map<String, Object> document) throws Failure {
        OtherCase.refuse(document, "image.data", part -> false);
    }

    @Test
    void listsInEachOtherAreNotLookedInto() throws Failure {
        Object picture = "data:image/png;base64,AAA0";
        for (Object value : List.of(1, picture)) {
            refuse(Map.of("Image", deep(value)));
            refuse(Map.of("Image", List.of(map("Data", deep(value)))));
            OtherCase.refuse(map("Data", deep(value)));
        }
        // A list at each name is one of pictures, or one of texts.
        assertThrows(Failure.class, () -> refuse(Map.of("Image", List.of(1, List.of(), map("Data", List.of(picture))))));
    }
}
