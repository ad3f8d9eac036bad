"""Every document field once: name, meaning, Elasticsearch mapping.

The index template in `pipelines/` and the tables in the docs are rendered from this list (`make generated`).
Names are relative to the target field, `image` by default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

KEYWORD: dict[str, Any] = {"type": "keyword"}
INTEGER: dict[str, Any] = {"type": "integer"}
LONG: dict[str, Any] = {"type": "long"}
FLOAT: dict[str, Any] = {"type": "float"}
BOOLEAN: dict[str, Any] = {"type": "boolean"}
DATE: dict[str, Any] = {"type": "date"}
GEO_POINT: dict[str, Any] = {"type": "geo_point"}
# Searched by word, and counted and sorted as a whole.
WORDS: dict[str, Any] = {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}
BINARY: dict[str, Any] = {"type": "binary"}
# Never searched for, only handed back.
SIGNATURE: dict[str, Any] = {"type": "keyword", "index": False, "doc_values": False}
# Hamming distance, compared one by one: exact, and quick up to millions, as a hash has 32 bytes.
HASH_BITS: dict[str, Any] = {
    "type": "dense_vector",
    "element_type": "bit",
    "dims": 256,
    "index": True,
    "similarity": "l2_norm",
    "index_options": {"type": "flat"},
}
# As long as the first vector that comes, which is the embedder's business; a vector of another length is refused.
EMBEDDING: dict[str, Any] = {
    "type": "dense_vector",
    "index": True,
    "similarity": "cosine",
    # Bytes find the candidates, the exact numbers rank them: 99.6 % of the true ten nearest, 89 to 94 % without.
    "index_options": {"type": "int8_hnsw", "m": 16, "ef_construction": 100, "rescore_vector": {"oversample": 3.0}},
}
NOT_INDEXED: dict[str, Any] = {"type": "object", "enabled": False}


@dataclass(frozen=True)
class Field:
    """One field of the stored picture; `name` may be dotted, `mapping` is what Elasticsearch is told.

    `copy_of` names the field that a vector is another form of. From version 9.2 on Elasticsearch hands documents out
    without vectors: when one comes back, such a vector is put back without a look at the picture. `holds_picture`: the
    field shows what is to be seen, so that one that is not made from the stored picture is removed. `longest`: in
    characters, of such a field that is too short to hold anything else.
    """

    name: str
    meaning: str
    mapping: dict[str, Any]
    copy_of: str | None = None
    holds_picture: bool = False
    longest: int | None = None


FIELDS: tuple[Field, ...] = (
    Field("data", "the stored picture, base64", BINARY),
    Field("url", "where the picture is fetched from; the document's own", {"type": "keyword", "ignore_above": 4096}),
    Field("format", "format of the stored picture: `jpeg`, `png`, `webp`, ...", KEYWORD),
    Field("width", "width of the stored picture in pixels", INTEGER),
    Field("height", "height of the stored picture in pixels", INTEGER),
    Field("bytes", "size of the stored picture in bytes", LONG),
    Field("sha256", "SHA-256 of the stored bytes, lower-case hex: exact copies share it", KEYWORD),
    Field("has_alpha", "whether the stored picture has transparent pixels", BOOLEAN),
    Field("frames", "number of frames or pages of the picture that came in", INTEGER),
    Field("orientation", "`landscape`, `portrait` or `square` (sides within 2 %), as stored", KEYWORD),
    Field("size_class", "megapixels stored: `icon` < 0.02, `small` < 0.3, `medium` < 2, `large` < 8, `huge`", KEYWORD),
    Field("original.format", "format of the picture that came in", KEYWORD),
    Field("original.width", "its width in pixels, before any turning", INTEGER),
    Field("original.height", "its height in pixels, before any turning", INTEGER),
    Field("original.bytes", "its size in bytes", LONG),
    Field("original.sha256", "its SHA-256, lower-case hex", KEYWORD),
    Field(
        "metadata.taken_at",
        "when it was taken, as exactly as is known (`1978`, `1978-05`); the camera's local time without an offset",
        DATE,
    ),
    Field("metadata.camera", "make and model of the camera", WORDS),
    Field("metadata.lens", "the lens", WORDS),
    Field("metadata.focal_length", "focal length in millimetres", FLOAT),
    Field("metadata.exposure_time", "exposure time in seconds", FLOAT),
    Field("metadata.f_number", "aperture: 2.8 for f/2.8", FLOAT),
    Field("metadata.iso", "sensitivity", INTEGER),
    Field("metadata.software", "the program that wrote the picture", WORDS),
    Field("metadata.title", "title that somebody gave the picture (XMP, IPTC, EXIF, PNG)", WORDS),
    Field("metadata.caption", "what somebody wrote about it (XMP, IPTC, EXIF, PNG, comments)", {"type": "text"}),
    Field("metadata.keywords", "keywords that somebody gave it (XMP, IPTC, EXIF)", WORDS),
    Field("metadata.artist", "who made it", WORDS),
    Field("metadata.copyright", "copyright notice in EXIF, or in the text of a PNG", WORDS),
    Field("metadata.rights", "rights as in XMP and IPTC", WORDS),
    Field("metadata.location", "where it was taken; only when the pipeline says `coarse` or `full`", GEO_POINT),
    Field("colors", "dominant colours, most frequent first", {"type": "nested"}),
    Field("colors.hex", "the colour, `#rrggbb`", KEYWORD),
    Field("colors.name", "the nearest of 20 everyday colour names", KEYWORD),
    Field("colors.share", "its share of the picture, 0 to 1", FLOAT),
    Field("colors.l", "its lightness in OKLab, 0 to 100; 2 is a difference that can just be seen", FLOAT),
    Field("colors.a", "its place between green (-) and red (+) in OKLab, about -30 to 30, in the same unit", FLOAT),
    Field("colors.b", "its place between blue (-) and yellow (+) in OKLab, about -30 to 20, in the same unit", FLOAT),
    Field("color_names", "names of the dominant colours, for word search and facets", KEYWORD),
    Field("brightness", "mean luma, 0 (black) to 1 (white)", FLOAT),
    Field("contrast", "standard deviation of the luma, 0 to 0.5", FLOAT),
    Field("saturation", "mean saturation, 0 (grey) to 1; dark parts count less", FLOAT),
    Field(
        "sharpness",
        "0 (blurred) to 1 (sharp), below 0.5 usually blurred: v / (v + 100), v the variance of the Laplacian",
        FLOAT,
    ),
    Field("blank", "whether everything is nearly one colour", BOOLEAN),
    Field(
        "perceptual_hash",
        "PDQ hash, given as 64 hex digits: pictures that look the same differ in at most 31 of 256 bits; "
        "of a list of pictures the first one's; absent when its quality is below 50",
        HASH_BITS,
        copy_of="perceptual_hashes.hex",
    ),
    Field(
        "perceptual_hash_quality",
        "0 to 100; below 50 the picture has too little structure for the hash to mean much",
        INTEGER,
    ),
    # Nested, as a document may have a list of pictures, and a vector field takes one value only.
    Field("perceptual_hashes", "the hash of each picture of a list, or of the only one", {"type": "nested"}),
    Field("perceptual_hashes.algorithm", "how it was computed: `pdq`", KEYWORD),
    Field("perceptual_hashes.hex", "the hash as text; on all versions in what a search hands out", KEYWORD),
    Field(
        "perceptual_hashes.bits",
        "the hash for kNN search in all pictures of a list",
        HASH_BITS,
        copy_of="perceptual_hashes.hex",
    ),
    Field(
        "embedding", "vector of what is to be seen, for kNN search; of a list of pictures the first one's", EMBEDDING
    ),
    Field("embedder", "what made the vector: `builtin-v1`, or the name of a model", KEYWORD),
    Field(
        "placeholder",
        "blurred preview of about 25 bytes (ThumbHash), base64",
        SIGNATURE,
        holds_picture=True,
        longest=40,
    ),
    Field("thumbnail", "a small JPEG, base64", BINARY, holds_picture=True),
    Field("thumbnail_mark", "signature that `thumbnail` is one of the stored picture", SIGNATURE),
    Field("recipe", "hash of the pipeline's recipe: the same recipe gives the same value", KEYWORD),
    Field("mark", "the service's signature over `recipe` and `sha256`: such a picture is left alone", SIGNATURE),
    Field("source_mark", "signature that the stored picture was made from its source, or from its `url`", SIGNATURE),
    Field(
        "operations", "one-off operations of a document; applied, then removed", {"type": "object", "enabled": False}
    ),
    Field("error.code", "why the picture was not processed: a stable code", KEYWORD),
    # Not searched: its words ("accepted are jpeg, png ...") would find broken pictures for who looks for good ones.
    Field("error.reason", "the same in a sentence; shown, not searched", {"type": "text", "index": False}),
)


# Under the target, but the document's own: never cleared.
NOT_OURS = frozenset({"data", "url"})


def top_level_names() -> list[str]:
    """Names directly under the target, each once, in the order of `FIELDS`."""
    return list(dict.fromkeys(field.name.partition(".")[0] for field in FIELDS))


def copies() -> dict[str, str]:
    """Name of each vector that is another form of a field, to that field's."""
    return {field.name: field.copy_of for field in FIELDS if field.copy_of}


def mapping() -> dict[str, Any]:
    """The Elasticsearch mapping of the target field: an object with `properties`."""
    root: dict[str, Any] = {"properties": {}}
    for field in FIELDS:
        node = root
        *parents, leaf = field.name.split(".")
        for parent in parents:
            node = node["properties"].setdefault(parent, {"properties": {}})
            node.setdefault("properties", {})
        node["properties"][leaf] = dict(field.mapping)
    return root
