package org.ingestimage.search;

import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

import org.elasticsearch.ResourceNotFoundException;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.get.GetRequest;
import org.elasticsearch.action.get.GetResponse;
import org.elasticsearch.search.fetch.subphase.FetchSourceContext;

/** Reads the vector of a stored document, with the privileges of the user who searches. */
final class StoredVector {

    private StoredVector() {}

    static void read(BiConsumer<GetRequest, ActionListener<GetResponse>> get, VectorQuestion question, ActionListener<float[]> listener) {
        String field = question.field();
        String embedder = field.substring(0, field.lastIndexOf('.') + 1) + "embedder";
        GetRequest request = new GetRequest(question.index(), question.id()).routing(question.routing())
            // Since 9.2 the source comes without vectors, unless the request says otherwise.
            .fetchSourceContext(FetchSourceContext.of(true, false, new String[] { field, embedder }, null));
        get.accept(request, listener.delegateFailureAndWrap((next, document) -> next.onResponse(vector(document, question, embedder))));
    }

    private static float[] vector(GetResponse document, VectorQuestion question, String embedder) {
        if (document.isExists() == false) {
            throw new ResourceNotFoundException("there is no document [" + question.id() + "] in [" + question.index() + "] to search with");
        }
        Map<String, Object> source = document.getSourceAsMap();
        Object numbers = first(source, question.field());
        if (numbers == null) {
            throw VectorQuestion.wrong("finds no vector in [" + question.field() + "] of document [" + question.id() + "] in [" + question.index() + "]");
        }
        return question.vector(numbers, first(source, embedder));
    }

    /**
     * The first value at a dotted path; null when there is none. Of a list of pictures, that of the first picture which
     * has one; of a list of faces, that of the first, which is the largest. Keys may have dots themselves.
     */
    private static Object first(Object value, String path) {
        if (value instanceof List<?> list) {
            // No stream, which would overflow the stack over a thousand lists in each other, and so end the node.
            for (Object element : list) {
                Object found = first(element, path);
                if (found != null) {
                    return found;
                }
            }
            return null;
        }
        if (value instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                String key = String.valueOf(entry.getKey());
                Object found = path.startsWith(key + ".") ? first(entry.getValue(), path.substring(key.length() + 1)) : null;
                found = key.equals(path) ? entry.getValue() : found;
                if (found != null && (found instanceof List<?> none && none.isEmpty()) == false) {
                    return found;
                }
            }
        }
        return null;
    }
}
