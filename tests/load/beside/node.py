"""The embedded node with other processors than ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from embedded_node import EmbeddedNode
from embedded_node.folder import NodeFolder

SOURCE = Path(__file__).with_name("OtherProcessors.java")


class NodeWithOthers(EmbeddedNode):
    """It has `foreach`, `set`, `remove`, `pipeline` and `drop`."""

    def _spawn(self, folder: NodeFolder) -> subprocess.Popen[bytes]:
        version, module = self.choice.version, folder.home / "modules" / "other-processors"
        classes = module / "classes"
        classes.mkdir(parents=True)
        command: list[str | Path] = [
            self.choice.jdk.javac,
            "--release",
            str(version.java_release),
            "-proc:none",
            "-nowarn",
        ]
        subprocess.run(
            [*command, "-cp", f"{folder.home}/lib/*", "-d", classes, SOURCE], check=True, capture_output=True
        )
        shutil.make_archive(str(module / "other-processors"), "zip", classes)
        (module / "other-processors.zip").rename(module / "other-processors.jar")
        shutil.rmtree(classes)
        (module / "plugin-descriptor.properties").write_text(
            f"name={module.name}\ndescription={module.name}\nversion={version.number}\n"
            f"elasticsearch.version={version.number}\njava.version={version.java_release}\nclassname={SOURCE.stem}\n"
        )
        return super()._spawn(folder)
