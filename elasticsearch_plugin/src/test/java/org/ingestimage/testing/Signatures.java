package org.ingestimage.testing;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;

import org.ingestimage.common.Sha256;

/** The signatures of requests to the tests' services, and the proofs of their answers (docs/wire.md). */
public final class Signatures {

    private static final List<String> TOKENS = List.of(TestNode.TOKEN, "first", "second", "old", "new");
    private static final Pattern AUTHORIZATION = Pattern.compile(
        "Ingest-Image host=(?<host>[^, ]+), time=(?<time>[0-9]+), nonce=(?<nonce>[0-9a-f]{32}), body=(?<body>[0-9a-f]{64}), "
            + "signature=(?<signature>[0-9a-f]{64})"
    );

    private Signatures() {}

    /** What proves that the service answers this; null to a request that is not signed. */
    public static String proof(HttpExchange exchange, int status, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (status != 200) {
            return signed(exchange, "v1", status, Sha256.hex(bytes));
        }
        // The real service leaves out only long ones.
        int start = text.indexOf("\"data\":\"") + 8;
        int end = start < 8 ? start = 0 : text.indexOf('"', start);
        String hash = Sha256.hex((text.substring(0, start) + text.substring(end)).getBytes(StandardCharsets.UTF_8));
        String sign = signed(exchange, "v2", status, bytes.length + "\n" + start + "-" + end + "\n" + hash);
        return sign == null ? null : "body=" + hash + ", data=" + start + "-" + end + ", proof=" + sign;
    }

    /** What a service of before said of its results: how long they are. */
    public static String olderProof(HttpExchange exchange, String text) {
        return signed(exchange, "v1", 200, String.valueOf(text.getBytes(StandardCharsets.UTF_8).length));
    }

    private static String signed(HttpExchange exchange, String version, int status, String what) {
        String sent = exchange.getRequestHeaders().getFirst("Authorization");
        Matcher request = sent == null ? null : AUTHORIZATION.matcher(sent);
        return request == null || request.matches() == false ? null : sign(token(exchange), String.join(
            "\n", "ingest-image answer " + version, request.group("nonce"), request.group("body"), String.valueOf(status), what));
    }

    /** A service has the token of whoever calls it: the one of the tests' tokens that the request is signed with. */
    static String token(HttpExchange exchange) {
        String sent = exchange.getRequestHeaders().getFirst("Authorization");
        return sent == null ? "" : tokenOf(sent, exchange.getRequestMethod(), exchange.getRequestURI().toString());
    }

    /** The token that signed a request with this header; it fails when there is none. */
    public static String tokenOf(String authorization, String method, String target) {
        Matcher sent = AUTHORIZATION.matcher(authorization);
        if (sent.matches() == false) {
            throw new AssertionError("not signed: " + authorization);
        }
        String signed = String.join(
            "\n", "ingest-image request v1", method, target, sent.group("host"), sent.group("time"), sent.group("nonce"), sent.group("body"));
        return TOKENS.stream()
            .filter(token -> sign(token, signed).equals(sent.group("signature")))
            .findFirst()
            .orElseThrow(() -> new AssertionError("signed with another token: " + authorization));
    }

    private static String sign(String token, String signed) {
        return HexFormat.of().formatHex(Documents.hmac(Documents.derived("ingest-image transport v1", token), signed));
    }

    /** Whether the body is the one that was signed, if it was. */
    static boolean isWhole(Headers headers, byte[] body) {
        String sent = headers.getFirst("Authorization");
        return sent == null || sent.contains(", body=" + Sha256.hex(body) + ", ");
    }
}
