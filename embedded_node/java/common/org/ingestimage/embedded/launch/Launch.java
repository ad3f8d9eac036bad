package org.ingestimage.embedded.launch;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.elasticsearch.bootstrap.ServerArgs;
import org.elasticsearch.common.io.stream.OutputStreamStreamOutput;
import org.elasticsearch.common.settings.KeyStoreWrapper;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.node.InternalSettingsPreparer;

/**
 * Writes the node's keystore, and to standard output the bytes that the node expects on its standard input.
 *
 * <p>A keystore that is there already is kept: whoever put it there made it of the same secrets.
 *
 * <p>Arguments: the home folder, the configuration folder, the logs folder. Standard input: lines
 * {@code name=value} of secrets for the keystore.
 */
public final class Launch {
    private Launch() {}

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Path config = Path.of(arguments[1]);
        Path logs = Path.of(arguments[2]);
        List<String> secrets = new String(System.in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        // Anything that a library prints must not get between the bytes of the arguments.
        OutputStream output = System.out;
        System.setOut(System.err);
        try (KeyStoreWrapper keystore = KeyStoreWrapper.create()) {
            for (String secret : secrets) {
                int equals = secret.indexOf('=');
                keystore.setString(secret.substring(0, equals), secret.substring(equals + 1).toCharArray());
            }
            // Deriving its key takes half of this program's processor time.
            if (!Files.exists(KeyStoreWrapper.keystorePath(config))) {
                keystore.save(config, new char[0]);
            }
            // The node does not read elasticsearch.yml itself: whoever starts it does.
            Settings given = Settings.builder().put("path.home", home).build();
            Settings settings = InternalSettingsPreparer.prepareEnvironment(given, Map.of(), config, () -> "embedded").settings();
            write(new ServerArgs(false, false, null, keystore, settings, config, logs), output);
        }
    }

    private static void write(ServerArgs arguments, OutputStream output) throws IOException {
        try (OutputStreamStreamOutput stream = new OutputStreamStreamOutput(output)) {
            arguments.writeTo(stream);
        }
    }
}
