"""What the image's packages need of the system: no more than Python's slim image has, as nothing is installed there."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest

# glibc, those of GCC, and zlib: apt and Python themselves need them.
SLIM = {
    *("libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libutil.so.1"),
    *("libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"),
}


def needed(library: Path) -> set[str]:
    """Names of the libraries that it is linked with; those that lie beside it come with the package."""
    said = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
    return {line.partition("[")[2].rstrip("]") for line in said.splitlines() if "(NEEDED)" in line}


@pytest.mark.parametrize("package", ["cv2", "onnxruntime", "shapely", "pyclipper", "yaml"])
def test_recognition_needs_no_library_that_the_slim_image_lacks(package: str) -> None:
    found = importlib.util.find_spec(package)
    assert found and found.origin
    site = Path(found.origin).parent if found.submodule_search_locations else Path(found.origin)
    libraries = [path for path in [site, *site.parent.glob(f"{package}*.libs")] for path in path.rglob("*.so*")]
    libraries += [site] if site.suffix == ".so" else []
    assert libraries
    ours = {path.name for path in site.parent.glob("*.libs/*")} | {path.name for path in libraries}
    for library in libraries:
        others = {
            name for name in needed(library) if name not in ours and not name.startswith(("ld-linux", "libpython"))
        }
        assert others <= SLIM, (library.name, others - SLIM)
