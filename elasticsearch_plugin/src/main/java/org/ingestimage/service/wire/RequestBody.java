package org.ingestimage.service.wire;

import java.net.http.HttpRequest.BodyPublisher;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Flow.Subscriber;

import org.ingestimage.common.Sha256;

/**
 * The bytes of a request, in parts that are published one after the other, so that a picture's text is copied only
 * once.
 *
 * <p>They can be dropped: an idle connection of the JDK's client keeps its first exchange, for 20 minutes with Java 17,
 * and would keep a picture with it.
 */
public final class RequestBody implements BodyPublisher {

    private final long length;
    private final String sha256;
    private volatile List<byte[]> parts;

    private RequestBody(List<byte[]> parts) {
        MessageDigest digest = Sha256.digest();
        parts.forEach(digest::update);
        this.parts = parts;
        this.length = parts.stream().mapToLong(part -> part.length).sum();
        this.sha256 = HexFormat.of().formatHex(digest.digest());
    }

    static RequestBody of(byte[]... parts) {
        return new RequestBody(List.of(parts));
    }

    /** Of all bytes, as lower-case hex. */
    public String sha256() {
        return sha256;
    }

    @Override
    public long contentLength() {
        return length;
    }

    @Override
    public void subscribe(Subscriber<? super ByteBuffer> subscriber) {
        new SlicedBody(parts, subscriber).start();
    }

    /** The call has ended: nothing of the body is needed any more. */
    public void drop() {
        parts = null;
    }
}
