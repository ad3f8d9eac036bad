package org.ingestimage.common;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;

import org.elasticsearch.ExceptionsHelper;
import org.ingestimage.testing.Docs;
import org.junit.jupiter.api.Test;

class CodeTest {

    @Test
    void theDocumentationHasEveryCode() throws Exception {
        Docs.assertTable("Errors of the node", Arrays.stream(Code.values()).map(CodeTest::row).toList());
    }

    private static List<String> row(Code code) {
        String status = code.kind().status().getStatus() + (code.kind() == Code.Kind.PICTURE ? ", or recorded" : "");
        return List.of("`" + code + "`", status, code.kind().isRetryable() ? "yes" : "no", code.meaning());
    }

    @Test
    void theNodeAnswersWithTheStatusOfTheCode() {
        for (Code code : Code.values()) {
            Exception told = new Failure(code, "why").toException("image");
            assertEquals(code.kind().status(), ExceptionsHelper.status(told), () -> code.toString());
            assertEquals("[" + code + "] why; field [image]", told.getMessage());
        }
    }
}
