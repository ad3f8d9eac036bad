package org.ingestimage.processor;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.elasticsearch.ResourceNotFoundException;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.admin.indices.create.AutoCreateAction;
import org.elasticsearch.action.admin.indices.create.CreateIndexRequest;
import org.elasticsearch.action.bulk.BulkShardRequest;
import org.elasticsearch.action.bulk.TransportShardBulkAction;
import org.elasticsearch.action.support.ActionFilterChain;
import org.elasticsearch.action.support.MappedActionFilter;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.index.Index;
import org.elasticsearch.index.IndexNotFoundException;
import org.elasticsearch.tasks.Task;

/**
 * An index that is deleted while its pictures are in work stays deleted, and one that is made again meanwhile keeps its own
 * documents. When pipelines are done with the documents of a bulk, Elasticsearch creates the indices that these name, also
 * when a document is only to be written if it has a certain sequence number; and in a new index another document of that id
 * may have that number, as it may in an index to which a pipeline sends the document. `ingest-image enrich` and `reprocess`
 * write nothing but what they have read. They say by `X-Opaque-Id` who they are, and by its name and UUID of which index their
 * documents are.
 */
public record DeletedIndices(String actionName, Supplier<ThreadContext> context) implements MappedActionFilter {

    private static final List<String> WRITING_BACK = List.of("ingest-image-enrich", "ingest-image-reprocess");
    private static final Pattern READ_FROM = Pattern.compile(" index=(\\S+) uuid=(\\S+)");

    /** One for each kind of request that is looked at. */
    public static List<MappedActionFilter> all(Supplier<ThreadContext> context) {
        return List.of(new DeletedIndices(AutoCreateAction.NAME, context), new DeletedIndices(TransportShardBulkAction.ACTION_NAME, context));
    }

    @Override
    public <Request extends ActionRequest, Response extends ActionResponse> void apply(
        Task task,
        String action,
        Request request,
        ActionListener<Response> listener,
        ActionFilterChain<Request, Response> chain
    ) {
        String who = context.get().getHeader(Task.X_OPAQUE_ID_HTTP_HEADER);
        Exception refusal = who != null && WRITING_BACK.stream().anyMatch(who::startsWith) ? refusal(request, who) : null;
        if (refusal == null) {
            chain.proceed(task, action, request, listener);
        } else {
            // Elasticsearch then says so of each document for this index, with 404.
            listener.onFailure(refusal);
        }
    }

    private static Exception refusal(ActionRequest request, String who) {
        Matcher said = READ_FROM.matcher(who);
        boolean isSaid = said.find();
        // Names may have letters that a header cannot have.
        String read = isSaid ? URLDecoder.decode(said.group(1), StandardCharsets.UTF_8) : null;
        if (request instanceof CreateIndexRequest create) {
            boolean isAnother = isSaid && !read.equals(create.index());
            return new IndexNotFoundException(isAnother ? sent(read) + " there" : "it was deleted while its documents were in work", create.index());
        }
        if (request instanceof BulkShardRequest bulk && isSaid) {
            Index index = bulk.shardId().getIndex();
            if (!read.equals(index.getName())) {
                return new ResourceNotFoundException(sent(read) + " to [" + index.getName() + "], where it is not written back");
            }
            boolean same = said.group(2).equals(index.getUUID());
            return same ? null : new IndexNotFoundException("it was made again while its documents were in work", index.getName());
        }
        return null;
    }

    private static String sent(String read) {
        return "a pipeline sends what was read from [" + read + "]";
    }
}
