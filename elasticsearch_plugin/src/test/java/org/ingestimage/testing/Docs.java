package org.ingestimage.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The tables of docs/plugin.md that tell what the code declares. With `UPDATE_DOCS=1` in the environment, tests write
 * them.
 */
public final class Docs {

    private static final Path PAGE = Path.of("..", "docs", "plugin.md");
    private static final Path LOCK = Path.of("target", "docs.lock");

    private Docs() {}

    /** That the table below the heading has these rows, of cells in Markdown. */
    public static void assertTable(String heading, List<List<String>> rows) throws IOException {
        List<String> wanted = rows.stream().map(row -> "| " + String.join(" | ", row) + " |").toList();
        if (System.getenv("UPDATE_DOCS") != null) {
            write(heading, wanted);
        }
        String advice = "; UPDATE_DOCS=1 elasticsearch_plugin/build --test writes it";
        assertEquals(
            String.join("\n", wanted),
            String.join("\n", table(heading, Files.readAllLines(PAGE))),
            "docs/plugin.md, table of [" + heading + "]" + advice
        );
    }

    /** Tests run in several processes: they write one after the other. */
    private static void write(String heading, List<String> wanted) throws IOException {
        Files.createDirectories(LOCK.getParent());
        try (
            FileChannel channel = FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock held = channel.lock()
        ) {
            List<String> lines = new ArrayList<>(Files.readAllLines(PAGE));
            List<String> table = table(heading, lines);
            table.clear();
            table.addAll(wanted);
            Files.write(PAGE, lines);
        }
    }

    /** The rows below the head of the table, as a part of these lines. */
    private static List<String> table(String heading, List<String> lines) {
        int from = lines.indexOf("## " + heading) + 1;
        while (lines.get(from).startsWith("|") == false) {
            from++;
        }
        from += 2;
        int to = from;
        while (to < lines.size() && lines.get(to).startsWith("|")) {
            to++;
        }
        return lines.subList(from, to);
    }
}
