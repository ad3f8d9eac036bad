package org.ingestimage.processor;

import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.elasticsearch.core.TimeValue;
import org.ingestimage.common.SafeText;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.recipe.RecipeSchema;

/**
 * The options of one `image` processor in a pipeline, read; {@link Option} has their names, defaults and meanings.
 *
 * @param recipe of `operations` and `properties`
 * @param later names of the properties that are added later
 * @param store where the picture goes
 * @param keepOriginals whether what came in goes into the store, too (`originals`)
 * @param acceptTruncated of `truncated`
 * @param recordInvalid of `on_invalid`
 * @param maxResultBytes 0 for no other limit than the node's
 * @param timeout of a picture, null for the node's
 * @param conceals whether the original must not stay anywhere, not even when the picture is refused
 */
record Options(
    String field,
    String targetField,
    Recipe recipe,
    List<String> later,
    boolean ignoreMissing,
    boolean removeBinary,
    Store store,
    boolean keepOriginals,
    boolean acceptTruncated,
    boolean recordInvalid,
    boolean keepInvalid,
    long maxResultBytes,
    OneOffOperations documentOperations,
    TimeValue timeout,
    boolean conceals
) {

    /** How names of fields begin that are not in the document, such as `_ingest._value` in `foreach`. */
    static final String METADATA = "_ingest.";
    /** How names of fields may begin that are. */
    static final String SOURCE = "_source.";

    /** Where the picture goes. */
    enum Store {
        /** Into the document. */
        DATA,
        /** Nowhere: the document has its fields only. */
        NONE,
        /** Into the service's store; the document says where it is there. */
        EXTERNAL
    }

    /** Takes every option out of `config`, and refuses what is left. */
    static Options read(String tag, Map<String, Object> config, RecipeSchema schema) {
        String field = Option.FIELD.path(tag, config);
        Recipe recipe = Recipe.of(
            Option.OPERATIONS.list(tag, config, schema::operationsProblem),
            Option.PROPERTIES.list(tag, config, schema::propertiesProblem)
        );
        String size = schema.sizeProblem(recipe);
        if (size != null) {
            throw Option.OPERATIONS.wrong(tag, size);
        }
        Object wanted = Option.DOCUMENT_OPERATIONS.any(config);
        OneOffOperations oneOffs = OneOffOperations.of(wanted, recipe, schema);
        if (oneOffs == null) {
            throw Option.DOCUMENT_OPERATIONS.wrong(tag, OneOffOperations.expected(schema) + ", got [" + SafeText.shown(wanted) + "]");
        }
        String concealed = schema.concealedProblem(recipe);
        if (concealed != null) {
            throw Option.PROPERTIES.wrong(tag, concealed);
        }
        String target = Option.TARGET_FIELD.path(tag, config, field);
        boolean removeBinary = Option.REMOVE_BINARY.flag(tag, config);
        boolean keepInvalid = Option.KEEP_INVALID.flag(tag, config);
        String concealing = schema.concealing(recipe, oneOffs.allowed());
        if (concealing != null && keepInvalid) {
            throw Option.KEEP_INVALID.wrong(tag, "must be false: a refused picture would be stored as it came, without [" + concealing + "]");
        }
        if (concealing != null && field.startsWith(METADATA)) {
            throw Option.FIELD.wrong(
                tag,
                "must be in the document, such as the list that [foreach] goes through: if it fails, the originals would stay in there, without ["
                    + concealing + "]"
            );
        }
        Store store = Store.valueOf(Option.STORE.choice(tag, config).toUpperCase(Locale.ROOT));
        List<Object> later = Option.LATER.list(tag, config, names -> schema.laterProblem(names, recipe));
        if (later != null && later.isEmpty() == false && keepsFieldsOnly(store, removeBinary, target.equals(field))) {
            throw Option.LATER.wrong(tag, "needs the picture that is stored, but [store: none] or [remove_binary] keeps none");
        }
        boolean keepOriginals = Option.ORIGINALS.isOther(tag, config);
        if (concealing != null && keepOriginals) {
            throw Option.ORIGINALS.wrong(tag, "must be none: the original would be in the store as it came, without [" + concealing + "]");
        }
        if (concealing != null && target.equals(field) == false && removeBinary == false) {
            throw Option.REMOVE_BINARY.wrong(
                tag,
                "must be true: the source would stay as it came beside [target_field], without [" + concealing + "]"
            );
        }
        Options options = new Options(
            field,
            target,
            recipe,
            later == null ? List.of() : later.stream().map(String::valueOf).distinct().toList(),
            Option.IGNORE_MISSING.flag(tag, config),
            removeBinary,
            store,
            keepOriginals,
            Option.TRUNCATED.isOther(tag, config),
            Option.ON_INVALID.isOther(tag, config),
            keepInvalid,
            Option.MAX_RESULT_BYTES.bytes(tag, config),
            oneOffs,
            Option.TIMEOUT.time(tag, config),
            concealing != null
        );
        Option.refuseOthers(tag, config);
        return options;
    }

    boolean inPlace() {
        return field.equals(targetField);
    }

    /** Whether `data` is left out of the target. A source of its own is another matter. */
    boolean leavesOutData() {
        return isExternal() || keepsFieldsOnly();
    }

    /** Whether no picture is kept that can be processed again. A source of its own is another matter. */
    boolean keepsFieldsOnly() {
        return keepsFieldsOnly(store, removeBinary, inPlace());
    }

    private static boolean keepsFieldsOnly(Store store, boolean removeBinary, boolean inPlace) {
        return store == Store.NONE || (removeBinary && inPlace && store != Store.EXTERNAL);
    }

    boolean isExternal() {
        return store == Store.EXTERNAL;
    }
}
