"""The route by which the doctor has the service look into its store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from flask import Blueprint, Response

from ..errors import Code, ImageError
from ..store.addresses import sha256_of
from ..store.refusals import off
from .bodies import json_body

if TYPE_CHECKING:
    from ..store.picture_store import PictureStore

_MOST_KEYS = 100


def store_check(store: PictureStore | None) -> Blueprint:
    """`POST /v1/store/check`: writes, reads and deletes a small object, and says which of `keys` are missing."""
    blueprint = Blueprint("store_check", __name__)

    @blueprint.post("/v1/store/check")
    def check() -> Response:
        keys: Any = json_body().get("keys", [])
        if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
            raise ImageError(Code.INVALID_REQUEST, f"keys must be a list of up to {_MOST_KEYS} addresses")
        if store is None:
            raise off()
        store.check()
        missing = [key for key in keys if not _is_there(store, key)]
        return Response(orjson.dumps({"missing": missing}), mimetype="application/json")

    return blueprint


def _is_there(store: PictureStore, key: str) -> bool:
    sha256_of(key)
    try:
        store.head(key)
    except ImageError as error:
        if error.code is not Code.STORED_PICTURE_MISSING:
            raise
        return False
    return True
