package org.ingestimage.service.hosts;

import java.security.KeyManagementException;
import java.security.SecureRandom;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLContextSpi;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;

/**
 * A context for connections to the addresses of one name: the name is what the certificate has to be for, and what the
 * service is told (SNI). The JDK's HTTP client would take the address for both.
 */
final class NamedTls extends SSLContext {

    NamedTls(SSLContext context, String name) {
        super(new Named(context, name), context.getProvider(), context.getProtocol());
    }

    private static final class Named extends SSLContextSpi {
        private final SSLContext context;
        private final String name;

        Named(SSLContext context, String name) {
            this.context = context;
            // As the JDK does: names in certificates do not end with a dot.
            this.name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        }

        @Override
        protected SSLEngine engineCreateSSLEngine(String address, int port) {
            return context.createSSLEngine(name, port);
        }

        @Override
        protected SSLEngine engineCreateSSLEngine() {
            return context.createSSLEngine();
        }

        @Override
        protected SSLParameters engineGetDefaultSSLParameters() {
            SSLParameters parameters = context.getDefaultSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName(name)));
            return parameters;
        }

        @Override
        protected SSLParameters engineGetSupportedSSLParameters() {
            return context.getSupportedSSLParameters();
        }

        @Override
        protected SSLSocketFactory engineGetSocketFactory() {
            return context.getSocketFactory();
        }

        @Override
        protected SSLServerSocketFactory engineGetServerSocketFactory() {
            return context.getServerSocketFactory();
        }

        @Override
        protected SSLSessionContext engineGetServerSessionContext() {
            return context.getServerSessionContext();
        }

        @Override
        protected SSLSessionContext engineGetClientSessionContext() {
            return context.getClientSessionContext();
        }

        @Override
        protected void engineInit(KeyManager[] keys, TrustManager[] trust, SecureRandom random) throws KeyManagementException {
            throw new KeyManagementException("the context below is initialized already");
        }
    }
}
