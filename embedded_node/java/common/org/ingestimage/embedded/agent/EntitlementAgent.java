package org.ingestimage.embedded.agent;

import java.lang.instrument.Instrumentation;
import org.elasticsearch.entitlement.initialization.EntitlementInitialization;

/** Hands the JVM's instrumentation to Elasticsearch, which then weaves its entitlement checks into the class library. */
public final class EntitlementAgent {
    private EntitlementAgent() {}

    /** Called by the JVM when the node attaches this jar to itself; what goes wrong is kept and reported by the node. */
    public static void agentmain(String argument, Instrumentation instrumentation) {
        EntitlementInitialization.initialize(instrumentation);
    }
}
