package org.ingestimage.service.calls;

import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

import org.ingestimage.common.Timer;
import org.ingestimage.picture.Marks;
import org.ingestimage.service.hosts.ServiceHosts;
import org.ingestimage.service.hosts.ServiceHttp;
import org.ingestimage.service.load.ActiveCalls;
import org.ingestimage.service.load.CallLimiter;
import org.ingestimage.service.load.HostWatch;
import org.ingestimage.service.load.InFlightWindow;
import org.ingestimage.service.load.SlowPictures;

/**
 * What all calls of the node share.
 *
 * @param hosts of the services
 * @param watch over the hosts
 * @param limiter where calls wait for their turn
 * @param apart where slow pictures wait: a few at a time, so that others have places in the node and at the services
 * @param window of the limiter
 * @param slow pictures that are known to be slow
 * @param active calls that are under way
 * @param marks sign requests and verify answers
 * @param maxResponseBytes longest answer that is read
 * @param http client for all services
 * @param executor for work that must not run on a thread of the network
 * @param timer of the node
 */
public record CallEnvironment(
    ServiceHosts hosts,
    HostWatch watch,
    CallLimiter limiter,
    CallLimiter apart,
    InFlightWindow window,
    SlowPictures slow,
    ActiveCalls active,
    Marks marks,
    LongSupplier maxResponseBytes,
    ServiceHttp http,
    Executor executor,
    Timer timer
) {}
