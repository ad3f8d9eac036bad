"""Names of cameras as people say them."""

from __future__ import annotations

import re

from ...metadata.text import cleaned

# Words for the kind of company, which are not its name.
_LEGAL = re.compile(
    r"[\s,]+(corporation|corp|company|co|ltd|inc|gmbh|ag|imaging|optical|digital|camera|electronics|techwin"
    r"|international|computer|photo film)\b\.?",
    re.IGNORECASE,
)


def camera_name(make: str | None, model: str | None) -> str | None:
    """Make and model without repetition: `NIKON CORPORATION` and `NIKON D750` make `NIKON D750`."""
    if not make or not model:
        return model or (brand(make) if make else None)
    name = brand(make)
    known = {word.casefold() for word in name.split()}
    if model.split()[0].casefold() in known or model.casefold().startswith(name.casefold()):
        return model
    return cleaned(f"{name} {model}")


def brand(make: str) -> str:
    """`OLYMPUS IMAGING CORP.` as `OLYMPUS`."""
    return _LEGAL.sub("", make).strip(" ,.") or make
