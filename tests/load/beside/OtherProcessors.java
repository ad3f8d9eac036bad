import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.ingest.AbstractProcessor;
import org.elasticsearch.ingest.ConfigurationUtils;
import org.elasticsearch.ingest.DropProcessor;
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.ingest.PipelineProcessor;
import org.elasticsearch.ingest.Processor;
import org.elasticsearch.plugins.IngestPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.plugins.ScriptPlugin;
import org.elasticsearch.script.IngestConditionalScript;
import org.elasticsearch.script.ScriptContext;
import org.elasticsearch.script.ScriptEngine;

/**
 * Processors for a node that has none but ours: `pipeline` and `drop` are the server's own; `foreach`, `set` (`copy_from`
 * only) and `remove` are in jars that nobody publishes, and written here after what Elastic's do. So is Painless, of which
 * conditions know one sentence: `if` itself is the server's own.
 */
public final class OtherProcessors extends Plugin implements IngestPlugin, ScriptPlugin {

    @Override
    public ScriptEngine getScriptEngine(Settings settings, Collection<ScriptContext<?>> contexts) {
        return new Conditions();
    }

    /** `ctx.FIELD == 'TEXT'`. */
    private static final class Conditions implements ScriptEngine {
        private static final Pattern EQUAL = Pattern.compile("ctx\\.(\\w+) == '(\\w*)'");

        @Override
        public String getType() {
            return "painless";
        }

        @Override
        public <F> F compile(String name, String code, ScriptContext<F> context, Map<String, String> options) {
            Matcher equal = EQUAL.matcher(code);
            if (equal.matches() == false) {
                throw new IllegalArgumentException("not a condition that is known here: " + code);
            }
            IngestConditionalScript.Factory factory = (params, document) -> new IngestConditionalScript(params, document) {
                @Override
                public boolean execute() {
                    return equal.group(2).equals(getCtx().get(equal.group(1)));
                }
            };
            return context.factoryClazz.cast(factory);
        }

        @Override
        public Set<ScriptContext<?>> getSupportedContexts() {
            return Set.of(IngestConditionalScript.CONTEXT);
        }
    }

    @Override
    public Map<String, Processor.Factory> getProcessors(Processor.Parameters parameters) {
        return Map.of(
            "pipeline", new PipelineProcessor.Factory(parameters.ingestService),
            "drop", new DropProcessor.Factory(),
            "foreach", (factories, tag, description, config, project) -> {
                String field = ConfigurationUtils.readStringProperty("foreach", tag, config, "field");
                Map.Entry<String, Object> one = ConfigurationUtils.<Object>readMap("foreach", tag, config, "processor").entrySet().iterator().next();
                Processor inner = ConfigurationUtils.readProcessor(factories, parameters.scriptService, one.getKey(), one.getValue(), project);
                return new ForEach(tag, description, field, inner);
            },
            "set", (factories, tag, description, config, project) -> {
                String to = ConfigurationUtils.readStringProperty("set", tag, config, "field");
                String from = ConfigurationUtils.readStringProperty("set", tag, config, "copy_from");
                return new Simple("set", tag, description, document -> document.setFieldValue(to, IngestDocument.deepCopy(document.getFieldValue(from, Object.class))));
            },
            "remove", (factories, tag, description, config, project) -> {
                String field = ConfigurationUtils.readStringProperty("remove", tag, config, "field");
                return new Simple("remove", tag, description, document -> document.removeField(field));
            }
        );
    }

    private static final class Simple extends AbstractProcessor {
        private final String type;
        private final java.util.function.Consumer<IngestDocument> change;

        Simple(String type, String tag, String description, java.util.function.Consumer<IngestDocument> change) {
            super(tag, description);
            this.type = type;
            this.change = change;
        }

        @Override
        public IngestDocument execute(IngestDocument document) {
            change.accept(document);
            return document;
        }

        @Override
        public String getType() {
            return type;
        }
    }

    /** One element after the other is `_ingest._value`; the list that comes of them takes the place of the old one. */
    private static final class ForEach extends AbstractProcessor {
        private final String field;
        private final Processor inner;

        ForEach(String tag, String description, String field, Processor inner) {
            super(tag, description);
            this.field = field;
            this.inner = inner;
        }

        @Override
        public void execute(IngestDocument document, BiConsumer<IngestDocument, Exception> handler) {
            List<?> before = document.getFieldValue(field, List.class);
            next(0, new ArrayList<>(before), new ArrayList<>(before.size()), document, handler);
        }

        private void next(int index, List<?> before, List<Object> after, IngestDocument document, BiConsumer<IngestDocument, Exception> handler) {
            if (index == before.size()) {
                document.setFieldValue(field, after);
                handler.accept(document, null);
                return;
            }
            Object previous = document.getIngestMetadata().put("_value", before.get(index));
            inner.execute(document, (result, failure) -> {
                after.add(document.getIngestMetadata().put("_value", previous));
                if (failure != null || result == null) {
                    handler.accept(result, failure);
                } else {
                    next(index + 1, before, after, document, handler);
                }
            });
        }

        @Override
        public String getType() {
            return "foreach";
        }

        @Override
        public boolean isAsync() {
            return true;
        }
    }
}
