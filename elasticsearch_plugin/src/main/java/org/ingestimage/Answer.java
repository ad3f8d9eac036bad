package org.ingestimage;

import java.io.IOException;
import java.util.Map;
import java.util.regex.Pattern;

import org.ingestimage.Failure.Kind;

/**
 * What an HTTP answer of the service means (docs/wire.md): fields, a final failure, or a reason to try again. One of the three is set.
 *
 * @param fields to merge into the target
 * @param failure final: the same request would fail again
 * @param again why this was no answer; the next attempt, perhaps at another host, may succeed
 */
record Answer(Map<String, Object> fields, Failure failure, Failure again) {

    private static final Pattern CODE = Pattern.compile("[a-z0-9_]{1,64}");
    private static final int REASON = 500;

    static Answer of(int status, byte[] body) {
        Map<String, Object> json = read(body);
        Map<?, ?> error = json != null && json.get("error") instanceof Map<?, ?> map ? map : null;
        if (status == 200) {
            Map<String, Object> fields = json == null ? null : fields(json);
            return fields == null ? nonsense(status, "no JSON object with [fields]") : new Answer(fields, null, null);
        }
        if (status == 502 || status == 503 || status == 504) {
            return again("service_unavailable", "status " + status + (error == null ? "" : ": " + reason(error)));
        }
        if (status == 401 || status == 403) {
            return failed(
                Kind.DEFECT,
                "service_unauthorized",
                "the service refuses the token (status " + status + "): the setting [ingest.image.token] in the keystore of this node must be "
                    + "the token of the service"
            );
        }
        if (status == 429) {
            return failed(Kind.BUSY, code(error, "busy"), error == null ? "the service is busy" : reason(error));
        }
        if (status == 413 && error == null) {
            // A proxy in between says so without our JSON.
            return failed(Kind.PICTURE, "image_too_large", "the picture is larger than the service or a proxy before it accepts");
        }
        if (status == 413 || status == 422 || status == 400) {
            if (error == null) {
                return nonsense(status, "no JSON object with [error]");
            }
            Kind kind = status == 400 ? Kind.REQUEST : Kind.PICTURE;
            Map<String, Object> fields = fields(json);
            return new Answer(null, new Failure(kind, code(error, "service_error"), reason(error), fields == null ? Map.of() : fields), null);
        }
        String hint = status < 500 ? "; does [ingest.image.hosts] name the processor service?" : "";
        return failed(Kind.DEFECT, "service_error", "status " + status + (error == null ? "" : ": " + error(error)) + hint);
    }

    private static Answer nonsense(int status, String problem) {
        return again("service_bad_answer", "status " + status + " with " + problem);
    }

    private static Answer again(String code, String reason) {
        return new Answer(null, null, new Failure(Kind.UNAVAILABLE, code, reason));
    }

    private static Answer failed(Kind kind, String code, String reason) {
        return new Answer(null, new Failure(kind, code, reason), null);
    }

    private static Map<String, Object> read(byte[] body) {
        try {
            return Json.read(body);
        } catch (IOException e) {
            return null;
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> fields(Map<String, Object> json) {
        return json.get("fields") instanceof Map<?, ?> fields ? (Map<String, Object>) fields : null;
    }

    private static String error(Map<?, ?> error) {
        return "[" + code(error, "unknown") + "] " + reason(error);
    }

    private static String code(Map<?, ?> error, String otherwise) {
        return error != null && error.get("code") instanceof String code && CODE.matcher(code).matches() ? code : otherwise;
    }

    private static String reason(Map<?, ?> error) {
        return error.get("reason") instanceof String reason ? Text.oneLine(reason, REASON) : "no reason given";
    }
}
