package org.ingestimage.service.wire;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.elasticsearch.core.TimeValue;
import org.ingestimage.picture.Marks;

/**
 * A question on its way to the service, which turns it into a vector.
 *
 * @param data base64 of a picture, null when the question is words
 * @param text words, null when the question is a picture
 * @param vector which vector of the picture, null for the embedder's
 * @param timeout of the question, retries included
 * @param ids of the client's request, null when there is none
 */
public record EmbedRequest(String data, String text, String vector, TimeValue timeout, ClientIds ids) implements ServiceRequest {

    @Override
    public String path() {
        return "/v1/embed";
    }

    @Override
    public RequestBody body() throws IOException {
        Map<String, Object> head = new LinkedHashMap<>();
        if (text != null) {
            head.put("text", text);
        }
        if (vector != null) {
            head.put("vector", vector);
        }
        return ServiceRequest.json(head, data);
    }

    /** A vector has no mark: only its proof says whose it is. */
    @Override
    public String problem(Map<String, Object> fields, Marks marks) {
        Object made = fields.get("vector");
        boolean isVector = made instanceof List<?> list && list.isEmpty() == false || made instanceof String;
        return isVector && fields.get("embedder") instanceof String ? null : "there is no [vector] and [embedder]";
    }

    @Override
    public boolean isUrgent() {
        return true;
    }
}
