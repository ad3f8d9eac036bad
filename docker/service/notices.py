"""Licences of the Python packages that are installed beside this Python.

python notices.py           all their texts, as they are in the image (/usr/share/doc/ingest-image/NOTICES)
python notices.py --table   name, version and licence of each, as they are in NOTICES.md

Only Python's own library is needed. `docker/lock` writes the table, the Dockerfile the texts.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

# What builds and installs is no part of what runs; our own licence is at the top of the sources.
LEFT_OUT = {"ingest-image", "pip", "setuptools", "wheel"}
_TEXTS = re.compile(r"(^|/)(licen[cs]es?|copying|notice|copyright|authors)[^/]*$|\.dist-info/licenses/", re.IGNORECASE)
# Where Debian has the text of a licence that a package names and does not bring along.
_OF_DEBIAN = {"Apache Software License": Path("/usr/share/common-licenses/Apache-2.0")}
# The terms, for packages that are under this licence and bring no text along.
_MIT = """MIT License

Copyright (c) {authors}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""
# What a wheel holds without its text.
_LIBSPNG = """BSD 2-Clause License

Copyright (c) 2018-2023, Randy <randy408@protonmail.com>
All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:

* Redistributions of source code must retain the above copyright notice, this list of conditions and the following
  disclaimer.

* Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
  disclaimer in the documentation and/or other materials provided with the distribution.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF
THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE."""
_WITHIN = {"pyspng": ("libspng, which is in it", _LIBSPNG)}
_HEADING = """# Licences of what is in the images

Written by `docker/lock`: what [requirements.txt](requirements.txt) installs into the service's image. Each package
brings its licence texts along; the image has all of them in one file, `/usr/share/doc/ingest-image/NOTICES`.

| package | version | licence |
| --- | --- | --- |
"""
_BELOW = """
Also in the images, with their own texts:

- Python (PSF licence): `LICENSE.txt` in its library folder. Debian's packages: `/usr/share/doc/*/copyright`.
- Libraries inside the wheels: in the texts of their packages. Among them are libjpeg-turbo, libtiff, libwebp, libavif,
  lcms2 and FreeType (pillow), OpenBLAS and libgfortran (numpy), libheif and libde265 (pi-heif). These two are LGPL-3.0
  and shared objects of their own, which can be replaced; its text is Debian's `/usr/share/common-licenses/LGPL-3`. So
  are FFmpeg (opencv) and GEOS (shapely), under LGPL-2.1.
- obstore brings no texts of its Rust libraries (MIT and Apache-2.0): its `sboms` folder lists them.
- The models of recognition: `processor_service/recognition/models/NOTICE.md`. Those of RapidOCR are Apache-2.0, as it
  is.
- Elasticsearch and Kibana (Elastic License 2.0 and others): `LICENSE.txt` and `NOTICE.txt` in their home folders. The
  plugin is Apache-2.0, as this project is, and holds nothing else: `plugins/ingest-image/LICENSE.txt`.
- Maven, what it downloads (`docker/elasticsearch/checksums.sha256`) and Eclipse Temurin build the plugin and are not in
  its image.
"""


def name_of(found: Distribution) -> str:
    """The name as pip compares it."""
    return re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower()


def installed() -> list[Distribution]:
    """All packages whose licences are listed, by name."""
    named = {name_of(found): found for found in distributions()}
    return [named[name] for name in sorted(named) if name not in LEFT_OUT]


def licence(found: Distribution) -> str:
    """The licence as the package says it: an SPDX expression, the classifiers, or a short field."""
    metadata = found.metadata
    if expression := metadata.get("License-Expression"):
        return expression
    classifiers = [one for one in metadata.get_all("Classifier") or [] if one.startswith("License ::")]
    if names := [one.rpartition(" :: ")[2] for one in classifiers if one != "License :: OSI Approved"]:
        return ", ".join(names)
    field = (metadata.get("License") or "").strip()
    return field.splitlines()[0][:80] if field else "see its texts"


def texts(found: Distribution) -> Iterator[tuple[str, str]]:
    """Path and content of each licence file of a package."""
    own = [
        (str(path), Path(path.locate()))
        for path in found.files or ()
        if _TEXTS.search(str(path)) and path.suffix not in (".py", ".pyc", ".pyi", ".so")
    ]
    other = _OF_DEBIAN.get(licence(found))
    for name, path in own or ([(str(other), other)] if other else []):
        yield name, path.read_text("utf-8", "replace")
    if not own and licence(found) in ("MIT", "MIT License"):
        authors = found.metadata.get("Author") or found.metadata.get("Author-email") or name_of(found)
        yield "as its metadata says", _MIT.format(authors=authors)
    if name_of(found) in _WITHIN:
        yield _WITHIN[name_of(found)]


def main() -> None:
    """Print what is asked for."""
    if sys.argv[1:] == ["--table"]:
        rows = [f"| {name_of(found)} | {found.version} | {licence(found)} |" for found in installed()]
        print(_HEADING + "\n".join(rows) + "\n" + _BELOW, end="")
        return
    for found in installed():
        print(f"{'=' * 80}\n{name_of(found)} {found.version}: {licence(found)}\n")
        for path, text in texts(found):
            print(f"--- {path}\n\n{text.strip()}\n")


if __name__ == "__main__":
    main()
