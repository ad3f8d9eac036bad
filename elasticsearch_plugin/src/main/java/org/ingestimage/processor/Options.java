package org.ingestimage.processor;

import static org.elasticsearch.ingest.ConfigurationUtils.newConfigurationException;
import static org.elasticsearch.ingest.ConfigurationUtils.readBooleanProperty;
import static org.elasticsearch.ingest.ConfigurationUtils.readOptionalList;
import static org.elasticsearch.ingest.ConfigurationUtils.readOptionalStringProperty;
import static org.elasticsearch.ingest.ConfigurationUtils.readStringProperty;

import java.util.List;
import java.util.Map;

import org.elasticsearch.ElasticsearchParseException;
import org.elasticsearch.common.unit.ByteSizeValue;
import org.elasticsearch.core.TimeValue;
import org.ingestimage.common.SafeText;
import org.ingestimage.recipe.Recipe;
import org.ingestimage.recipe.RecipeSchema;

/**
 * The options of one `image` processor in a pipeline.
 *
 * @param field where the picture is: base64, bytes, an object with `data` or `url`, or a list of those
 * @param targetField where the result goes
 * @param recipe what is done to each picture
 * @param ignoreMissing whether a document without a picture passes
 * @param removeBinary whether the picture is removed once its fields are there
 * @param storeData whether the target holds the picture, not only its fields
 * @param acceptTruncated whether a picture that ends too early is filled up instead of refused
 * @param recordInvalid whether the error of a bad picture is stored instead of failing the document
 * @param keepInvalid whether a bad picture itself is then stored as it came
 * @param maxResultBytes largest picture that is stored, 0 for no other limit than the node's
 * @param documentOperations which one-off operations a document may ask for
 * @param timeout of a picture, null for the node's
 */
record Options(
    String field,
    String targetField,
    Recipe recipe,
    boolean ignoreMissing,
    boolean removeBinary,
    boolean storeData,
    boolean acceptTruncated,
    boolean recordInvalid,
    boolean keepInvalid,
    long maxResultBytes,
    OneOffOperations documentOperations,
    TimeValue timeout
) {

    /** The name of the processor in a pipeline. */
    static final String TYPE = "image";

    /** Takes every option out of `config`: what is left in it afterwards is refused by the node. */
    static Options read(String tag, Map<String, Object> config, RecipeSchema schema) {
        String field = readStringProperty(TYPE, tag, config, "field", "image");
        String target = readStringProperty(TYPE, tag, config, "target_field", field);
        List<Object> operations = readOptionalList(TYPE, tag, config, "operations");
        List<Object> properties = readOptionalList(TYPE, tag, config, "properties");
        refuse(tag, "operations", operations == null ? null : schema.operationsProblem(operations));
        refuse(tag, "properties", properties == null ? null : schema.propertiesProblem(properties));
        if (field.isBlank()) {
            refuse(tag, "field", "must not be empty");
        }
        if (target.isBlank()) {
            refuse(tag, "target_field", "must not be empty");
        }
        Recipe recipe = Recipe.of(operations, properties);
        Object wanted = config.remove(OneOffOperations.OPTION);
        OneOffOperations documentOperations = OneOffOperations.of(wanted, recipe, schema);
        if (documentOperations == null) {
            refuse(tag, OneOffOperations.OPTION, OneOffOperations.expected(schema) + ", got [" + SafeText.shown(wanted) + "]");
        }
        return new Options(
            field,
            target,
            recipe,
            readBooleanProperty(TYPE, tag, config, "ignore_missing", false),
            readBooleanProperty(TYPE, tag, config, "remove_binary", false),
            choice(tag, config, "store", "data", "none").equals("data"),
            choice(tag, config, "truncated", "fail", "accept").equals("accept"),
            choice(tag, config, "on_invalid", "fail", "record").equals("record"),
            readBooleanProperty(TYPE, tag, config, "keep_invalid", false),
            bytes(tag, "max_result_bytes", readOptionalStringProperty(TYPE, tag, config, "max_result_bytes")),
            documentOperations,
            timeout(tag, readOptionalStringProperty(TYPE, tag, config, "timeout"))
        );
    }

    boolean inPlace() {
        return field.equals(targetField);
    }

    /** Whether `data` is left out of the target. A source of its own is another matter. */
    boolean leavesOutData() {
        return storeData == false || (removeBinary && inPlace());
    }

    /** One of the values; the first is the default. */
    private static String choice(String tag, Map<String, Object> config, String option, String... values) {
        String value = readStringProperty(TYPE, tag, config, option, values[0]);
        if (List.of(values).contains(value) == false) {
            refuse(tag, option, "must be one of " + List.of(values) + ", got [" + SafeText.shown(value) + "]");
        }
        return value;
    }

    /** 0 when there is none. */
    private static long bytes(String tag, String option, String text) {
        if (text == null) {
            return 0;
        }
        long value = 0;
        try {
            value = ByteSizeValue.parseBytesSizeValue(text, option).getBytes();
        } catch (ElasticsearchParseException | IllegalArgumentException e) {
            // Refused below, with an example.
        }
        if (value < 1) {
            refuse(tag, option, "must be a size of at least one byte such as 5mb, got [" + SafeText.shown(text) + "]");
        }
        return value;
    }

    private static TimeValue timeout(String tag, String text) {
        if (text == null) {
            return null;
        }
        TimeValue value = null;
        try {
            value = TimeValue.parseTimeValue(text, "timeout");
        } catch (IllegalArgumentException e) {
            // Refused below, with an example.
        }
        if (value == null || value.millis() < 1 || value.compareTo(TimeValue.timeValueHours(1)) > 0) {
            refuse(tag, "timeout", "must be a time between 1ms and 1h such as 30s, got [" + SafeText.shown(text) + "]");
        }
        return value;
    }

    private static void refuse(String tag, String option, String problem) {
        if (problem != null) {
            throw newConfigurationException(TYPE, tag, option, problem);
        }
    }
}
