"""Finds a JDK: `python -m embedded_node.jdk 21` prints the home folder of one with release 21 or newer, with javac."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import NodeError

# Folders in which installers put JDKs, and the path from there to a home folder.
_SYSTEM_FOLDERS = (
    (Path("/usr/lib") / "jvm", "*"),
    (Path("/usr/java"), "*"),
    (Path("/opt/java"), "*"),
    (Path("/opt/homebrew/opt"), "openjdk*/libexec/openjdk.jdk/Contents/Home"),
    (Path("/usr/local/opt"), "openjdk*/libexec/openjdk.jdk/Contents/Home"),
    (Path("/Library/Java/JavaVirtualMachines"), "*/Contents/Home"),
)
_USER_FOLDERS = (
    (".sdkman/candidates/java", "*"),
    (".jdks", "*"),
    (".asdf/installs/java", "*"),
    (".local/share/mise/installs/java", "*"),
    ("Library/Java/JavaVirtualMachines", "*/Contents/Home"),
)


@dataclass(frozen=True)
class Jdk:
    """A Java development kit: its home folder and its feature release (17, 21, 25)."""

    home: Path
    release: int

    @property
    def java(self) -> Path:
        """The launcher."""
        return self.home / "bin" / "java"

    @property
    def javac(self) -> Path:
        """The compiler."""
        return self.home / "bin" / "javac"


def inspect(home: Path) -> Jdk | None:
    """The JDK in that folder, or None when there is none (or only a runtime without a compiler)."""
    try:
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # JAVA_VERSION="1.8.0_402" before Java 9, JAVA_VERSION="17.0.15" since.
    found = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', text, re.MULTILINE)
    jdk = Jdk(home, int(found[1])) if found else None
    return jdk if jdk and os.access(jdk.java, os.X_OK) and os.access(jdk.javac, os.X_OK) else None


def _homes() -> Iterator[Path]:
    """Folders that may be a JDK; explicitly chosen ones come first."""
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if java := shutil.which("java"):
        yield Path(java).resolve().parent.parent
    user = Path.home()
    for folder, pattern in (*_SYSTEM_FOLDERS, *((user / below, pattern) for below, pattern in _USER_FOLDERS)):
        yield from sorted(folder.glob(pattern))


def installed() -> list[Jdk]:
    """All JDKs found, in order of preference. `IMAGE_JAVA_HOME`, when set, is the only one looked at."""
    if chosen := os.environ.get("IMAGE_JAVA_HOME"):
        jdk = inspect(Path(chosen))
        return [jdk] if jdk else []
    homes: dict[Path, Path] = {}
    for home in _homes():
        # The same JDK often has several names; the first one seen is kept.
        homes.setdefault(home.resolve(), home)
    return [jdk for jdk in map(inspect, homes.values()) if jdk]


def find_jdk(minimum: int) -> Jdk:
    """A JDK with that release or newer: the one in `JAVA_HOME`, else the oldest that will do.

    The oldest, because a Java release that is newer than Elasticsearch may not work with its entitlements.

    Raises:
        NodeError: there is none.
    """
    found = installed()
    suitable = [jdk for jdk in found if jdk.release >= minimum]
    if suitable:
        preferred = Path(os.environ.get("JAVA_HOME", ""))
        return min(suitable, key=lambda jdk: (jdk.home != preferred, jdk.release))
    chosen = os.environ.get("IMAGE_JAVA_HOME")
    where = f"IMAGE_JAVA_HOME ({chosen})" if chosen else "this machine"
    seen = ", ".join(f"{jdk.release} ({jdk.home})" for jdk in found) or "none"
    raise NodeError(
        f"No JDK {minimum} or newer with javac on {where}, found: {seen}; "
        f"install one and set IMAGE_JAVA_HOME to its home folder."
    )


def main() -> int:
    """Print the home folder of a JDK with at least the release given as the only argument."""
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        print("usage: python -m embedded_node.jdk RELEASE (for instance 21)", file=sys.stderr)
        return 2
    try:
        print(find_jdk(int(sys.argv[1])).home)
    except NodeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
