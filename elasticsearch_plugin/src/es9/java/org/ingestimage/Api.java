package org.ingestimage;

import java.net.http.HttpClient;

/** What Java 21 can do and Java 17 cannot. */
final class Api {

    private Api() {}

    /** At once: nothing is under way that anybody waits for. */
    static void close(HttpClient client) {
        client.shutdownNow();
    }
}
