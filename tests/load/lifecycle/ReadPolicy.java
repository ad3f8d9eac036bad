import java.util.List;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.xcontent.NamedXContentRegistry;
import org.elasticsearch.xcontent.NamedXContentRegistry.Entry;
import org.elasticsearch.xcontent.ParseField;
import org.elasticsearch.xcontent.XContentParserConfiguration;
import org.elasticsearch.xcontent.XContentType;
import org.elasticsearch.xpack.core.ilm.DeleteAction;
import org.elasticsearch.xpack.core.ilm.ForceMergeAction;
import org.elasticsearch.xpack.core.ilm.LifecycleAction;
import org.elasticsearch.xpack.core.ilm.LifecyclePolicy;
import org.elasticsearch.xpack.core.ilm.LifecycleType;
import org.elasticsearch.xpack.core.ilm.RolloverAction;
import org.elasticsearch.xpack.core.ilm.SetPriorityAction;
import org.elasticsearch.xpack.core.ilm.TimeseriesLifecycleType;

/** Reads a lifecycle policy from standard input and checks it, by Elasticsearch's own classes; prints its phases. */
class ReadPolicy {
    public static void main(String[] arguments) throws Exception {
        LogConfigurator.configureESLogging();
        // What the module of ILM registers, which Maven Central does not have.
        List<Entry> known = List.of(
                new Entry(LifecycleType.class, new ParseField(TimeseriesLifecycleType.TYPE), p -> TimeseriesLifecycleType.INSTANCE),
                new Entry(LifecycleAction.class, new ParseField(RolloverAction.NAME), RolloverAction::parse),
                new Entry(LifecycleAction.class, new ParseField(ForceMergeAction.NAME), ForceMergeAction::parse),
                new Entry(LifecycleAction.class, new ParseField(SetPriorityAction.NAME), SetPriorityAction::parse),
                new Entry(LifecycleAction.class, new ParseField(DeleteAction.NAME), DeleteAction::parse));
        XContentParserConfiguration strict = XContentParserConfiguration.EMPTY.withRegistry(new NamedXContentRegistry(known));
        try (var parser = XContentType.JSON.xContent().createParser(strict, System.in)) {
            LifecyclePolicy policy = LifecyclePolicy.parse(parser, "photos");
            policy.validate();
            for (var phase : policy.getType().getOrderedPhases(policy.getPhases())) {
                System.out.println(phase.getName() + " " + phase.getMinimumAge() + " " + phase.getActions().keySet().stream().sorted().toList());
            }
        }
    }
}
