package org.ingestimage.service.hosts;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Asks for the addresses of a name, which may take seconds. That of a node is {@link InetAddress#getAllByName}. */
@FunctionalInterface
public interface NameResolver {

    /** All addresses, the one that the JVM prefers first. */
    InetAddress[] addresses(String name) throws UnknownHostException;
}
