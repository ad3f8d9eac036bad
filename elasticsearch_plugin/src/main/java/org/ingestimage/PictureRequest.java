package org.ingestimage;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.elasticsearch.core.TimeValue;

/**
 * One picture on its way to the service. While it waits it holds references only; the body is made when its turn has come.
 *
 * @param data base64 text or bytes, null when the service is to fetch it
 * @param url the address that the picture comes from, null when the document brought it along
 * @param recipe the pipeline's recipe
 * @param documentOperations one-off operations of the document, null when there are none
 * @param normalized whether the recipe's operations were applied to these bytes before
 * @param acceptTruncated whether a picture that ends too early is filled up instead of refused
 * @param timeout of this picture, retries included
 * @param opaqueId the client's `X-Opaque-Id`, null when there is none
 */
record PictureRequest(
    Object data,
    String url,
    Recipe recipe,
    List<Object> documentOperations,
    boolean normalized,
    boolean acceptTruncated,
    TimeValue timeout,
    String opaqueId
) {

    /** The parts are published one after the other: a picture's text is copied once, not twice. */
    BodyPublisher body() throws IOException {
        Map<String, Object> head = new LinkedHashMap<>();
        if (recipe.operations() != null) {
            head.put("operations", recipe.operations());
        }
        if (recipe.properties() != null) {
            head.put("properties", recipe.properties());
        }
        if (documentOperations != null) {
            head.put("document_operations", documentOperations);
        }
        if (normalized) {
            head.put("normalized", true);
        }
        if (acceptTruncated) {
            head.put("truncated", "accept");
        }
        if (url != null) {
            head.put(Target.URL, url);
        }
        byte[] json = Json.write(head);
        if (data == null) {
            return BodyPublishers.ofByteArray(json);
        }
        byte[] open = Arrays.copyOf(json, json.length - 1);
        String key = (head.isEmpty() ? "" : ",") + "\"data\":\"";
        return BodyPublishers.concat(
            BodyPublishers.ofByteArray(open),
            BodyPublishers.ofString(key, StandardCharsets.US_ASCII),
            BodyPublishers.ofByteArray(PictureData.json(data)),
            BodyPublishers.ofString("\"}", StandardCharsets.US_ASCII)
        );
    }

    /** The HTTP request to one host, which has `patience` to begin its answer. */
    HttpRequest toHttp(URI host, BodyPublisher body, Duration patience, String authorization) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(host.resolve("/v1/process"))
            .timeout(patience)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .POST(body);
        if (authorization != null) {
            builder.header("Authorization", authorization);
        }
        if (opaqueId != null) {
            builder.header("X-Opaque-Id", opaqueId);
        }
        return builder.build();
    }
}
