package org.ingestimage.search;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

import org.elasticsearch.TransportVersion;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.get.GetRequest;
import org.elasticsearch.action.get.GetResponse;
import org.elasticsearch.action.support.ContextPreservingActionListener;
import org.elasticsearch.client.internal.Client;
import org.elasticsearch.common.io.stream.StreamInput;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.search.vectors.QueryVectorBuilder;
import org.elasticsearch.xcontent.XContentBuilder;
import org.elasticsearch.xcontent.XContentParser;
import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.picture.PictureData;
import org.ingestimage.service.ServiceClient;
import org.ingestimage.service.wire.ClientIds;
import org.ingestimage.service.wire.EmbedRequest;

/**
 * `"query_vector_builder": {"image": {...}}` in a kNN search: makes the vector of a picture, words or a stored
 * document.
 *
 * <p>Pictures and words go to the same service as the pictures of documents, and so to the same embedder.
 */
public final class ImageVectorBuilder implements QueryVectorBuilder {

    public static final String NAME = VectorQuestion.BUILDER;

    private static final String AT = "query_vector_builder." + NAME;

    private final VectorQuestion question;
    private final Supplier<ServiceClient> client;

    public ImageVectorBuilder(VectorQuestion question, Supplier<ServiceClient> client) {
        this.question = question;
        this.client = client;
    }

    public ImageVectorBuilder(StreamInput in, Supplier<ServiceClient> client) throws IOException {
        this(new VectorQuestion(in), client);
    }

    public static ImageVectorBuilder parse(XContentParser parser, Supplier<ServiceClient> client) {
        try {
            // The node hands over the parser at the name. Others, such as tests, hand it over at the object.
            XContentParser.Token token = parser.currentToken() == XContentParser.Token.START_OBJECT ? parser.currentToken() : parser.nextToken();
            if (token != XContentParser.Token.START_OBJECT) {
                throw VectorQuestion.wrong("must be an object");
            }
            return new ImageVectorBuilder(VectorQuestion.of(parser.map()), client);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void buildVector(Client node, ActionListener<float[]> listener) {
        build(node.threadPool().getThreadContext(), node::get, listener);
    }

    void build(ThreadContext context, BiConsumer<GetRequest, ActionListener<GetResponse>> get, ActionListener<float[]> listener) {
        ActionListener<float[]> answer = ActionListener.notifyOnce(ContextPreservingActionListener.wrapPreservingContext(listener, context));
        try {
            if (question.id() != null) {
                StoredVector.read(get, question, answer);
            } else {
                ask(ClientIds.of(context), answer);
            }
        } catch (Exception e) {
            answer.onFailure(e instanceof Failure failure ? failure.toException(AT) : e);
        }
    }

    private void ask(ClientIds ids, ActionListener<float[]> listener) throws Failure {
        ServiceClient service = client.get();
        if (service == null) {
            throw new Failure(Code.NODE_STARTING, "this node is still starting");
        }
        if (question.data() != null && PictureData.exceeds(question.data(), service.maxImageBytes())) {
            throw new Failure(
                Code.IMAGE_TOO_LARGE,
                "the picture is larger than [ingest.image.max_image_bytes] = [" + service.maxImageBytes() + "] bytes"
            );
        }
        EmbedRequest request = new EmbedRequest(question.data(), question.text(), question.vector(), service.searchTimeout(), ids);
        service.ask(request, new ActionListener<>() {
            @Override
            public void onResponse(Map<String, Object> fields) {
                ActionListener.completeWith(listener, () -> question.vector(fields.get("vector"), fields.get("embedder")));
            }

            @Override
            public void onFailure(Exception e) {
                listener.onFailure(e instanceof Failure failure ? failure.toException(AT) : e);
            }
        });
    }

    @Override
    public String getWriteableName() {
        return NAME;
    }

    @Override
    public TransportVersion getMinimalSupportedVersion() {
        return TransportVersion.minimumCompatible();
    }

    @Override
    public void writeTo(StreamOutput out) throws IOException {
        question.writeTo(out);
    }

    @Override
    public XContentBuilder toXContent(XContentBuilder builder, Params params) throws IOException {
        return question.toXContent(builder, params);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ImageVectorBuilder builder && question.equals(builder.question);
    }

    @Override
    public int hashCode() {
        return Objects.hash(NAME, question);
    }
}
