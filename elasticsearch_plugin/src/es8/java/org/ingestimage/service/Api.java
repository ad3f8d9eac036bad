package org.ingestimage.service;

import java.net.http.HttpClient;

import org.elasticsearch.common.settings.Settings;

/** What differs from Elasticsearch 9.x. */
public final class Api {

    private Api() {}

    /** Nothing: documents are counted as large as they are. */
    public static Settings additionalSettings(Settings settings) {
        return Settings.EMPTY;
    }

    /** Nothing: the client of Java 17 cannot be closed, and ends its thread when it is garbage-collected. */
    static void close(HttpClient client) {}
}
