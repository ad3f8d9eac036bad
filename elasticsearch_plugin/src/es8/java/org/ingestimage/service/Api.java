package org.ingestimage.service;

import java.net.http.HttpClient;

import org.elasticsearch.common.settings.Settings;

/** What differs from the next line. */
public final class Api {

    private Api() {}

    /** Nothing: documents are counted as large as they are. */
    public static Settings additionalSettings(Settings settings) {
        return Settings.EMPTY;
    }

    /** The client of Java 17 cannot be closed: it ends its thread when it is garbage. */
    static void close(HttpClient client) {}
}
