package org.ingestimage.service;

import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.core.TimeValue;
import org.ingestimage.picture.AllowedUrlHosts;

/**
 * The dynamic settings of the node as they are at one moment, except the hosts.
 *
 * @param timeout for one picture, retries included
 * @param searchTimeout in which a search gets its vector
 * @param maxInFlight most pictures at the services at the same time
 * @param queueSize most pictures that wait for their turn
 * @param maxImageBytes largest picture, in bytes before base64
 * @param maxResponseBytes longest answer that is read
 * @param urlHosts that documents may name as addresses of their pictures
 */
record Limits(
    TimeValue timeout,
    TimeValue searchTimeout,
    int maxInFlight,
    int queueSize,
    long maxImageBytes,
    long maxResponseBytes,
    AllowedUrlHosts urlHosts
) {

    static Limits of(Settings settings) {
        return new Limits(
            ImageSettings.TIMEOUT.get(settings),
            ImageSettings.SEARCH_TIMEOUT.get(settings),
            ImageSettings.MAX_IN_FLIGHT.get(settings),
            ImageSettings.QUEUE_SIZE.get(settings),
            ImageSettings.MAX_IMAGE_BYTES.get(settings).getBytes(),
            ImageSettings.MAX_RESPONSE_BYTES.get(settings).getBytes(),
            new AllowedUrlHosts(ImageSettings.URL_HOSTS.get(settings))
        );
    }
}
