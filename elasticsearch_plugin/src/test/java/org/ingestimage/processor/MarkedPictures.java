package org.ingestimage.processor;

import static org.ingestimage.testing.Documents.map;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.ingestimage.recipe.Recipe;
import org.ingestimage.testing.Documents;
import org.ingestimage.testing.FakeService;
import org.ingestimage.testing.TestNode;
import org.ingestimage.testing.TestNode.Result;
import org.junit.jupiter.api.AfterEach;

/** What tests of pictures that were processed before have in common: such a picture, a service and a node. */
abstract class MarkedPictures {

    static final String DATA = Base64.getEncoder().encodeToString("a processed picture".getBytes(StandardCharsets.UTF_8));
    static final String SOURCE = Base64.getEncoder().encodeToString("a source".getBytes(StandardCharsets.UTF_8));
    static final Map<String, Object> CONFIG = Map.of("operations", List.of("auto_orient"));
    static final String RECIPE = Recipe.of(List.of("auto_orient"), null).hash();
    static final List<Object> TURN = List.of(Map.of("rotate", Map.of("degrees", 90)));
    static final String THUMBNAIL = "AAAA";

    final FakeService service = new FakeService(FakeService.good());
    final TestNode node = new TestNode(TestNode.hosts(service));

    @AfterEach
    void close() {
        node.close();
        service.close();
    }

    static byte[] bytes(String data) {
        return Base64.getDecoder().decode(data);
    }

    static String mark(String data) {
        return Documents.mark(RECIPE, bytes(data));
    }

    static Map<String, Object> marked() {
        return with(
            map("data", DATA, "mark", mark(DATA), "sha256", Documents.hash(bytes(DATA)), "width", 3),
            "thumbnail",
            THUMBNAIL,
            "thumbnail_mark",
            Documents.thumbnailMark(RECIPE, bytes(DATA), bytes(THUMBNAIL))
        );
    }

    static Map<String, Object> without(Map<String, Object> map, String... names) {
        Map<String, Object> result = new HashMap<>(map);
        List.of(names).forEach(result::remove);
        return result;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> image(Result result) {
        return (Map<String, Object>) result.get("image");
    }

    static Map<String, Object> changed(Map<String, Object> map, Object... pairs) {
        Map<String, Object> result = new HashMap<>(map);
        result.putAll(map(pairs));
        return result;
    }

    static Map<String, Object> with(Map<String, Object> config, Object... pairs) {
        Map<String, Object> result = map(pairs);
        result.putAll(config);
        return result;
    }

    static Map<String, Object> made() {
        return with(marked(), "source_mark", Documents.sourceMark(RECIPE, bytes(SOURCE), bytes(DATA)));
    }
}
