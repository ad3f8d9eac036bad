package org.ingestimage.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** The tables of docs/plugin.md that tell what the code declares. */
public final class Docs {

    private static final Path PAGE = Path.of("..", "docs", "plugin.md");

    private Docs() {}

    /** That the table below the heading has these rows, of cells in Markdown. */
    public static void assertTable(String heading, List<List<String>> rows) throws IOException {
        List<String> lines = Files.readAllLines(PAGE);
        List<String> table = lines.subList(lines.indexOf("## " + heading) + 1, lines.size())
            .stream()
            .dropWhile(line -> line.startsWith("|") == false)
            .takeWhile(line -> line.startsWith("|"))
            .skip(2)
            .toList();
        String wanted = rows.stream().map(row -> "| " + String.join(" | ", row) + " |").collect(Collectors.joining("\n"));
        assertEquals(wanted, String.join("\n", table), "docs/plugin.md, table of [" + heading + "]");
    }
}
