package org.ingestimage.service.hosts;

import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpRequest;

import org.elasticsearch.common.network.InetAddresses;

/**
 * Where requests for a host go: to one of the addresses of its name, or to the one that the JVM takes.
 *
 * @param uri as `ingest.image.hosts` has it. Requests are signed for it, and the service's certificate has to be for it
 * @param address null for the one that the JVM takes
 */
public record ServiceAddress(URI uri, InetAddress address) {

    public static ServiceAddress byName(URI uri) {
        return new ServiceAddress(uri, null);
    }

    /** A request to this address, which names the host as every other does. */
    public HttpRequest.Builder request(String path) {
        if (address == null) {
            return HttpRequest.newBuilder(uri.resolve(path));
        }
        String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
        URI there = URI.create(uri.getScheme() + "://" + InetAddresses.toUriString(address) + port);
        return HttpRequest.newBuilder(there.resolve(path)).header("Host", uri.getRawAuthority());
    }

    @Override
    public String toString() {
        return address == null ? uri.toString() : uri + " at " + InetAddresses.toAddrString(address);
    }
}
