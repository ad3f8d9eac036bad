"""Fields of documents: name, meaning, Elasticsearch mapping. Features declare theirs; here are those of every picture.

The index template in `pipelines/` and the tables in the docs are rendered from them (`make generated`). Names are
relative to the target field, `image` by default.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

KEYWORD: dict[str, Any] = {"type": "keyword"}
INTEGER: dict[str, Any] = {"type": "integer"}
LONG: dict[str, Any] = {"type": "long"}
FLOAT: dict[str, Any] = {"type": "float"}
BOOLEAN: dict[str, Any] = {"type": "boolean"}
DATE: dict[str, Any] = {"type": "date"}
GEO_POINT: dict[str, Any] = {"type": "geo_point"}
# Searched by words; counted and sorted as a whole.
WORDS: dict[str, Any] = {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}
BINARY: dict[str, Any] = {"type": "binary"}
# Never searched for, only returned.
SIGNATURE: dict[str, Any] = {"type": "keyword", "index": False, "doc_values": False}
# Looked up; never counted, sorted or shown.
LOOKED_UP: dict[str, Any] = {"type": "keyword", "doc_values": False}

# The node writes it; enrichers search for it.
PENDING_SINCE = "pending_since"
# A list of objects, each of which is searched as a whole.
NESTED: dict[str, Any] = {"type": "nested"}
# How vectors are searched: bytes find the candidates, exact numbers rank them. 99.6 % of the true ten nearest are
# found, 89 to 94 % without ranking.
RANKED_EXACTLY: dict[str, Any] = {
    "type": "int8_hnsw",
    "m": 16,
    "ef_construction": 100,
    "rescore_vector": {"oversample": 3.0},
}
# Kept as it is, and not searched.
NOT_INDEXED: dict[str, Any] = {"type": "object", "enabled": False}


@dataclass(frozen=True)
class DocumentField:
    """One field of a document. `name` may have dots; `mapping` is its Elasticsearch mapping.

    `first_only`: a document holds it once. Of a list of pictures, only the first has it. `copy_of`: the field that this
    vector is another form of. Since 9.2 Elasticsearch returns documents without vectors. When such a document comes
    back, the vector is restored from that field, without looking at the picture. `holds_picture`: the field shows the
    picture, so it is removed when it was not made from the stored one. `longest`: most characters of such a field, when
    that is too short to show another picture. `many`: the field is a list of such values.
    """

    name: str
    meaning: str
    mapping: dict[str, Any]
    first_only: bool = False
    copy_of: str | None = None
    holds_picture: bool = False
    longest: int | None = None
    many: bool = False

    @cached_property
    def top(self) -> str:
        """The part of its name before the first dot: the name directly under the target."""
        return self.name.partition(".")[0]


def box_fields(parent: str, *, scored: bool = True, **more: str) -> tuple[DocumentField, ...]:
    """Fields of a list of recognized things: what `more` says, how sure it is (if `scored`), and where it is.

    `parent`, or `box` in it, is not indexed, and so is nothing in that.
    """
    return (
        *(DocumentField(f"{parent}.{name}", meaning, KEYWORD) for name, meaning in more.items()),
        *((DocumentField(f"{parent}.score", "how sure it is, 0 to 1", FLOAT),) if scored else ()),
        DocumentField(f"{parent}.box.x", "its left edge as a fraction (0 to 1) of the picture's width", FLOAT),
        DocumentField(f"{parent}.box.y", "its upper edge as a fraction of the height", FLOAT),
        DocumentField(f"{parent}.box.width", "its width as a fraction of the picture's", FLOAT),
        DocumentField(f"{parent}.box.height", "its height as a fraction of the picture's", FLOAT),
    )


# Every picture has these, whatever its recipe asks for.
OF_THE_PICTURE = (
    DocumentField("data", "the stored picture, base64", BINARY),
    DocumentField(
        "stored",
        "where the picture is in the store, when the pipeline says `store: external`; then without `data`",
        KEYWORD,
    ),
    DocumentField(
        "url", "where the picture is fetched from; the document owns it", {"type": "keyword", "ignore_above": 4096}
    ),
    DocumentField("format", "format of the stored picture: `jpeg`, `png`, `webp`, ...", KEYWORD),
    DocumentField("width", "width of the stored picture in pixels", INTEGER),
    DocumentField("height", "height of the stored picture in pixels", INTEGER),
    DocumentField("bytes", "size of the stored picture in bytes", LONG),
    DocumentField("sha256", "SHA-256 of the stored bytes, lower-case hex: exact copies share it", KEYWORD),
    DocumentField("has_alpha", "whether the stored picture has transparent pixels", BOOLEAN),
    DocumentField("frames", "number of frames or pages of the original", INTEGER),
    DocumentField("orientation", "`landscape`, `portrait` or `square` (sides within 2 %), as stored", KEYWORD),
    DocumentField(
        "size_class", "megapixels stored: `icon` < 0.02, `small` < 0.3, `medium` < 2, `large` < 8, `huge`", KEYWORD
    ),
    DocumentField(
        "redacted.faces", "how many faces `redact` has found and hidden; in an animation, those of one frame", INTEGER
    ),
    DocumentField("redacted.plates", "the same for number plates, and for what may be one", INTEGER),
    DocumentField("redacted.text", "the same for pieces of text", INTEGER),
    DocumentField("original.format", "format of the original", KEYWORD),
    DocumentField("original.width", "its width in pixels, before any turning", INTEGER),
    DocumentField("original.height", "its height in pixels, before any turning", INTEGER),
    DocumentField("original.bytes", "its size in bytes", LONG),
    DocumentField("original.sha256", "its SHA-256, lower-case hex", KEYWORD),
    DocumentField("original.stored", "where it is in the store, when the pipeline says `originals: external`", KEYWORD),
)
# For the document, the node and the service.
OF_THE_DOCUMENT = (
    DocumentField("thumbnail_mark", "signature that `thumbnail` shows the stored picture", SIGNATURE),
    DocumentField("recipe", "hash of the pipeline's recipe: the same recipe gives the same value", KEYWORD),
    DocumentField(
        "mark",
        "the service's signature over `recipe`, `sha256` and `stored`: a picture with it is left alone",
        SIGNATURE,
    ),
    DocumentField(
        "source_mark", "signature that the stored picture was made from its source, or from its `url`", SIGNATURE
    ),
    DocumentField("original_mark", "signature that `original.stored` is the address of an original", SIGNATURE),
    DocumentField(
        "operations", "one-off operations of a document; applied, then removed", {"type": "object", "enabled": False}
    ),
    DocumentField("pending", "properties that are still to be added to the stored picture", KEYWORD, many=True),
    DocumentField(PENDING_SINCE, "since when they wait to be added; absent when they could not be", DATE),
    DocumentField(
        "enrich", "`true` asks for what is pending now; done, then removed", {"type": "object", "enabled": False}
    ),
    DocumentField("error.code", "why the picture was not processed: a stable code", KEYWORD),
    # Not indexed: words in the reason, such as "jpeg", would match normal searches.
    DocumentField("error.reason", "the same in a sentence; shown, not searched", {"type": "text", "index": False}),
    DocumentField(
        "error.request_id", "finds the request's line in the service's log; absent if the node refused it", KEYWORD
    ),
)
# Under the target, but owned by the document: never cleared.
NOT_OURS = frozenset({"data", "url"})
