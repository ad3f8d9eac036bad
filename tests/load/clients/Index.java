import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._helpers.bulk.BulkIngester;
import co.elastic.clients.transport.BackoffPolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;

/** java Index ADDRESS FOLDER default|careful: every picture of a folder, by the BulkIngester of elasticsearch-java. */
public class Index {
    public static void main(String[] arguments) throws Exception {
        String how = arguments[2];
        try (ElasticsearchClient client = ElasticsearchClient.of(c -> c.host(arguments[0]))) {
            BulkIngester.Builder<Void> builder = new BulkIngester.Builder<Void>().client(client);
            if (how.equals("careful")) {
                builder.maxSize(4_000_000).maxConcurrentRequests(2).backoffPolicy(BackoffPolicy.exponentialBackoff(500L, 12));
            }
            try (BulkIngester<Void> ingester = builder.build(); var files = Files.list(Path.of(arguments[1]))) {
                for (Path file : files.toList()) {
                    String data = Base64.getEncoder().encodeToString(Files.readAllBytes(file));
                    Map<String, Object> document = Map.of("image", Map.of("data", data));
                    ingester.add(o -> o.index(i -> i.index("java-" + how).id(file.getFileName().toString()).document(document)));
                }
            }
        }
        System.exit(0);
    }
}
