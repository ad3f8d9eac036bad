package org.ingestimage.service.wire;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.elasticsearch.core.TimeValue;
import org.ingestimage.picture.Marks;
import org.ingestimage.picture.StoredPicture;
import org.ingestimage.picture.TargetFields;
import org.ingestimage.recipe.Recipe;

/**
 * One picture on its way to the service.
 *
 * @param data base64 text or bytes, null when the service is to fetch it, or has it in its store
 * @param kept the picture in the service's store, null when it is not there
 * @param url the address that the picture comes from, null when the document brought it along
 * @param recipe the pipeline's recipe
 * @param later names of the recipe's properties that are left out now
 * @param documentOperations one-off operations of the document, null when there are none
 * @param normalized whether the recipe's operations were applied to these bytes before
 * @param external whether the service puts the result into its store
 * @param keepsOriginal whether it puts what came in there, too
 * @param acceptTruncated whether a picture that ends too early is filled up instead of refused
 * @param position of the picture in the document's list, 0 when it is the first or the only one
 * @param timeout of this picture, retries included
 * @param ids of the client's request, null when there is none
 */
public record PictureRequest(
    Object data,
    StoredPicture kept,
    String url,
    Recipe recipe,
    List<String> later,
    List<Object> documentOperations,
    boolean normalized,
    boolean external,
    boolean keepsOriginal,
    boolean acceptTruncated,
    int position,
    TimeValue timeout,
    ClientIds ids
) implements ServiceRequest, AnswerCheck.Asked {

    /** Bytes of the picture as it is sent. */
    public long length() {
        return data instanceof byte[] bytes ? bytes.length * 4L / 3 : data instanceof String text ? text.length() : 0;
    }

    /** Whether every byte of the picture stays: only its fields are made again. */
    public boolean keepsBytes() {
        return normalized && documentOperations == null;
    }

    @Override
    public String path() {
        return "/v1/process";
    }

    @Override
    public String problem(Map<String, Object> fields, Marks marks) {
        return AnswerCheck.problem(this, fields, marks);
    }

    @Override
    public RequestBody body() throws IOException {
        Map<String, Object> head = new LinkedHashMap<>();
        if (recipe.operations() != null) {
            head.put("operations", recipe.operations());
        }
        if (recipe.properties() != null) {
            head.put("properties", recipe.properties());
        }
        if (later.isEmpty() == false) {
            head.put("later", later);
        }
        if (documentOperations != null) {
            head.put("document_operations", documentOperations);
        }
        if (normalized) {
            head.put("normalized", true);
        }
        if (external) {
            head.put("store", "external");
        }
        if (keepsOriginal) {
            head.put("originals", "external");
        }
        if (kept != null) {
            head.put(TargetFields.STORED, kept.json());
        }
        if (acceptTruncated) {
            head.put("truncated", "accept");
        }
        if (position > 0) {
            head.put("position", position);
        }
        if (url != null) {
            head.put(TargetFields.URL, url);
        }
        return ServiceRequest.json(head, data);
    }
}
