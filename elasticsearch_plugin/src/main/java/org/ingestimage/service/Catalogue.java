package org.ingestimage.service;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

import org.elasticsearch.action.ActionListener;
import org.ingestimage.common.Json;
import org.ingestimage.memory.ExpectedLength;
import org.ingestimage.memory.ResultMemory;
import org.ingestimage.memory.ResultShare;
import org.ingestimage.recipe.RecognizingEntries;
import org.ingestimage.service.calls.CallEnvironment;
import org.ingestimage.service.hosts.ServiceAddress;
import org.ingestimage.service.wire.AnswerProof;
import org.ingestimage.service.wire.BoundedBody;
import org.ingestimage.service.wire.RequestSignature;

/** What the services can do (`GET /v1/operations`). All are asked at once, as they may differ: a document goes on to the next one then. */
final class Catalogue {

    private static final String PATH = "/v1/operations";
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long LONGEST = 1 << 20;

    private final CallEnvironment calls;
    private final ResultMemory memory;

    Catalogue(CallEnvironment calls, ResultMemory memory) {
        this.calls = calls;
        this.memory = memory;
    }

    /** See {@link ServiceClient#lacking}. */
    void lacking(ActionListener<Map<String, String>> listener) {
        ActionListener<Map<String, String>> once = ActionListener.notifyOnce(listener);
        List<CompletableFuture<Map<String, String>>> answers = calls.hosts().addresses().stream().map(this::ask).toList();
        CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
            .thenRunAsync(() -> once.onResponse(inAll(answers)), calls.executor())
            .exceptionally(error -> {
                // The node is stopping.
                once.onResponse(Map.of());
                return null;
            });
    }

    /** What is lacking there; null when it does not say. Never fails. */
    private CompletableFuture<Map<String, String>> ask(ServiceAddress host) {
        ResultShare share = new ResultShare(memory, new ExpectedLength(), 0, 1, () -> false);
        try {
            HttpRequest.Builder question = host.request(PATH).timeout(PATIENCE).GET();
            RequestSignature signature = RequestSignature.get(calls.marks().transportKey(), host.uri(), PATH);
            if (signature.authorization() != null) {
                question.header("Authorization", signature.authorization());
            }
            return calls.http()
                .send(host, question.build(), BoundedBody.atMost(LONGEST, share, signature.proof()))
                .thenApplyAsync(answer -> read(answer, signature.proof()), calls.executor())
                .handle((lacks, error) -> {
                    share.close();
                    return lacks;
                });
        } catch (RuntimeException e) {
            share.close();
            return CompletableFuture.completedFuture(null);
        }
    }

    private static Map<String, String> read(HttpResponse<AtomicReference<byte[]>> response, AnswerProof proof) {
        byte[] body = response.body().getAndSet(null);
        if (response.statusCode() != 200 || proof.isResult(response.headers(), body, null) == false) {
            return null;
        }
        try {
            Map<String, Object> catalogue = Json.read(body);
            Map<String, String> lacks = new HashMap<>();
            read(true, catalogue.get("operations"), lacks);
            read(false, catalogue.get("properties"), lacks);
            return lacks;
        } catch (IOException e) {
            return null;
        }
    }

    private static void read(boolean areOperations, Object entries, Map<String, String> lacks) {
        for (Object entry : entries instanceof List<?> list ? list : List.of()) {
            if (entry instanceof Map<?, ?> map) {
                String described = RecognizingEntries.described(areOperations, map.get("name"));
                if (Boolean.FALSE.equals(map.get("available"))) {
                    lacks.put(described, String.valueOf(map.get("lacks")));
                }
                if (map.get("unavailable") instanceof Map<?, ?> parameters) {
                    parameters.forEach((name, lack) -> lacks.put(RecognizingEntries.with(described, name), String.valueOf(lack)));
                }
            }
        }
    }

    private static Map<String, String> inAll(List<CompletableFuture<Map<String, String>>> answers) {
        List<Map<String, String>> known = answers.stream().map(CompletableFuture::join).filter(Objects::nonNull).toList();
        Map<String, String> result = new HashMap<>(known.isEmpty() ? Map.of() : known.get(0));
        known.forEach(lacks -> result.keySet().retainAll(lacks.keySet()));
        return result;
    }
}
