package org.ingestimage.processor;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

import org.elasticsearch.ElasticsearchParseException;
import org.elasticsearch.common.unit.ByteSizeValue;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.ingest.ConfigurationUtils;
import org.elasticsearch.ingest.IngestDocument;
import org.ingestimage.common.SafeText;

/** Every option of the processor: its name, its default and its meaning. The table in docs/plugin.md is checked against it. */
enum Option {
    FIELD(
        "image",
        "where the picture is: base64, an object with `data` or `url` ([addresses.md](addresses.md)), a byte string (CBOR, SMILE), or a list of those. "
            + "May be dotted: `a.b`"
    ),
    TARGET_FIELD(
        null,
        "same as `field`",
        "where the result goes. With another target the source stays as it is, unless `remove_binary`"
    ),
    OPERATIONS(
        null,
        "none",
        "what is done to the picture, in order ([operations.md](operations.md)). None: the pixels stay, and only the metadata is removed"
    ),
    PROPERTIES(null, "the default ones", "what is extracted. `[]`: only what every picture gets"),
    LATER(
        null,
        "none",
        "which of the `properties` may be added later: the document is stored at once, with their names in `pending` "
            + "([enrich.md](enrich.md))"
    ),
    IGNORE_MISSING(false, "whether a document without a picture passes; else it is refused with 400"),
    ON_INVALID(
        List.of("fail", "record"),
        "`fail`: a picture that cannot be processed refuses the document with 400. `record`: the document is stored with `error.code` and "
            + "`error.reason`, and with the picture only if its metadata could be cut out of the file"
    ),
    KEEP_INVALID(
        false,
        "whether `record` stores a refused picture as it came, with the place where it was taken; refused beside `redact`, also where "
            + "`document_operations` lists it"
    ),
    REMOVE_BINARY(false, "keep the fields, not the picture"),
    STORE(
        List.of("data", "none", "external"),
        "`external`: the picture goes into the service's store, and the target has its address there as `stored` ([store.md](store.md)). `none`: "
            + "`data` is left out of the target; its fields and thumbnail are stored, the picture stays where it is"
    ),
    ORIGINALS(
        List.of("none", "external"),
        "`external`: what came in is kept in the service's store, too, with its metadata, the place above all; a changed recipe starts from it "
            + "([store.md](store.md#originals)); refused beside `redact`, also where `document_operations` lists it"
    ),
    TRUNCATED(List.of("fail", "accept"), "`accept`: a picture that ends too early is filled up instead of refused"),
    DOCUMENT_OPERATIONS(
        true,
        "which one-off `operations` a document may ask for: `true`, `false`, or a list of names ([below](#what-a-document-may-ask-for))"
    ),
    MAX_RESULT_BYTES(
        null,
        "none",
        "largest picture that is stored, such as `5mb`; a larger one counts as a bad picture (`result_too_large`)"
    ),
    TIMEOUT(null, "the node's", "time for one picture, such as `10s`");

    /** The name of the processor in a pipeline. */
    static final String TYPE = "image";

    /** What it is when the pipeline does not say; of choices all that there are, the default first. Null when there is nothing. */
    private final Object standard;
    private final String shownStandard;
    private final String meaning;

    Option(Object standard, String meaning) {
        this(standard, "`" + (standard instanceof List<?> choices ? choices.get(0) : standard) + "`", meaning);
    }

    Option(Object standard, String shownStandard, String meaning) {
        this.standard = standard;
        this.shownStandard = shownStandard;
        this.meaning = meaning;
    }

    /** Refuses what is left in the configuration when every option was taken out of it, as Elasticsearch would, but says what is valid. */
    static void refuseOthers(String tag, Map<String, Object> config) {
        if (config.isEmpty() == false) {
            String name = config.keySet().iterator().next();
            throw (ElasticsearchParseException) ConfigurationUtils.newConfigurationException(
                TYPE,
                tag,
                SafeText.shown(name),
                "unknown option; valid options are " + List.of(values())
            );
        }
    }

    /** As it stands in a pipeline. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The cells of its row in the documentation. */
    List<String> row() {
        return List.of("`" + this + "`", shownStandard, meaning);
    }

    /** Takes the name of a document's field, which may be dotted, out of the configuration. */
    String path(String tag, Map<String, Object> config, String otherwise) {
        String value = ConfigurationUtils.readStringProperty(TYPE, tag, config, toString(), otherwise);
        if (value.isBlank()) {
            throw wrong(tag, "must not be empty");
        }
        if (value.startsWith(".") || value.endsWith(".") || value.contains("..")) {
            throw wrong(tag, "must be names with single dots between them, got [" + SafeText.shown(value) + "]");
        }
        // Elasticsearch itself would refuse each document, and show the whole result, picture included.
        if (Arrays.stream(IngestDocument.Metadata.values()).anyMatch(metadata -> metadata.getFieldName().equals(value))) {
            throw wrong(tag, "must be a field of the document's source, got [" + value + "]");
        }
        return value;
    }

    String path(String tag, Map<String, Object> config) {
        return path(tag, config, (String) standard);
    }

    boolean flag(String tag, Map<String, Object> config) {
        return ConfigurationUtils.readBooleanProperty(TYPE, tag, config, toString(), (Boolean) standard);
    }

    /** Null when there is none. */
    List<Object> list(String tag, Map<String, Object> config, Function<List<Object>, String> problem) {
        List<Object> value = ConfigurationUtils.readOptionalList(TYPE, tag, config, toString());
        String wrong = value == null ? null : problem.apply(value);
        if (wrong != null) {
            throw wrong(tag, wrong);
        }
        return value;
    }

    /** Whether it is the second of two choices, which is not the default. */
    boolean isOther(String tag, Map<String, Object> config) {
        return ((List<?>) standard).indexOf(choice(tag, config)) > 0;
    }

    /** One of the choices. */
    String choice(String tag, Map<String, Object> config) {
        List<?> choices = (List<?>) standard;
        String value = ConfigurationUtils.readStringProperty(TYPE, tag, config, toString(), (String) choices.get(0));
        if (choices.contains(value) == false) {
            throw wrong(tag, "must be one of " + choices + ", got [" + SafeText.shown(value) + "]");
        }
        return value;
    }

    /** A number of bytes, 0 when there is none. */
    long bytes(String tag, Map<String, Object> config) {
        String text = ConfigurationUtils.readOptionalStringProperty(TYPE, tag, config, toString());
        if (text == null) {
            return 0;
        }
        long value = 0;
        try {
            value = ByteSizeValue.parseBytesSizeValue(text, toString()).getBytes();
        } catch (ElasticsearchParseException | IllegalArgumentException e) {
            // Refused below, with an example.
        }
        if (value < 1) {
            throw wrong(tag, "must be a size of at least one byte such as 5mb, got [" + SafeText.shown(text) + "]");
        }
        return value;
    }

    /** Null when there is none. */
    TimeValue time(String tag, Map<String, Object> config) {
        String text = ConfigurationUtils.readOptionalStringProperty(TYPE, tag, config, toString());
        if (text == null) {
            return null;
        }
        TimeValue value = null;
        try {
            value = TimeValue.parseTimeValue(text, toString());
        } catch (IllegalArgumentException e) {
            // Refused below, with an example.
        }
        if (value == null || value.millis() < 1 || value.compareTo(TimeValue.timeValueHours(1)) > 0) {
            throw wrong(tag, "must be a time between 1ms and 1h such as 30s, got [" + SafeText.shown(text) + "]");
        }
        return value;
    }

    /** Takes whatever it is. */
    Object any(Map<String, Object> config) {
        Object value = config.remove(toString());
        return value == null ? standard : value;
    }

    ElasticsearchParseException wrong(String tag, String problem) {
        return (ElasticsearchParseException) ConfigurationUtils.newConfigurationException(TYPE, tag, toString(), problem);
    }
}
