package org.ingestimage.service;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;

import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.core.TimeValue;
import org.ingestimage.common.Json;
import org.ingestimage.common.SafeText;
import org.ingestimage.picture.Marks;
import org.ingestimage.picture.PictureData;

/** Something that a service is asked. While it waits it holds references only; the body is made when its turn has come. */
public interface ServiceRequest {

    String OPAQUE_ID = "X-Opaque-Id";
    /** How long the node will wait for an answer, in milliseconds: after that nobody wants it. */
    String PATIENCE = "X-Image-Patience";
    int OPAQUE_ID_LENGTH = 128;

    /** Where it goes, such as `/v1/process`. */
    String path();

    /** Its JSON. */
    RequestBody body() throws IOException;

    /** Time from its turn to its answer, retries included. */
    TimeValue timeout();

    /** The client's `X-Opaque-Id`, null when there is none. */
    String opaqueId();

    /** Whether somebody waits for just this: it goes before what merely has to be done. */
    default boolean isUrgent() {
        return false;
    }

    /** What shows that the fields of a 200 are not the service's answer to this; null when they are. */
    String problem(Map<String, Object> fields, Marks marks);

    /** The HTTP request to one host, which has `patience` to begin its answer, and is told of all of it but `grace`. */
    default HttpRequest toHttp(URI host, RequestBody body, Duration patience, Duration grace, String authorization) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(host.resolve(path()))
            .timeout(patience)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .header(PATIENCE, String.valueOf(Math.max(1, patience.minus(grace).toMillis())))
            .POST(body);
        if (authorization != null) {
            builder.header("Authorization", authorization);
        }
        if (opaqueId() != null) {
            builder.header(OPAQUE_ID, opaqueId());
        }
        return builder.build();
    }

    /** `head` and `data`, if there is any. */
    static RequestBody json(Map<String, Object> head, Object data) throws IOException {
        byte[] json = Json.write(head);
        if (data == null) {
            return RequestBody.of(json);
        }
        byte[] open = Arrays.copyOf(json, json.length - 1);
        String key = (head.isEmpty() ? "" : ",") + "\"data\":\"";
        return RequestBody.of(
            open,
            key.getBytes(StandardCharsets.US_ASCII),
            PictureData.json(data),
            "\"}".getBytes(StandardCharsets.US_ASCII)
        );
    }

    /** The request's own, made harmless for a header; null when there is none. */
    static String opaqueId(ThreadContext context) {
        String id = context.getHeader(OPAQUE_ID);
        return id == null || id.isBlank() ? null : SafeText.header(id.strip(), OPAQUE_ID_LENGTH);
    }
}
