package org.ingestimage;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

import org.elasticsearch.action.support.MappedActionFilter;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.common.breaker.CircuitBreaker;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.env.Environment;
import org.elasticsearch.indices.breaker.BreakerSettings;
import org.elasticsearch.ingest.Processor;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.CircuitBreakerPlugin;
import org.elasticsearch.plugins.IngestPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.plugins.ReloadablePlugin;
import org.elasticsearch.plugins.SearchPlugin;
import org.ingestimage.common.Api;
import org.ingestimage.common.Timer;
import org.ingestimage.memory.BulkResults;
import org.ingestimage.memory.ResultMemory;
import org.ingestimage.memory.ShownProcessors;
import org.ingestimage.picture.Marks;
import org.ingestimage.processor.DeletedIndices;
import org.ingestimage.processor.ImageFactory;
import org.ingestimage.processor.ImageProcessor;
import org.ingestimage.processor.PipelineFilter;
import org.ingestimage.processor.ProcessorEnvironment;
import org.ingestimage.processor.RefusedObjects;
import org.ingestimage.processor.UpsertsOfBulks;
import org.ingestimage.recipe.RecipeSchema;
import org.ingestimage.search.ImageVectorBuilder;
import org.ingestimage.service.ImageSettings;
import org.ingestimage.service.ServiceClient;
import org.ingestimage.service.hosts.Tls;

/**
 * The plugin: registers the settings, the `image` processor and the query vector builder, and owns the client that all
 * pipelines of the node share.
 */
public final class ImagePlugin extends Plugin
    implements
        ActionPlugin,
        CircuitBreakerPlugin,
        IngestPlugin,
        SearchPlugin,
        ReloadablePlugin {

    private final Settings settings;
    private final Marks marks;
    private final ResultMemory memory = new ResultMemory();
    private Executor executor;
    private ThreadContext threadContext;
    private Timer timer;
    private volatile ServiceClient client;
    /** None are stored before the node has started. */
    private volatile Supplier<Map<String, Map<String, Object>>> pipelines = Map::of;
    private volatile Supplier<ClusterState> state = () -> ClusterState.EMPTY_STATE;

    /** Called by the node. The keystore is open only now and in {@link #reload}. */
    public ImagePlugin(Settings settings) {
        this.settings = settings;
        this.marks = new Marks(ImageSettings.TOKEN.get(settings), ImageSettings.PREVIOUS_TOKEN.get(settings));
    }

    @Override
    public List<Setting<?>> getSettings() {
        return ImageSettings.all();
    }

    @Override
    public Settings additionalSettings() {
        return Api.additionalSettings(settings);
    }

    /** The node calls this before {@link #createComponents}: processors find the client later. */
    @Override
    public Map<String, Processor.Factory> getProcessors(Processor.Parameters parameters) {
        executor = parameters.genericExecutor::accept;
        timer = parameters.scheduler::apply;
        threadContext = parameters.threadContext;
        ProcessorEnvironment environment = new ProcessorEnvironment(RecipeSchema.packed(), parameters.threadContext, executor, () -> client);
        return Map.of(ImageProcessor.TYPE, new ImageFactory(environment));
    }

    @Override
    public BreakerSettings getCircuitBreaker(Settings settings) {
        return ResultMemory.breakerSettings(settings);
    }

    @Override
    public void setCircuitBreaker(CircuitBreaker breaker) {
        memory.setBreaker(breaker);
    }

    @Override
    public Collection<MappedActionFilter> getMappedActionFilters() {
        List<MappedActionFilter> filters = new ArrayList<>(BulkResults.Filter.all(new ShownProcessors(() -> pipelines.get()), () -> threadContext, memory));
        filters.add(new RefusedObjects(() -> threadContext));
        filters.add(new UpsertsOfBulks(() -> state.get()));
        filters.addAll(DeletedIndices.all(() -> threadContext));
        filters.add(new PipelineFilter(RecipeSchema.packed(), () -> threadContext, () -> client));
        return filters;
    }

    @Override
    public List<QueryVectorBuilderSpec<?>> getQueryVectorBuilders() {
        return List.of(
            new QueryVectorBuilderSpec<>(
                ImageVectorBuilder.NAME,
                in -> new ImageVectorBuilder(in, () -> client),
                (parser, nothing) -> ImageVectorBuilder.parse(parser, () -> client)
            )
        );
    }

    @Override
    public Collection<?> createComponents(PluginServices services) {
        state = services.clusterService()::state;
        pipelines = () -> Api.pipelines(state.get());
        connect(services.environment(), services.clusterService().getClusterSettings());
        return List.of();
    }

    void connect(Environment environment, ClusterSettings clusterSettings) {
        Settings settings = environment.settings();
        String authority = ImageSettings.CERTIFICATE_AUTHORITY.get(settings);
        SSLContext trust = authority.isEmpty() ? null : Tls.trusting(underConfig(environment, authority));
        ServiceClient made = new ServiceClient(settings, marks, memory, trust, executor, timer, InetAddress::getAllByName);
        clusterSettings.addSettingsUpdateConsumer(made::apply, ImageSettings.DYNAMIC);
        client = made;
    }

    private static Path underConfig(Environment environment, String file) {
        Path config = environment.configDir().toAbsolutePath().normalize();
        Path path = config.resolve(file).normalize();
        if (path.startsWith(config) == false) {
            throw new IllegalArgumentException("[ingest.image.ssl.certificate_authority] must be a file under the config folder, got [" + file + "]");
        }
        return path;
    }

    /** The node reloads its secure settings: new tokens are used from the next call on. */
    @Override
    public void reload(Settings settings) {
        marks.setTokens(ImageSettings.TOKEN.get(settings), ImageSettings.PREVIOUS_TOKEN.get(settings));
    }

    @Override
    public void close() {
        ServiceClient current = client;
        if (current != null) {
            current.close();
        }
    }
}
