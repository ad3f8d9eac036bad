package org.ingestimage.service.hosts;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.elasticsearch.common.network.InetAddresses;
import org.ingestimage.common.Timer;

/**
 * Follows the names in `ingest.image.hosts`: each address of a name is a host of its own.
 *
 * <p>Names are looked up every few seconds, by one thread at a time, which no picture waits for. The JVM caches what it
 * has found (`networkaddress.cache.ttl`). A name that is not found keeps its addresses.
 */
public final class HostNames {

    private static final long PAUSE_MILLIS = 5_000;
    /** More are of no use to a node, and a wrong answer must not fill its memory. */
    private static final int MOST_ADDRESSES = 128;

    private final ServiceHosts hosts;
    private final NameResolver resolver;
    private final Timer timer;
    private List<URI> uris = List.of();
    private Map<URI, List<InetAddress>> known = Map.of();
    private boolean follows;

    public HostNames(ServiceHosts hosts, NameResolver resolver, Timer timer) {
        this.hosts = hosts;
        this.resolver = resolver;
        this.timer = timer;
    }

    /** Replaces the list. A new name is called by its name until its addresses are known. */
    public synchronized void set(List<URI> next) {
        uris = next;
        publish(known);
        if (follows == false && uris.stream().anyMatch(HostNames::isName)) {
            follows = later(0);
        }
    }

    private void look() {
        List<URI> names;
        Map<URI, List<InetAddress>> found = new LinkedHashMap<>();
        synchronized (this) {
            names = uris.stream().filter(HostNames::isName).toList();
        }
        for (URI name : names) {
            List<InetAddress> addresses = addresses(name.getHost());
            if (addresses.isEmpty() == false) {
                found.put(name, addresses);
            }
        }
        synchronized (this) {
            known.forEach(found::putIfAbsent);
            publish(found);
            // Without names it starts again with the next list.
            follows = uris.stream().anyMatch(HostNames::isName) && later(PAUSE_MILLIS);
        }
    }

    private List<InetAddress> addresses(String name) {
        try {
            InetAddress[] all = resolver.addresses(name);
            // IPv4 and IPv6 addresses of a name are commonly the same machines: those of the kind that the JVM prefers are taken.
            return Arrays.stream(all).filter(one -> one.getClass() == all[0].getClass()).distinct().limit(MOST_ADDRESSES).toList();
        } catch (UnknownHostException e) {
            return List.of();
        }
    }

    private void publish(Map<URI, List<InetAddress>> addresses) {
        Map<URI, List<InetAddress>> next = new LinkedHashMap<>(addresses);
        next.keySet().retainAll(uris);
        known = next;
        hosts.set(uris.stream().flatMap(uri -> of(uri, known.getOrDefault(uri, List.of()))).toList());
    }

    /** With one address everything is as without this class. */
    private static Stream<ServiceAddress> of(URI uri, List<InetAddress> addresses) {
        return addresses.size() < 2 ? Stream.of(ServiceAddress.byName(uri)) : addresses.stream().map(address -> new ServiceAddress(uri, address));
    }

    private boolean later(long millis) {
        try {
            timer.apply(millis, this::look);
            return true;
        } catch (RuntimeException e) {
            // The node is closing.
            return false;
        }
    }

    private static boolean isName(URI uri) {
        String host = uri.getHost();
        return host.startsWith("[") == false && InetAddresses.isInetAddress(host) == false;
    }
}
