"""Completes a text: takes a picture, and gives the JSON text of its fields (docs/inference-way.md)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import orjson
import pybase64

from ...document import conceals
from ...errors import Code, ImageError, too_large
from ...settings import Settings
from ...store.addresses import sha256_of
from ...wire.fields import all_fields, remade
from ...wire.inference_way import Marked
from ...wire.marks import kept_mark, mark, thumbnail_mark
from ...wire.payload import decode_payload
from ...wire.recipe import recipe_hash
from ..answering import Answering
from ..bodies import CONVERTING, drain
from ..monitoring.request_ids import log_refusal, request_id
from .originals import MARKS, original_marks

# A document without a picture keeps these only if we signed them.
_SIGNED = ("mark", "source_mark", "thumbnail_mark", *(field.name for field in all_fields() if field.holds_picture))
Fields = dict[str, Any]


class Completions:
    """The service as something that completes texts. Raises ImageError for errors that are not the picture's fault.

    Of a picture that waits for a worker only the worker's request is in memory: nothing else here may refer to it.
    """

    def __init__(self, settings: Settings, pictures: Answering) -> None:
        self._pictures = pictures
        self._max_bytes = settings.max_image_bytes
        self._keys = settings.accepted_mark_keys()

    def of_data(self, text: Any, recipe: Fields) -> str:
        """The text for a picture that may come with marks."""
        with CONVERTING:
            document = Marked.parse(text)
            del text
        if document.data == "" and document.stored:
            return self._of_stored(document, recipe)
        if document.data == "" and document.sha256:
            return orjson.dumps(self._without_picture(document, recipe)).decode()
        if current := self._if_current(document, recipe):
            return orjson.dumps(current).decode()
        kept = self._kept_data(document)
        source = {"stored": _begun(document, kept)} if kept else {"data": document.data}
        del document
        return self.of_picture(source, recipe, kept)

    def of_picture(self, source: Fields, recipe: Fields, kept: Fields | None = None) -> str:
        """The text for `data`, `url` or `stored`, which is emptied.

        `kept`: what the document keeps when the picture is refused.
        """
        source |= recipe
        body = self._process(source)
        if conceals(recipe):
            # What another recipe has made hides nothing that this one hides.
            kept = None
        if "error" not in body:
            fields = {name: value for name, value in body["fields"].items() if value is not None}
            if "stored" in fields:
                return orjson.dumps(fields | {"data": None}).decode()
            return self._too_large(fields["bytes"]) or orjson.dumps(fields).decode()
        return self._refused(body, kept)

    def _refused(self, body: Fields, kept: Fields | None) -> str:
        """The text for a refused picture, with what stays of it. Raises ImageError when the picture is not at fault."""
        error = ImageError(next(code for code in Code if code.code == body["error"]["code"]), body["error"]["reason"])
        if error.code.status not in (413, 422):
            raise error
        if kept is not None:
            return of_error(error, None, kept)
        return of_error(error, (body.get("fields") or {}).get("data"))

    def _of_stored(self, document: Marked, recipe: Fields) -> str:
        """The text for a picture in the store. Raises ImageError `stored_not_signed`."""
        stored = {"key": document.stored, "recipe": document.recipe, "mark": document.mark}
        if (changes := self._changed_marks(document, recipe, document.sha256)) is None:
            kept = self._kept(document, document.recipe, sha256_of(document.stored))
            # Of none of ours: then it is refused where it is read.
            source = (kept and _begun(document, kept)) or stored
            return self.of_picture({"stored": source}, recipe, kept)
        stored["recipe"] = _hash(recipe)
        if "thumbnail" in changes or not _is_external(recipe):
            made = self._made_again({"stored": stored}, recipe, document, document.sha256, 0)
            if "error" in made:
                return self._refused(made, self._kept(document, _hash(recipe), document.sha256))
            return _unchanged(made["fields"])
        if document.vector_missing:
            changes |= self._vector({"stored": stored}, recipe, 0)
        return _unchanged(changes)

    def _kept(self, document: Marked, recipe: str, sha256: str) -> Fields | None:
        """What a document keeps of a picture that a recipe (its hash) made, when it cannot be made anew.

        Marks are those of the present token. None when no mark is valid by this recipe.
        """
        if (valid := self._valid_mark(document.mark, _signer(document, recipe, sha256))) is None:
            return None
        where = {"stored": document.stored, "sha256": sha256} if document.stored else {}
        names = {"kept": ["original", *MARKS]} if document.original else {}
        marks = {"recipe": recipe, "mark": valid} | original_marks(document, recipe, sha256, self._keys)
        return where | marks | names

    def _kept_data(self, document: Marked) -> Fields | None:
        """The same of a picture in the document; None, too, when its original is not in the store."""
        if not document.original or (read := self._read(document)) is None:
            return None
        sha256, plain = read
        kept = self._kept(document, document.recipe, sha256)
        if kept is None or _begun(document, kept) is None:
            return None
        # What is in the document is not what may be at fault. A data URL's head does not stay.
        return kept | ({"kept": ["data", *kept["kept"]]} if plain is document.data else {"data": plain})

    def _read(self, document: Marked) -> tuple[str, str] | None:
        """The hash of the picture in a document, and its base64 alone: the same text, if it is. None when it is none.

        For one document at a time, as bytes and both texts are in memory meanwhile.
        """
        with CONVERTING:
            try:
                stored = decode_payload(document.data, self._max_bytes)
            except ImageError:
                return None
            plain = pybase64.b64encode_as_string(stored)
            # A data URL, or line breaks, if not.
            return hashlib.sha256(stored).hexdigest(), document.data if plain == document.data else plain

    def _made_again(self, source: Fields, recipe: Fields, document: Marked, sha256: str, beside: int) -> Fields:
        """The service's answer for a picture of this recipe, every byte of which stays. `beside`: as for `_process`."""
        source |= recipe | {"normalized": True}
        made = self._process(source, beside)
        if "error" not in made:
            # The answer says that the picture was made from itself.
            made["fields"] |= original_marks(document, _hash(recipe), sha256, self._keys)
        return made

    def _too_large(self, size: int) -> str | None:
        """The refusal of a result that is too large to come in again: its mark could never be verified."""
        if size <= self._max_bytes:
            return None
        reason = (
            f"the recipe makes {size} bytes of the picture, at most {self._max_bytes} are accepted "
            "(IMAGE_MAX_IMAGE_BYTES): let it be scaled down, or stored as jpeg"
        )
        return of_error(ImageError(Code.IMAGE_TOO_LARGE, reason))

    def _process(self, request: Fields, beside: int = 0) -> Fields:
        """The service's answer. `request` is emptied; `beside`: bytes of the picture that stay in memory meanwhile."""
        with CONVERTING:
            body = orjson.dumps(request)
            request.clear()
        return dict(orjson.loads(self._pictures.answer(body, beside=beside).body))

    def _if_current(self, document: Marked, recipe: Fields) -> Fields | None:
        """What to change in a document whose picture is current; None when it has no valid mark of this recipe."""
        if not document.mark or (read := self._read(document)) is None:
            return None
        sha256, plain = read
        changes = self._changed_marks(document, recipe, sha256)
        if changes is None:
            return None
        moves = _is_external(recipe)
        beside = len(document.data)
        if plain is not document.data:
            beside += len(plain)
            changes |= {} if moves else {"data": plain}
        if moves or "thumbnail" in changes:
            # Its bytes stay. All fields are made again, and the thumbnail with them.
            made = self._made_again({"data": plain}, recipe, document, sha256, beside)
            if moves:
                changes = {}
            changes |= {} if "error" in made else made["fields"]
        elif document.vector_missing:
            changes |= self._vector({"data": plain}, recipe, beside)
        return {"unchanged": True} | changes

    def _without_picture(self, document: Marked, recipe: Fields) -> Fields:
        """What to change in a document without a picture: marks and thumbnails that are not ours are removed."""
        changes = self._changed_marks(document, recipe, document.sha256)
        return {"unchanged": True} | (dict.fromkeys(_SIGNED) if changes is None else changes)

    def _changed_marks(self, document: Marked, recipe: Fields, sha256: str) -> Fields | None:
        """Marks to renew, and null for a thumbnail of another picture. None when the mark is not valid."""
        hashed = _hash(recipe)
        if (valid := self._valid_mark(document.mark, _signer(document, hashed, sha256))) is None:
            return None
        changes: Fields = {"mark": valid}
        if document.thumbnail:
            try:
                thumbnail = pybase64.b64decode(document.thumbnail, validate=True)
            except ValueError:
                thumbnail = b""
            known = self._valid_mark(
                document.thumbnail_mark, lambda key: thumbnail_mark(key, hashed, sha256, thumbnail)
            )
            changes |= {"thumbnail_mark": known} if known else {"thumbnail": None}
        changes |= original_marks(document, hashed, sha256, self._keys)
        return {name: value for name, value in changes.items() if value is None or value != getattr(document, name)}

    def _valid_mark(self, sent: str, sign: Callable[[bytes], str]) -> str | None:
        """The signature with the current key if the one that was sent is valid; None if not.

        While tokens are rotated, each document that is written gets the new signatures, as with the plugin.
        """
        signatures = [sign(key) for key in self._keys]
        known = [hmac.compare_digest(signature.encode(), sent.encode()) for signature in signatures]
        return signatures[0] if any(known) else None

    def _vector(self, source: Fields, recipe: Fields, beside: int) -> Fields:
        """The fields whose vectors Elasticsearch left out, made from a picture that is already normalized.

        `beside`: as for `_process`.
        """
        made = remade()
        wanted = [entry for entry in recipe.get("properties") or () if _name(entry) in made]
        where = {"store": "external"} if "stored" in source else {}
        source |= where | {"properties": wanted, "normalized": True}
        found = self._process(source, beside).get("fields") or {}
        names = {name for entry in wanted for name in made[_name(entry)]}
        return {name: found[name] for name in names if found.get(name) is not None}


def _signer(document: Marked, recipe: str, sha256: str) -> Callable[[bytes], str]:
    """What signs, with a key, that a recipe (its hash) made the picture of a document."""
    kept = document.stored
    return lambda key: kept_mark(key, recipe, sha256, kept) if kept else mark(key, recipe, sha256)


def _begun(document: Marked, kept: Fields) -> Fields | None:
    """The original as a request names it; None when the picture was made from none."""
    return {"key": document.original, "mark": kept["original_mark"]} if "original_mark" in kept else None


def _unchanged(changes: Fields) -> str:
    """The text for a picture that stays as it is, with what changes beside it."""
    return orjson.dumps({"unchanged": True} | changes).decode()


def _hash(recipe: Fields) -> str:
    return recipe_hash(recipe.get("operations"), recipe.get("properties"))


def _is_external(recipe: Fields) -> bool:
    return recipe.get("store") == "external"


def _name(entry: Any) -> str:
    return entry if isinstance(entry, str) else next(iter(entry))


def of_error(error: ImageError, cut: str | None = None, kept: Fields | None = None) -> str:
    """The text that tells the pipeline to store the error.

    `cut` is the picture without its metadata, as base64; `kept` are the fields that stay.
    """
    refusal = {"code": error.code.code, "reason": error.reason, "request_id": request_id()}
    text: Fields = {"error": refusal} | (kept or {})
    return orjson.dumps(text | ({"data": cut} if cut is not None else {})).decode()


def too_long(settings: Settings) -> str:
    """The text for a body that is too long: the pipeline stores the error. Reads the body first."""
    drain()
    return of_refusal(too_large(settings.max_image_bytes))


def of_refusal(error: ImageError) -> str:
    """The text for a picture that is refused here, without a worker."""
    log_refusal(error)
    return of_error(error)
