package org.ingestimage.common;

import java.io.IOException;
import java.util.Map;

import org.elasticsearch.common.bytes.BytesReference;
import org.elasticsearch.xcontent.XContentBuilder;
import org.elasticsearch.xcontent.XContentFactory;
import org.elasticsearch.xcontent.XContentParser;
import org.elasticsearch.xcontent.XContentParserConfiguration;
import org.elasticsearch.xcontent.XContentType;

/** JSON with the node's own library. */
public final class Json {

    private Json() {}

    /** Reads an object. Anything else, and anything after it, is an error. */
    public static Map<String, Object> read(byte[] json) throws IOException {
        if (json.length < LongStrings.LONG) {
            return parse(json);
        }
        LongStrings pictures = new LongStrings(json);
        Map<String, Object> map = parse(pictures.without());
        pictures.restore(map);
        return map;
    }

    private static Map<String, Object> parse(byte[] json) throws IOException {
        try (XContentParser parser = XContentType.JSON.xContent().createParser(XContentParserConfiguration.EMPTY, json)) {
            if (parser.nextToken() != XContentParser.Token.START_OBJECT) {
                throw new IOException("not a JSON object");
            }
            Map<String, Object> map = parser.mapOrdered();
            if (parser.nextToken() != null) {
                throw new IOException("more than one JSON value");
            }
            return map;
        } catch (RuntimeException e) {
            // The parser throws unchecked exceptions at malformed text. Their messages may quote it, so they stay here.
            throw new IOException("not valid JSON");
        }
    }

    public static byte[] write(Map<String, Object> map) throws IOException {
        try (XContentBuilder builder = XContentFactory.jsonBuilder()) {
            return BytesReference.toBytes(BytesReference.bytes(builder.map(map)));
        }
    }
}
