import java.io.Closeable;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.Callable;
import org.elasticsearch.plugins.Plugin;

/** Tries, while the node starts, what its policy allows (outbound_network) and what it does not (inbound_network), and prints what happened. */
public class ProbePlugin extends Plugin {
    public ProbePlugin() {
        attempt("outbound", () -> {
            Socket socket = new Socket();
            // Nobody listens on port 1: being refused by the peer means that Elasticsearch let the call through.
            socket.connect(new InetSocketAddress("127.0.0.1", 1), 1000);
            return socket;
        });
        attempt("inbound", () -> new ServerSocket(0));
    }

    private static void attempt(String what, Callable<Closeable> action) {
        String outcome = "done";
        try (Closeable closed = action.call()) {
            outcome = "done";
        } catch (Exception failure) {
            outcome = failure.toString();
        }
        System.out.println("probe " + what + ": " + outcome);
    }
}
