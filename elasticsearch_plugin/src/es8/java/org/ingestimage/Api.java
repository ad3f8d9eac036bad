package org.ingestimage;

import java.net.http.HttpClient;

/** What Java 17 cannot do yet. */
final class Api {

    private Api() {}

    /** The client of Java 17 cannot be closed: it ends its thread when it is garbage. */
    static void close(HttpClient client) {}
}
