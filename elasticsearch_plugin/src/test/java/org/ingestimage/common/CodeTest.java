package org.ingestimage.common;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import org.elasticsearch.ElasticsearchException;
import org.elasticsearch.ExceptionsHelper;
import org.elasticsearch.common.bytes.BytesReference;
import org.elasticsearch.common.io.stream.BytesStreamOutput;
import org.elasticsearch.common.xcontent.XContentHelper;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.xcontent.ToXContent;
import org.elasticsearch.xcontent.XContentBuilder;
import org.elasticsearch.xcontent.XContentFactory;
import org.elasticsearch.xcontent.XContentType;
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

    @Test
    void clientsSeeATypeOfOursAndTheCode() throws Exception {
        ImageException told = new Failure(Code.QUEUE_FULL, "why").toException("image");
        assertEquals(
            Map.of("type", "image_exception", "reason", "[queue_full] why; field [image]", "image_code", "queue_full"),
            shown(told)
        );
        // What another node makes of it, which knows only exceptions of its own.
        Exception sent = throughTheTransport(told);
        assertEquals(RestStatus.TOO_MANY_REQUESTS, ExceptionsHelper.status(sent));
        assertEquals(
            Map.of("type", "image_exception", "reason", "image_exception: [queue_full] why; field [image]", "image_code", "queue_full"),
            shown(sent)
        );
    }

    private static Map<String, Object> shown(Exception failure) throws IOException {
        try (XContentBuilder json = XContentFactory.jsonBuilder()) {
            json.startObject();
            ElasticsearchException.generateThrowableXContent(json, ToXContent.EMPTY_PARAMS, failure);
            json.endObject();
            return XContentHelper.convertToMap(BytesReference.bytes(json), false, XContentType.JSON).v2();
        }
    }

    private static Exception throughTheTransport(Exception failure) throws IOException {
        try (BytesStreamOutput out = new BytesStreamOutput()) {
            out.writeException(failure);
            return out.bytes().streamInput().readException();
        }
    }
}
