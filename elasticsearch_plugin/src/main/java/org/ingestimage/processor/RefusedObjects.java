package org.ingestimage.processor;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.DocWriteRequest;
import org.elasticsearch.action.bulk.BulkItemResponse;
import org.elasticsearch.action.bulk.BulkRequest;
import org.elasticsearch.action.bulk.BulkResponse;
import org.elasticsearch.action.bulk.TransportBulkAction;
import org.elasticsearch.action.support.ActionFilterChain;
import org.elasticsearch.action.support.MappedActionFilter;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.tasks.Task;
import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;

/**
 * Says what to do when an index has a field that takes no object where a processor has put one: `binary`, as FSCrawler's
 * `attachment`, or `text`, as Elasticsearch guesses from base64. Mappings are not known to pipelines, and what another
 * processor does later is not, either. So Elasticsearch refuses the document, in words that name neither the processor
 * nor, of a `binary` field, the field, and that may quote the beginning of the picture.
 */
public record RefusedObjects(Supplier<ThreadContext> context) implements MappedActionFilter {

    private static final String TRANSIENT = "_ingest_image_objects";
    private static final Pattern TYPED = Pattern.compile("failed to parse field \\[([^\\]]+)\\] of type \\[(\\w+)\\]");
    /** Of a `binary` field, whose parser reads the object as the bytes of one. */
    private static final Pattern MALFORMED = Pattern.compile("Malformed content, found extra data after parsing: (END_OBJECT|FIELD_NAME)");

    /** Notes that a processor puts an object into a field of a document of the bulk that this thread works for; `index` as the document says. */
    static void put(ThreadContext context, String index, String field) {
        Map<String, Set<String>> fields = context.getTransient(TRANSIENT);
        // Part of an update has no index; the document that it makes comes again with it.
        if (fields != null && index != null) {
            fields.computeIfAbsent(index, name -> ConcurrentHashMap.newKeySet()).add(field);
        }
    }

    @Override
    public String actionName() {
        return TransportBulkAction.NAME;
    }

    @Override
    public <Request extends ActionRequest, Response extends ActionResponse> void apply(
        Task task,
        String action,
        Request request,
        ActionListener<Response> listener,
        ActionFilterChain<Request, Response> chain
    ) {
        Map<String, Set<String>> fields = new ConcurrentHashMap<>();
        // Cleared first: a bulk may be started within the context of another one.
        try (var ignored = context.get().newStoredContextPreservingResponseHeaders(List.of(TRANSIENT), List.of())) {
            context.get().putTransient(TRANSIENT, fields);
            chain.proceed(task, action, request, listener.map(response -> explained(request, response, fields)));
        }
    }

    private static <Response extends ActionResponse> Response explained(ActionRequest request, Response response, Map<String, Set<String>> fields) {
        if (fields.isEmpty() == false && request instanceof BulkRequest asked && response instanceof BulkResponse bulk && bulk.hasFailures()) {
            BulkItemResponse[] items = bulk.getItems();
            for (int i = 0; i < items.length; i++) {
                // The node forgets what it has sent on.
                DocWriteRequest<?> sent = i < asked.requests().size() ? asked.requests().get(i) : null;
                Set<String> ours = sent == null ? null : fields.get(sent.index());
                Failure reason = ours == null || items[i].isFailed() == false ? null : reason(items[i].getFailure().getCause(), ours);
                if (reason != null) {
                    BulkItemResponse.Failure before = items[i].getFailure();
                    // Without its cause, which may quote the beginning of the picture.
                    var failure = new BulkItemResponse.Failure(before.getIndex(), before.getId(), reason.toException());
                    items[i] = BulkItemResponse.failure(items[i].getItemId(), items[i].getOpType(), failure);
                }
            }
        }
        return response;
    }

    /** Why a document was refused, if it is an object that a processor has put into one of these fields; else null. */
    static Failure reason(Throwable cause, Set<String> fields) {
        String malformed = null;
        for (Throwable one = cause; one != null; one = one.getCause()) {
            String said = String.valueOf(one.getMessage());
            Matcher typed = TYPED.matcher(said);
            if (typed.find()) {
                String field = typed.group(1);
                boolean ours = fields.stream().anyMatch(target -> target.equals(field) || target.startsWith(field + "."));
                return ours ? failure("the processor [image] puts an object into the field [" + field + "], which the index maps as [" + typed.group(2) + "]") : null;
            }
            Matcher found = MALFORMED.matcher(said);
            malformed = found.find() ? found.group() : malformed;
        }
        if (malformed == null) {
            return null;
        }
        // Elasticsearch does not say which field it is. It may be another one, with an object of the writer's.
        String named = String.join(" or ", fields.stream().sorted().map(field -> "[" + field + "]").toList());
        return failure("the processor [image] puts an object into the field " + named + ", which the index maps as [binary] (" + malformed + ")");
    }

    private static Failure failure(String what) {
        String cure = "; let it write elsewhere, as with \"target_field\": \"image\", or map the field as the component template ingest-image does";
        return new Failure(Code.FIELD_TAKES_NO_OBJECT, what + cure);
    }
}
