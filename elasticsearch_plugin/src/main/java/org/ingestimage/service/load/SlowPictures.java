package org.ingestimage.service.load;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.ingestimage.common.Sha256;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.service.wire.PictureRequest;
import org.ingestimage.service.wire.ServiceRequest;

/**
 * Remembers which pictures were slow, so that they go apart from the rest: when they are tried again, and when they are sent again.
 *
 * <p>What makes a picture slow that has one-off operations is the operations: others of that recipe, those operations and about that size
 * count as slow, too. Without any it is the picture itself. One quick answer, and all that is forgotten. Bounded: the oldest go first.
 */
public final class SlowPictures {

    private static final int MOST = 1000;

    /** What is alike is as slow. `data` is 0 where the operations decide. Operations may hold megabytes, so all but the size are hashes. */
    private record Likeness(String recipe, String operations, int size, int data, String place) {

        static Likeness of(PictureRequest request) {
            int length = request.data() instanceof byte[] bytes ? bytes.length * 4 / 3 : String.valueOf(request.data()).length();
            int size = 32 - Integer.numberOfLeadingZeros(length);
            List<Object> wanted = request.documentOperations();
            String operations = wanted == null ? null : Recipe.of(wanted, null).hash();
            String url = request.data() != null ? null : request.kept() != null ? request.kept().key() : request.url();
            String place = url == null ? null : Sha256.hex(url.getBytes(StandardCharsets.UTF_8));
            return new Likeness(request.recipe().hash(), operations, size, operations == null ? hash(request.data()) : 0, place);
        }

        private static int hash(Object data) {
            return data instanceof byte[] bytes ? Arrays.hashCode(bytes) : data == null ? 0 : data.hashCode();
        }
    }

    private final Set<Likeness> slow = Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Likeness, Boolean> eldest) {
            return size() > MOST;
        }
    }));

    public void add(ServiceRequest request) {
        if (request instanceof PictureRequest picture) {
            slow.add(Likeness.of(picture));
        }
    }

    public void remove(ServiceRequest request) {
        // Mostly there are none, and a large picture's hash costs.
        if (slow.isEmpty() == false && request instanceof PictureRequest picture) {
            slow.remove(Likeness.of(picture));
        }
    }

    public boolean has(ServiceRequest request) {
        return slow.isEmpty() == false && request instanceof PictureRequest picture && slow.contains(Likeness.of(picture));
    }

    /** All that is remembered. */
    @Override
    public String toString() {
        return slow.toString();
    }
}
