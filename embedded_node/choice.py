"""Which Elasticsearch is started, with which JDK."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import NodeError
from .jdk import Jdk, find_jdk
from .versions import Version, version, versions


@dataclass(frozen=True)
class Choice:
    """A version of Elasticsearch, a JDK for it, and a sentence for the user when it is not the default version."""

    version: Version
    jdk: Jdk
    note: str | None = None


def choose(es_version: str | None) -> Choice:
    """The version asked for, or the first one in versions.txt that some JDK of this machine can run.

    Raises:
        NodeError: the version is not supported, or no JDK can run it.
    """
    if es_version is not None:
        wanted = version(es_version)
        return Choice(wanted, find_jdk(wanted.java_release))
    first, *others = versions()
    try:
        return Choice(first, find_jdk(first.java_release))
    except NodeError as error:
        for other in others:
            try:
                jdk = find_jdk(other.java_release)
            except NodeError:
                continue
            note = (
                f"Elasticsearch {first.number} needs a JDK {first.java_release} and only {jdk.release} was found, "
                f"so {other.number} is started."
            )
            return Choice(other, jdk, note)
        raise error
