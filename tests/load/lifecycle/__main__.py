"""Say the phases of the printed policy, and end with 1 when Elasticsearch would refuse it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from embedded_node.jars import elasticsearch_jars
from embedded_node.jdk import find_jdk
from embedded_node.versions import versions
from tests.helpers.dev_tools import parse
from tests.helpers.documented import the_block
from tests.load.secured.node import fetch_jars

HERE = Path(__file__).parent


def main() -> int:
    """Check the policy as printed, and one with an action in a phase that has none of it."""
    version = versions()[0]
    jdk = find_jdk(version.java_release)
    policy = json.loads(parse(the_block("docs/data-streams.md", "PUT _ilm").text)[0].body)["policy"]
    wrong = {"phases": {"cold": {"actions": {"rollover": {"max_age": "1d"}}}}}
    with tempfile.TemporaryDirectory() as folder:
        fetch_jars(version.number, Path(folder) / "jars")
        paths = os.pathsep.join([folder, f"{folder}/jars/*", f"{elasticsearch_jars(version, jdk)}/*"])
        subprocess.run(
            [jdk.javac, "-proc:none", "-nowarn", "-cp", paths, "-d", folder, HERE / "ReadPolicy.java"], check=True
        )
        done = [
            subprocess.run(
                [jdk.java, "-cp", paths, "ReadPolicy"],
                input=json.dumps(one),
                capture_output=True,
                text=True,
                check=False,
            )
            for one in (policy, wrong)
        ]
    print(done[0].stdout or done[0].stderr, end="")
    refused = done[1].returncode != 0 and "rollover" in done[1].stderr
    print("a rollover in the cold phase is refused" if refused else f"WRONG: not refused: {done[1].stderr[-500:]}")
    return 0 if done[0].returncode == 0 and refused else 1


if __name__ == "__main__":
    sys.exit(main())
