package org.ingestimage.service.wire;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;

import org.ingestimage.common.Code;
import org.ingestimage.common.Code.Kind;
import org.ingestimage.common.Failure;
import org.ingestimage.common.Json;
import org.ingestimage.common.SafeText;
import org.ingestimage.picture.Marks;
import org.ingestimage.picture.PictureData;
import org.ingestimage.picture.TargetFields;
import org.ingestimage.recipe.RecipeSchema;

/**
 * What an HTTP answer of the service means (docs/wire.md): fields, a failure, or a reason to try again. One of the three is set.
 *
 * @param fields to merge into the target
 * @param failure the same request would fail again, at this host
 * @param again why this was no answer; the next attempt, perhaps at another host, may succeed
 * @param blame who is to blame for a failure
 * @param overload whether fewer calls at once would have helped
 */
public record Answer(Map<String, Object> fields, Failure failure, Failure again, Blame blame, boolean overload) {

    /** Whose fault it is that there are no fields. */
    public enum Blame {
        /** Nobody's, or the picture's: every host would say the same. */
        NOBODY,
        /** The request's, as this host sees it: one of another version may see it differently. */
        REQUEST,
        /** The picture's, by what this host allows, has or makes of it: another one may differ. */
        LIMIT,
        /** The host's: it is down, or not the service that it should be. It is left alone for a while. */
        HOST,
        /** Nobody's: the host has too much to do. */
        LOAD,
        /** The store's, behind all hosts: the host itself is well. */
        STORE
    }

    private static final Pattern CODE = Pattern.compile("[a-z0-9_]{1,64}");
    /** The service's codes for a picture whose time was over: before it was begun, and in work. */
    private static final Set<String> OVERDUE = Set.of("overdue", "abandoned");
    /** Its code for a store that does not take the picture, or give it back. */
    private static final String STORE_UNAVAILABLE = "store_unavailable";
    /** Its code for a signed request that came before: something on the way sent it twice. */
    private static final String REPLAYED = "replayed";
    /** Its codes for what is signed with the right token and refused all the same. */
    private static final Set<String> SIGNATURE = Set.of("clock_skew", "wrong_host", "body_changed");
    /** Its code for a picture that took more processor time than it may. */
    public static final String PICTURE_TIMEOUT = "picture_timeout";
    /** Its codes for pictures that another host may take. */
    private static final Set<String> LIMITS = RecipeSchema.packed().elsewhere();
    private static final String UNPROVED = "it has no proof that the service gave it to this very request. Something in between answers or "
        + "changed it, or the service is one of before proofs, which has to be updated";
    private static final int REASON = 500;
    /** As the service makes them (request_ids.py). Anything else is left out: it goes into documents and logs. */
    private static final Pattern REQUEST_ID = Pattern.compile("[\\x21-\\x7e]{1,128}");

    Answer(Map<String, Object> fields, Failure failure, Failure again) {
        this(fields, failure, again, again == null ? Blame.NOBODY : Blame.HOST, false);
    }

    /** Whether another host may do what this one refused for good. */
    public boolean isElsewhere() {
        return failure != null && blame != Blame.NOBODY;
    }

    /** The same, unless the fields are not the service's answer to the request. A false field says more than that the proof is missing. */
    private Answer checked(ServiceRequest request, Marks marks, boolean isProved) {
        String wrong = request.problem(fields, marks);
        String problem = wrong != null || isProved ? wrong : UNPROVED;
        return problem == null
            ? this
            : again(
                Code.SERVICE_NOT_OURS,
                "the answer is not the processor service's, or its token is another one: " + problem
                    + " (settings [ingest.image.hosts], [ingest.image.token])"
            );
    }

    /** Takes the body out of the response. Fields and refusals for good count only if the service says so, and not a program in its place or before it. */
    public static Answer of(HttpResponse<AtomicReference<byte[]>> response, AnswerProof proof, ServiceRequest request, Marks marks) {
        byte[] body = response.body().getAndSet(null);
        Answer answer = of(response.statusCode(), body);
        if (answer.fields != null) {
            return answer.checked(request, marks, proof.isResult(response.headers(), body, answer.fields.get(TargetFields.DATA)));
        }
        boolean isFinal = answer.failure != null && (answer.failure.kind() == Kind.PICTURE || answer.failure.kind() == Kind.REQUEST);
        return isFinal == false || proof.isRefusal(response.statusCode(), response.headers(), body) ? answer : unproved(response.statusCode(), answer.failure);
    }

    /** The same whoever answers. */
    public static Answer of(int status, byte[] body) {
        Map<String, Object> json = read(body);
        Map<?, ?> error = json != null && json.get("error") instanceof Map<?, ?> map ? map : null;
        return meaning(status, json, error).withRequestId(requestId(error));
    }

    private Answer withRequestId(String id) {
        return new Answer(
            fields,
            failure == null ? null : failure.withRequestId(id),
            again == null ? null : again.withRequestId(id),
            blame,
            overload
        );
    }

    private static Answer meaning(int status, Map<String, Object> json, Map<?, ?> error) {
        if (status == 200) {
            Map<String, Object> fields = json == null ? null : fields(json);
            return fields == null ? nonsense(status, "no JSON object with [fields]") : new Answer(fields, null, null);
        }
        if (status == 429) {
            return new Answer(
                null,
                null,
                Failure.of(Kind.BUSY, code(error, Code.BUSY.toString()), error == null ? "the service is busy" : reason(error)),
                Blame.LOAD,
                true
            );
        }
        if (status == 502 || status == 503 || status == 504) {
            Failure failure = new Failure(
                Code.SERVICE_UNAVAILABLE,
                "status " + status + (error == null ? "" : ": " + error(error))
            );
            String code = code(error, "");
            Blame blame = OVERDUE.contains(code) ? Blame.LOAD : STORE_UNAVAILABLE.equals(code) ? Blame.STORE : Blame.HOST;
            // What is overdue says that something is slow, not that there is too much of it.
            return new Answer(null, null, failure, blame, status == 503 && error != null && blame == Blame.HOST);
        }
        if (REPLAYED.equals(code(error, ""))) {
            // The next attempt is signed again.
            return again(Code.SERVICE_UNAVAILABLE, "status " + status + ": " + error(error));
        }
        if (status == 401 && error != null && SIGNATURE.contains(code(error, ""))) {
            return refused(Failure.of(Kind.DEFECT, code(error, ""), "the service refuses the signed request: " + reason(error)), Blame.HOST);
        }
        if (status == 401 || status == 403) {
            String reason = "the service refuses the token (status " + status + "): the setting [ingest.image.token] in the keystore of this node "
                + "must be the token of the service";
            return refused(new Failure(Code.SERVICE_UNAUTHORIZED, reason), Blame.HOST);
        }
        if (status == 413 && error == null) {
            // A proxy in between says so without our JSON.
            String reason = "the picture is larger than the service or a proxy before it accepts";
            return refused(new Failure(Code.IMAGE_TOO_LARGE, reason), Blame.LIMIT);
        }
        if (status == 413 || status == 422 || status == 400) {
            if (error == null) {
                return nonsense(status, "no JSON object with [error]");
            }
            String code = code(error, Code.SERVICE_ERROR.toString());
            if (status == 400) {
                return refused(Failure.of(Kind.REQUEST, code, reason(error), cut(json)), Blame.REQUEST);
            }
            // The service says a code.
            boolean limit = LIMITS.contains(code) || code.equals(Code.SERVICE_ERROR.toString());
            return refused(Failure.of(Kind.PICTURE, code, reason(error), cut(json)), limit ? Blame.LIMIT : Blame.NOBODY);
        }
        String hint = status < 500 ? "; does [ingest.image.hosts] name the processor service?" : "";
        String reason = "status " + status + (error == null ? "" : ": " + error(error)) + hint;
        return refused(new Failure(Code.SERVICE_ERROR, reason), Blame.HOST);
    }

    /** Of what a refusal brings along only the picture without its metadata counts: nobody has signed it. */
    private static Map<String, Object> cut(Map<String, Object> json) {
        Map<String, Object> fields = fields(json);
        boolean sound = fields != null && fields.get(TargetFields.DATA) instanceof String data && PictureData.decode(data) != null;
        return sound ? Map.of(TargetFields.DATA, fields.get(TargetFields.DATA)) : Map.of();
    }

    private static Answer nonsense(int status, String problem) {
        return again(Code.SERVICE_BAD_ANSWER, "status " + status + " with " + problem);
    }

    /** Other hosts are asked. The same one would say the same again, so the client learns at once that it can send the document again. */
    private static Answer unproved(int status, Failure said) {
        String reason = "status " + status + ": " + said.getMessage() + "; the answer has no proof that the processor service says so. Another program "
            + "answers, a proxy before the service allows less, or the service is an older one, which has to be updated "
            + "(settings [ingest.image.hosts], [ingest.image.token])";
        return refused(new Failure(Code.SERVICE_NOT_OURS, reason).withRequestId(said.requestId()), Blame.HOST);
    }

    private static Answer again(Code code, String reason) {
        return new Answer(null, null, new Failure(code, reason));
    }

    static Answer refused(Failure failure, Blame blame) {
        return new Answer(null, failure, null, blame, false);
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
        return error.get("reason") instanceof String reason ? SafeText.oneLine(reason, REASON) : "no reason given";
    }

    private static String requestId(Map<?, ?> error) {
        return error != null && error.get("request_id") instanceof String id && REQUEST_ID.matcher(id).matches() ? id : null;
    }
}
