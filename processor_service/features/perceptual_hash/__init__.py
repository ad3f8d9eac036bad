"""perceptual_hash."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ...fields import INTEGER, KEYWORD, LOOKED_UP, NESTED, DocumentField
from ...hash_bands import bands
from ...picture import Picture
from ...pixels.reduced import luma
from .. import Feature
from .pdq import pdq

# The threshold of PDQ's description. Pictures with less structure would all be near duplicates of each other.
_MEANINGFUL = 50
ALGORITHM = "pdq"

# Hamming distance, compared one by one: exact, and fast for millions, as a hash has 32 bytes.
HASH_BITS: dict[str, Any] = {
    "type": "dense_vector",
    "element_type": "bit",
    "dims": 256,
    "index": True,
    "similarity": "l2_norm",
    "index_options": {"type": "flat"},
}


class PerceptualHash(Feature):
    """A hash (PDQ, 256 bit) that stays nearly the same when a picture is resized, recompressed or slightly changed."""

    fields: ClassVar[tuple[DocumentField, ...]] = (
        DocumentField(
            "perceptual_hash",
            "PDQ hash, given as 64 hex digits: pictures that look the same differ in at most 31 of 256 bits; "
            "only of the first picture of a list; absent when its quality is below 50",
            HASH_BITS,
            copy_of="perceptual_hashes.hex",
            first_only=True,
        ),
        DocumentField(
            "perceptual_hash_quality",
            "0 to 100; below 50 the picture has too little structure for the hash to mean much",
            INTEGER,
        ),
        # Nested: a document may have a list of pictures, and a vector field takes only one value.
        DocumentField("perceptual_hashes", "the hash of each picture of a list, or of the only picture", NESTED),
        DocumentField("perceptual_hashes.algorithm", "how it was computed: `pdq`", KEYWORD),
        DocumentField(
            "perceptual_hashes.hex", "the hash as text; all versions of Elasticsearch return it in searches", KEYWORD
        ),
        DocumentField(
            "perceptual_hashes.bits",
            "the hash for kNN search in all pictures of a list",
            HASH_BITS,
            copy_of="perceptual_hashes.hex",
        ),
        DocumentField(
            "perceptual_hashes.bands",
            "the hash in 16 pieces of 16 bits: of two hashes at most 31 bits apart, one piece differs in at most one "
            "bit, so large indices compare few hashes",
            LOOKED_UP,
            many=True,
        ),
    )

    def extract(self, picture: Picture) -> dict[str, Any]:
        """The hash of the upright picture, transparent parts over white."""
        value, quality = pdq(np.asarray(luma(picture)))
        if quality < _MEANINGFUL:
            return {"perceptual_hash_quality": quality}
        return {
            "perceptual_hash": value,
            "perceptual_hash_quality": quality,
            "perceptual_hashes": {"algorithm": ALGORITHM, "hex": value, "bits": value, "bands": bands(value)},
        }
