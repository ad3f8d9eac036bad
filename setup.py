"""Puts into a wheel what a checkout has outside the packages: the plugin's zips, its versions, the demo's pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
DEMO = Path("ingest_image", "demo")


class BuildWithResources(build_py):
    """An image's build has no plugin and no pictures; its wheel comes without them."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        versions = ROOT / "elasticsearch_plugin" / "versions.txt"
        if versions.exists():
            self._copy(versions, Path("embedded_node", "bundled", "versions.txt"))
            for row in (row.split("#")[0].split() for row in versions.read_text(encoding="utf-8").splitlines()):
                name = f"ingest-image-{self.distribution.get_version()}-es{row[0]}.zip" if row else ""
                if row and (zip_ := ROOT / "build" / "plugins" / name).exists():
                    self._copy(zip_, Path("embedded_node", "bundled", "plugins", name))
        pictures = ROOT / "tests" / "pictures"
        if pictures.exists():
            names = json.loads((ROOT / DEMO / "documents.json").read_text(encoding="utf-8")).values()
            for name in (*names, "LICENCES.md"):
                self._copy(pictures / name, DEMO / "pictures" / name)

    def _copy(self, source: Path, target: Path) -> None:
        path = Path(self.build_lib) / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)


setup(cmdclass={"build_py": BuildWithResources})
