import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.opensearch.common.settings.Settings;
import org.opensearch.common.xcontent.XContentFactory;
import org.opensearch.common.xcontent.XContentHelper;
import org.opensearch.common.xcontent.cbor.CborXContent;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.common.bytes.BytesReference;
import org.opensearch.env.Environment;
import org.opensearch.index.VersionType;
import org.opensearch.ingest.AbstractProcessor;
import org.opensearch.ingest.ConfigurationUtils;
import org.opensearch.ingest.IngestDocument;
import org.opensearch.ingest.Pipeline;
import org.opensearch.ingest.Processor;
import org.opensearch.ingest.common.IngestCommonPlugin;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.script.ScriptModule;
import org.opensearch.script.ScriptService;
import org.opensearch.script.mustache.MustachePlugin;

/**
 * Runs documents through ingest pipelines with the real processors, conditions (Painless) and templates (Mustache) of OpenSearch, which
 * descend from Elasticsearch's. A stand-in is `inference`, which is Elastic's own: it calls an endpoint as the contract says.
 *
 * One JSON object a line in, `{"pipeline", "endpoints", "document"}` (or `"cbor"`, the document as base64), one out: `{"document"}` or `{"error"}`.
 */
public final class StockProcessors {

    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);
        Settings settings = Settings.builder().put("path.home", args[0]).put("script.disable_max_compilations_rate", true).build();
        ScriptModule scripts = new ScriptModule(settings, List.of(new PainlessPlugin(), new MustachePlugin()));
        ScriptService scriptService = new ScriptService(settings, scripts.engines, scripts.contexts);
        Processor.Parameters parameters = new Processor.Parameters(
            new Environment(settings, null), scriptService, null, null, System::nanoTime, (delay, job) -> null, null, null, Runnable::run, null
        );
        Map<String, Processor.Factory> stock = new HashMap<>(new IngestCommonPlugin().getProcessors(parameters));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Map<String, Object> request = parse(line);
            Map<String, Object> answer = new LinkedHashMap<>();
            try {
                stock.put("inference", (registry, tag, description, config) -> new Inference(tag, description, config, object(request, "endpoints")));
                Pipeline pipeline = Pipeline.create("test", object(request, "pipeline"), stock, scriptService);
                IngestDocument document = new IngestDocument((String) request.getOrDefault("index", "images"), "1", null, null, VersionType.INTERNAL, document(request));
                Exception[] failure = new Exception[1];
                document.executePipeline(pipeline, (result, exception) -> failure[0] = exception);
                if (failure[0] != null) {
                    throw failure[0];
                }
                document.extractMetadata();
                answer.put("document", document.getSourceAndMetadata());
            } catch (Exception e) {
                Throwable deepest = e;
                while (deepest.getCause() != null) {
                    deepest = deepest.getCause();
                }
                answer.put("error", String.valueOf(deepest.getMessage()));
            }
            out.println(json(answer));
        }
    }

    /** What Elasticsearch's processor does with `input_output`: a string out, the completion in, and the endpoint's id beside it. */
    private static final class Inference extends AbstractProcessor {

        private final String model;
        private final String input;
        private final String output;
        private final Map<String, Object> endpoint;

        Inference(String tag, String description, Map<String, Object> config, Map<String, Object> endpoints) {
            super(tag, description);
            model = ConfigurationUtils.readStringProperty("inference", tag, config, "model_id");
            List<Map<String, Object>> fields = ConfigurationUtils.readList("inference", tag, config, "input_output");
            input = (String) fields.get(0).get("input_field");
            output = (String) fields.get(0).get("output_field");
            endpoint = object(endpoints, model);
        }

        @Override
        public IngestDocument execute(IngestDocument document) throws Exception {
            String text = document.getFieldValue(input, String.class);
            write(document, output, complete(text));
            int dot = output.lastIndexOf('.');
            write(document, output.substring(0, dot + 1) + "model_id", model);
            return document;
        }

        @Override
        public String getType() {
            return "inference";
        }

        private static void write(IngestDocument document, String path, String value) {
            if (document.hasField(path)) {
                document.appendFieldValue(path, value);
            } else {
                document.setFieldValue(path, value);
            }
        }

        private String complete(String text) throws Exception {
            if (endpoint == null) {
                throw new IllegalStateException("Inference endpoint not found [" + model + "]");
            }
            Map<String, Object> settings = object(endpoint, "service_settings");
            boolean custom = endpoint.get("service").equals("custom");
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create((String) settings.get("url")));
            String body;
            if (custom) {
                Map<String, String> plain = new HashMap<>();
                Map<String, String> quoted = new HashMap<>();
                object(settings, "secret_parameters").forEach((name, secret) -> {
                    plain.put(name, (String) secret);
                    quoted.put(name, quote((String) secret));
                });
                quoted.put("input", quote(text));
                object(settings, "headers").forEach((name, value) -> request.header(name, substitute((String) value, plain)));
                body = substitute((String) settings.get("request"), quoted);
            } else {
                request.header("Content-Type", "application/json").header("Authorization", "Bearer " + settings.get("api_key"));
                Map<String, Object> chat = new LinkedHashMap<>();
                chat.put("messages", List.of(Map.of("content", text, "role", "user")));
                chat.put("model", settings.get("model_id"));
                chat.put("n", 1);
                chat.put("stream", false);
                body = json(chat);
            }
            HttpResponse<String> response;
            try {
                response = HTTP.send(request.POST(HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofString());
            } catch (java.net.ConnectException e) {
                // As Apache's client, which is Elasticsearch's, says it; the JDK's says nothing.
                throw new IllegalStateException("Connection refused");
            }
            if (response.statusCode() != 200) {
                throw new IllegalStateException(
                    "Received an unsuccessful status code for request from inference entity id [" + model + "] status ["
                        + response.statusCode() + "]. Error message: [" + response.body() + "]"
                );
            }
            Map<String, Object> answer = parse(response.body());
            if (custom) {
                return (String) answer.get("result");
            }
            Map<?, ?> choice = (Map<?, ?>) ((List<?>) answer.get("choices")).get(0);
            return (String) ((Map<?, ?>) choice.get("message")).get("content");
        }

        /** Replaces `${name}`, in what is put in as well. */
        private static String substitute(String text, Map<String, String> parameters) {
            int start = text.indexOf("${");
            int end = start < 0 ? -1 : text.indexOf('}', start);
            if (end < 0) {
                return text;
            }
            String name = text.substring(start + 2, end);
            if (parameters.containsKey(name) == false) {
                throw new IllegalStateException("Found placeholder [${" + name + "}] after replacement call");
            }
            Map<String, String> others = new HashMap<>(parameters);
            others.remove(name);
            return text.substring(0, start) + substitute(parameters.get(name), others) + substitute(text.substring(end + 1), parameters);
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Map<String, Object> map, String key) {
        return (Map<String, Object>) map.get(key);
    }

    private static Map<String, Object> parse(String text) {
        return XContentHelper.convertToMap(JsonXContent.jsonXContent, text, true);
    }

    private static Map<String, Object> document(Map<String, Object> request) {
        if (request.containsKey("cbor") == false) {
            return object(request, "document");
        }
        byte[] cbor = Base64.getDecoder().decode((String) request.get("cbor"));
        return XContentHelper.convertToMap(CborXContent.cborXContent, cbor, 0, cbor.length, true);
    }

    private static String json(Map<String, Object> map) throws java.io.IOException {
        return BytesReference.bytes(XContentFactory.jsonBuilder().map(map)).utf8ToString();
    }

    private static String quote(String text) {
        try {
            String object = json(Map.of("t", text));
            return object.substring(object.indexOf(':') + 1, object.length() - 1);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
