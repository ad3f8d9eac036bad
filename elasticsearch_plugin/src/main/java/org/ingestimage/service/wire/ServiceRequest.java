package org.ingestimage.service.wire;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;

import org.elasticsearch.core.TimeValue;
import org.ingestimage.common.Json;
import org.ingestimage.picture.Marks;
import org.ingestimage.picture.PictureData;
import org.ingestimage.service.hosts.ServiceAddress;

/** A request to a service. While it waits it holds only references: the body is made when its turn has come. */
public interface ServiceRequest {

    /** How long the node will wait for the answer, in milliseconds. After that nobody wants it. */
    String PATIENCE = "X-Image-Patience";

    /** The path, such as `/v1/process`. */
    String path();

    /** Its JSON. */
    RequestBody body() throws IOException;

    /** Time from its turn to its answer, retries included. */
    TimeValue timeout();

    /** Those of the client's request, null when there is none. */
    ClientIds ids();

    /** Whether somebody waits for this very answer. Then it goes before the others. */
    default boolean isUrgent() {
        return false;
    }

    /** What shows that the fields of a 200 are not the service's answer to this; null when they are. */
    String problem(Map<String, Object> fields, Marks marks);

    /** The HTTP request to one host. The node waits for `patience`, and tells the host that it waits `grace` less. */
    default HttpRequest toHttp(ServiceAddress host, RequestBody body, Duration patience, Duration grace, String authorization) {
        HttpRequest.Builder builder = host.request(path())
            .timeout(patience)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .header(PATIENCE, String.valueOf(Math.max(1, patience.minus(grace).toMillis())))
            .POST(body);
        if (authorization != null) {
            builder.header("Authorization", authorization);
        }
        if (ids() != null) {
            ids().addTo(builder);
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
}
