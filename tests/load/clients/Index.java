import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._helpers.bulk.BulkIngester;
import co.elastic.clients.elasticsearch._helpers.bulk.BulkListener;
import co.elastic.clients.elasticsearch.core.BulkRequest;
import co.elastic.clients.elasticsearch.core.BulkResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** java Index ADDRESS FOLDER default|careful: every picture of a folder, by the BulkIngester of elasticsearch-java. */
public class Index {
    public static void main(String[] arguments) throws Exception {
        boolean careful = arguments[2].equals("careful");
        try (ElasticsearchClient client = ElasticsearchClient.of(c -> c.host(arguments[0])); var files = Files.list(Path.of(arguments[1]))) {
            Queue<Path> refused = index(client, "java-" + arguments[2], files.toList(), careful);
            // BulkIngester repeats no item. With a backoffPolicy it does, and stands still when its buffer is full of items that wait.
            for (int times = 0; careful && !refused.isEmpty() && times < 20; times++) {
                Thread.sleep(2000);
                refused = index(client, "java-" + arguments[2], List.copyOf(refused), careful);
            }
        }
        System.exit(0);
    }

    private static Queue<Path> index(ElasticsearchClient client, String index, List<Path> files, boolean careful) throws Exception {
        Queue<Path> refused = new ConcurrentLinkedQueue<>();
        BulkIngester.Builder<Path> builder = new BulkIngester.Builder<Path>().client(client);
        if (careful) {
            builder.maxSize(4_000_000).maxConcurrentRequests(2).listener(new Refused(refused));
        }
        // Closing it waits for all answers.
        try (BulkIngester<Path> ingester = builder.build()) {
            for (Path file : files) {
                String data = Base64.getEncoder().encodeToString(Files.readAllBytes(file));
                Map<String, Object> document = Map.of("image", Map.of("data", data));
                ingester.add(o -> o.index(i -> i.index(index).id(file.getFileName().toString()).document(document)), file);
            }
        }
        return refused;
    }

    /** Keeps the files whose items are to be sent again. */
    private record Refused(Queue<Path> files) implements BulkListener<Path> {
        @Override
        public void beforeBulk(long id, BulkRequest request, List<Path> sent) {}

        @Override
        public void afterBulk(long id, BulkRequest request, List<Path> sent, BulkResponse response) {
            for (int i = 0; i < sent.size(); i++) {
                int status = response.items().get(i).status();
                if (status == 429 || status == 503) {
                    files.add(sent.get(i));
                }
            }
        }

        @Override
        public void afterBulk(long id, BulkRequest request, List<Path> sent, Throwable failure) {
            files.addAll(sent);
        }
    }
}
