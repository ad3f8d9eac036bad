"""Makes the command that starts the production main class with entitlements enforced, and the bytes it reads first."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .distribution import BRIDGE
from .errors import NodeError
from .folder import NodeFolder
from .jdk import Jdk

# What Elasticsearch's own launcher opens to it; 9.1 ends at once without them.
_OPENED = (
    "core/org.apache.lucene.codecs.lucene99",
    *(f"backward_codecs/org.apache.lucene.backward_codecs.lucene{release}" for release in (90, 91, 92, 94, 95)),
)

# Keystores that were written, by our jars for a version and by the secrets, for the next node of this process.
_KEYSTORES: dict[tuple[Path, frozenset[tuple[str, str]]], bytes] = {}


def environment(folder: NodeFolder) -> dict[str, str]:
    """Environment variables of the node: only a few, so that it gets none of our secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    return {**kept, "ES_TMPDIR": str(folder.tmp), "LIBFFI_TMPDIR": str(folder.tmp)}


def node_input(folder: NodeFolder, jdk: Jdk, ours: Path, secrets: Mapping[str, str]) -> bytes:
    """Write the keystore with `secrets` and return the bytes that the node expects on its standard input.

    Raises:
        NodeError: the helper failed.
    """
    keystore, key = folder.config / "elasticsearch.keystore", (ours, frozenset(secrets.items()))
    keystore.unlink(missing_ok=True)
    if key in _KEYSTORES:
        keystore.write_bytes(_KEYSTORES[key])
    command = [str(jdk.java), "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"]
    command += [f"{ours / 'launch.jar'}{os.pathsep}{folder.home / 'lib'}/*", "org.ingestimage.embedded.launch.Launch"]
    done = subprocess.run(  # noqa: S603 - the JDK found above
        [*command, str(folder.home), str(folder.config), str(folder.logs)],
        input="".join(f"{name}={value}\n" for name, value in secrets.items()).encode(),
        env=environment(folder),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise NodeError(f"Could not write the node's keystore:\n{done.stderr.decode(errors='replace')}")
    _KEYSTORES[key] = keystore.read_bytes()
    return done.stdout


def node_command(folder: NodeFolder, jdk: Jdk, heap: str, quick_start: bool, options: Sequence[str]) -> list[str]:
    """The command line of the node. With `quick_start` the JVM compiles lightly: ready earlier, slower later.

    `options` are further ones of the JVM, and win over ours.
    """
    # Checking the bytecode of thousands of classes takes a fifth of the processor time of a start. javac wrote it, and
    # nodes without `quick_start` check it.
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote"]
    bridge = next((folder.home / "bridge").glob(f"{BRIDGE}*.jar"))
    readers = "org.elasticsearch.entitlement,java.logging,java.net.http,java.naming,jdk.net"
    return [
        str(jdk.java),
        f"-Xms{heap}",
        f"-Xmx{heap}",
        "-Xss1m",
        *(quick if quick_start else []),
        "-Djava.awt.headless=true",
        "-Dfile.encoding=UTF-8",
        f"-Djava.io.tmpdir={folder.tmp}",
        "-XX:-OmitStackTraceInFastThrow",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={folder.logs}/hs_err_pid%p.log",
        "-Dlog4j.shutdownHookEnabled=false",
        "-Dlog4j2.disable.jmx=true",
        "-Dio.netty.noUnsafe=true",
        "-Dio.netty.noKeySetOptimization=true",
        "-Dio.netty.recycler.maxCapacityPerThread=0",
        "-Des.networkaddress.cache.ttl=60",
        "-Des.networkaddress.cache.negative.ttl=10",
        f"-Des.path.home={folder.home}",
        # Entitlements: the node attaches an agent to itself, and the patched java.base asks it before anything
        # sensitive.
        "-Des.entitlements.enabled=true",
        "-XX:+EnableDynamicAgentLoading",
        "-Djdk.attach.allowAttachSelf=true",
        f"--patch-module=java.base={bridge}",
        f"--add-exports=java.base/org.elasticsearch.entitlement.bridge={readers}",
        *(f"--add-opens=org.apache.lucene.{name}=org.elasticsearch.server" for name in _OPENED),
        "--enable-native-access=org.elasticsearch.nativeaccess,org.apache.lucene.core",
        *options,
        "--module-path",
        str(folder.home / "lib"),
        "--add-modules=jdk.net,jdk.management.agent,ALL-MODULE-PATH",
        "-m",
        "org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch",
    ]
