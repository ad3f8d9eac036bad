package org.ingestimage.search;

import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

import org.elasticsearch.ResourceNotFoundException;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.get.GetRequest;
import org.elasticsearch.action.get.GetResponse;
import org.elasticsearch.common.xcontent.support.XContentMapValues;
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
        Object numbers = source == null ? null : first(XContentMapValues.extractValue(question.field(), source));
        if (numbers == null || numbers instanceof List<?> none && none.isEmpty()) {
            throw VectorQuestion.wrong("finds no vector in [" + question.field() + "] of document [" + question.id() + "] in [" + question.index() + "]");
        }
        Object by = first(XContentMapValues.extractValue(embedder, source));
        return question.vector(numbers, by instanceof List<?> list && list.isEmpty() == false ? list.get(0) : by);
    }

    /** Of a list of pictures, the first that has a vector; of a list of faces, the first, which is the largest. */
    private static Object first(Object value) {
        return value instanceof List<?> list && list.isEmpty() == false && list.get(0) instanceof List<?> inner ? first(inner) : value;
    }
}
