package org.ingestimage.search;

import java.io.IOException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

import org.elasticsearch.common.io.stream.StreamInput;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.common.io.stream.Writeable;
import org.elasticsearch.xcontent.ToXContentObject;
import org.elasticsearch.xcontent.XContentBuilder;
import org.ingestimage.common.SafeText;

/**
 * What a search compares with: a picture, words, or a stored document. One of `data`, `text` and `id` is set.
 *
 * @param data base64 of a picture
 * @param text words, for embedders that know words
 * @param id of a stored document
 * @param index where the document is
 * @param routing of the document, null for none
 * @param field of the document that has the vector
 * @param vector which vector of the picture, such as `perceptual_hash`; null for that of the embedder
 * @param embedder that must have made the vector; null for any
 */
record VectorQuestion(String data, String text, String id, String index, String routing, String field, String vector, String embedder)
    implements
        Writeable,
        ToXContentObject {

    /** The name of the query vector builder that asks. */
    static final String BUILDER = "image";
    static final String DEFAULT_FIELD = "image.embedding";
    private static final Pattern HASH = Pattern.compile("([0-9a-f]{2})+");
    private static final Set<String> VALID = new TreeSet<>(Set.of("data", "text", "id", "index", "routing", "field", "vector", "embedder"));
    private static final Set<String> KINDS = new TreeSet<>(Set.of("data", "text", "id"));

    /** Throws IllegalArgumentException, which the client gets as 400. */
    static VectorQuestion of(Map<String, Object> map) {
        for (String key : map.keySet()) {
            if (VALID.contains(key) == false) {
                throw wrong("has an unknown key [" + SafeText.shown(key) + "]; valid are " + VALID);
            }
        }
        if (KINDS.stream().filter(map::containsKey).count() != 1) {
            throw wrong("needs exactly one of " + KINDS);
        }
        String id = text(map, "id");
        for (String key : Set.of("index", "routing", "field")) {
            if (id == null && map.containsKey(key)) {
                throw wrong("knows [" + key + "] together with [id] only");
            }
        }
        if (map.containsKey("vector") && map.containsKey("data") == false) {
            throw wrong("knows [vector] together with [data] only");
        }
        String index = text(map, "index");
        if (id != null && index == null) {
            throw wrong("needs the [index] of the document [id]");
        }
        String field = text(map, "field");
        return new VectorQuestion(
            data(map),
            text(map, "text"),
            id,
            index,
            text(map, "routing"),
            field == null ? DEFAULT_FIELD : field,
            text(map, "vector"),
            text(map, "embedder")
        );
    }

    VectorQuestion(StreamInput in) throws IOException {
        this(
            in.readOptionalString(),
            in.readOptionalString(),
            in.readOptionalString(),
            in.readOptionalString(),
            in.readOptionalString(),
            in.readString(),
            in.readOptionalString(),
            in.readOptionalString()
        );
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        out.writeOptionalString(data);
        out.writeOptionalString(text);
        out.writeOptionalString(id);
        out.writeOptionalString(index);
        out.writeOptionalString(routing);
        out.writeString(field);
        out.writeOptionalString(vector);
        out.writeOptionalString(embedder);
    }

    /** For logs and the list of tasks. Pictures are not printed: they may have megabytes. */
    @Override
    public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
        builder.startObject();
        put(builder, "data", data == null ? null : "<" + data.length() + " characters>");
        put(builder, "text", text);
        put(builder, "id", id);
        put(builder, "index", index);
        put(builder, "routing", routing);
        put(builder, "field", id == null ? null : field);
        put(builder, "vector", vector);
        put(builder, "embedder", embedder);
        return builder.endObject();
    }

    @Override
    public String toString() {
        return "VectorQuestion[" + (data != null ? data.length() + " characters" : text != null ? text : index + "/" + id) + "]";
    }

    private static void put(XContentBuilder builder, String key, String value) throws IOException {
        if (value != null) {
            builder.field(key, value);
        }
    }

    private static String data(Map<String, Object> map) {
        return map.get("data") instanceof byte[] bytes ? Base64.getEncoder().encodeToString(bytes) : text(map, "data");
    }

    /** Null when the key is not there. */
    private static String text(Map<String, Object> map, String key) {
        Object value = map.get(key);
        if (value instanceof Number number && key.equals("id")) {
            return number.toString();
        }
        if (map.containsKey(key) && (value instanceof String == false || ((String) value).isBlank())) {
            throw wrong("needs a string for [" + key + "], got [" + (value instanceof String ? "" : SafeText.shown(value)) + "]");
        }
        return (String) value;
    }

    /**
     * The vector to search with: numbers as they are, the bits of a hash as signed bytes, which fields of bits take.
     *
     * @param by the embedder that made them; refused if the question asks for another one
     */
    float[] vector(Object numbers, Object by) {
        if (embedder != null && embedder.equals(by) == false) {
            throw wrong("wants a vector of the embedder [" + SafeText.shown(embedder) + "], but it is one of [" + SafeText.shown(by) + "]");
        }
        if (numbers instanceof List<?> list && list.isEmpty() == false && list.stream().allMatch(Number.class::isInstance)) {
            float[] result = new float[list.size()];
            for (int i = 0; i < result.length; i++) {
                result[i] = ((Number) list.get(i)).floatValue();
            }
            return result;
        }
        if (numbers instanceof String hash && HASH.matcher(hash).matches()) {
            byte[] bytes = HexFormat.of().parseHex(hash);
            float[] result = new float[bytes.length];
            for (int i = 0; i < result.length; i++) {
                result[i] = bytes[i];
            }
            return result;
        }
        throw wrong("got no vector");
    }

    static IllegalArgumentException wrong(String problem) {
        return new IllegalArgumentException("[query_vector_builder] [" + BUILDER + "] " + problem);
    }
}
