"""The cache: jars of Elasticsearch from Maven, and our own few classes compiled against them.

Both are built in a temporary folder, and renamed when complete. So a folder with its final name is complete, and needs
no network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from .errors import NodeError
from .jdk import Jdk
from .places import JAVA_SOURCES, cache_folder
from .versions import Version

_AGENT_MANIFEST = (
    "Manifest-Version: 1.0\n"
    "Agent-Class: org.ingestimage.embedded.agent.EntitlementAgent\n"
    "Can-Redefine-Classes: true\n"
    "Can-Retransform-Classes: true\n"
)
# Our jars, and which of the compiled classes each holds.
_OUR_JARS = {
    "agent.jar": "org/ingestimage/embedded/agent",
    "launch.jar": "org/ingestimage/embedded/launch",
    "rest-root.jar": "org/ingestimage/embedded/restroot",
    "ansi-console.jar": "org/elasticsearch/io/ansi",
}
_REST_SERVICES = "org/elasticsearch/plugins/ActionPlugin$RestHandlersServices.class"


def elasticsearch_jars(version: Version, jdk: Jdk) -> Path:
    """A folder with the server, its network module and all their dependencies; downloaded if it is not in the cache.

    Raises:
        NodeError: Maven is missing or failed.
    """
    return once(cache_folder() / version.number / "jars", lambda folder: _download(version, jdk, folder))


def our_jars(version: Version, jdk: Jdk, elasticsearch: Path) -> Path:
    """A folder with the jars made from `java/`; compiled if the cache has none of exactly these sources.

    Raises:
        NodeError: javac failed.
    """
    parts = ("common", f"rest-handlers/{_rest_handlers(version, elasticsearch)}")
    sources = sorted(path for part in parts for path in (JAVA_SOURCES / part).rglob("*.java"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    target = cache_folder() / version.number / f"ours-{digest}"
    return once(target, lambda folder: _compile(version, jdk, elasticsearch, sources, folder))


def _rest_handlers(version: Version, elasticsearch: Path) -> str:
    """How plugins of that release are asked for their REST handlers: with nine arguments, or with most of them in one.

    It changed within 9.x, so the jar is asked.
    """
    with zipfile.ZipFile(elasticsearch / f"elasticsearch-{version.number}.jar") as server:
        return "services" if _REST_SERVICES in server.namelist() else "arguments"


def once(target: Path, build: Callable[[Path], None]) -> Path:
    """Build a folder of the cache under another name and rename it, unless it already exists.

    Raises:
        NodeError: the cache cannot be written to.
    """
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise NodeError(
            f"Cannot write to the cache: {error}; set IMAGE_EMBEDDED_CACHE to a writable folder."
        ) from error
    try:
        build(scratch)
        scratch.chmod(0o755)
        try:
            scratch.rename(target)
        except OSError:
            # Somebody else finished first; theirs is as good.
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _download(version: Version, jdk: Jdk, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise NodeError(
            f"Maven (mvn) is not on the PATH; it is needed once, to download Elasticsearch {version.number} "
            "from Maven Central: install it."
        )
    command = [
        maven,
        "--quiet",
        "--batch-mode",
        "--file",
        str(JAVA_SOURCES / "pom.xml"),
        f"-Des.version={version.number}",
    ]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    # Compiled lightly, as Maven runs for seconds: half of the processor time.
    options = f"-XX:TieredStopAtLevel=1 {os.environ.get('MAVEN_OPTS', '')}"
    done = _run(command, {**os.environ, "JAVA_HOME": str(jdk.home), "MAVEN_OPTS": options})
    if done.returncode != 0:
        reasons = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        reason = reasons[0].removeprefix("[ERROR]").strip() if reasons else f"exit code {done.returncode}"
        raise NodeError(
            f"Maven could not download Elasticsearch {version.number}; "
            f"check the network and Maven's settings.xml: {reason}"
        )


def _compile(version: Version, jdk: Jdk, elasticsearch: Path, sources: list[Path], folder: Path) -> None:
    classes = folder / "classes"
    command = [str(jdk.javac), "--release", str(version.java_release), "-proc:none", "-nowarn", "-d", str(classes)]
    command += ["-cp", f"{elasticsearch}/*", *map(str, sources)]
    done = _run(command, dict(os.environ))
    if done.returncode != 0:
        raise NodeError(f"javac failed on {JAVA_SOURCES} for Elasticsearch {version.number}:\n{done.stdout}")
    for name, below in _OUR_JARS.items():
        with zipfile.ZipFile(folder / name, "w") as jar:
            jar.writestr("META-INF/MANIFEST.MF", _AGENT_MANIFEST if name == "agent.jar" else "Manifest-Version: 1.0\n")
            for path in sorted((classes / below).rglob("*.class")):
                jar.write(path, path.relative_to(classes))
    shutil.rmtree(classes)


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, its output (both streams) in `stdout`."""
    return subprocess.run(  # noqa: S603 - the program is Maven or javac, found above
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
