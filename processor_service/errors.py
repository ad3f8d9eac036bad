"""All errors: stable code, HTTP status, retryable or not."""

from __future__ import annotations

import re
import traceback
from enum import Enum
from http import HTTPStatus

# In the words of C++, onnxruntime, OpenCV and libjpeg; libavif and Pillow; libwebp, whose encoder has numbers for it.
_NO_MEMORY = re.compile("bad_alloc|[Ff]ailed to allocate|Insufficient memory|[Oo]ut of memory|^encoding error [12]$")


class Code(Enum):
    """Stable error codes. The value: code, HTTP status, whether the same request may succeed later, meaning."""

    INVALID_REQUEST = ("invalid_request", 400, False, "the request is not the JSON that this address expects")
    INVALID_RECIPE = (
        "invalid_recipe",
        400,
        False,
        "an operation, a property or a parameter is unknown or wrong",
    )
    RECOGNITION_OFF = ("recognition_off", 400, False, "the recipe needs recognition, which this service does not have")
    IDENTITY_OFF = ("identity_off", 400, False, "vectors of faces are wanted, which this service cannot make")
    STORE_OFF = ("store_off", 400, False, "the pipeline says `store: external`, and this service has no store")
    STORED_NOT_SIGNED = (
        "stored_not_signed",
        400,
        False,
        "the document names a picture in the store that no `mark` of this token covers",
    )
    UNAUTHORIZED = ("unauthorized", 401, False, "the signature or the token is missing or wrong")
    WRONG_HOST = ("wrong_host", 401, False, "the request was signed for another address than those of `IMAGE_KNOWN_AS`")
    CLOCK_SKEW = (
        "clock_skew",
        401,
        False,
        "the request was signed too long ago, or in the future, by more than `IMAGE_CLOCK_SKEW`",
    )
    REPLAYED = ("replayed", 401, True, "the same signed request came before, or may have; signed again it may succeed")
    BODY_CHANGED = ("body_changed", 401, False, "the body is not the one that was signed")
    NOT_FOUND = ("not_found", 404, False, "there is nothing at this address")
    PICTURE_NOT_FOUND = (
        "picture_not_found",
        404,
        False,
        "there is no such picture, or it may not be shown",
    )
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405, False, "the address exists, but with another method")
    LENGTH_REQUIRED = ("length_required", 411, False, "the request has a body without a Content-Length")
    IMAGE_TOO_LARGE = ("image_too_large", 413, False, "the picture has more bytes than `IMAGE_MAX_IMAGE_BYTES`")
    PRECONDITION_FAILED = ("precondition_failed", 412, False, "the picture is not the one that `If-Match` names")
    RANGE_NOT_SATISFIABLE = ("range_not_satisfiable", 416, False, "the picture has no bytes in the wanted `Range`")
    INVALID_BASE64 = ("invalid_base64", 422, False, "`data` is neither base64 nor a base64 data URL")
    EMPTY_IMAGE = ("empty_image", 422, False, "the picture has no bytes")
    NOT_AN_IMAGE = ("not_an_image", 422, False, "the bytes are not a picture")
    UNSUPPORTED_FORMAT = ("unsupported_format", 422, False, "a format that is not on the list of accepted formats")
    CORRUPT_IMAGE = ("corrupt_image", 422, False, "the picture cannot be decoded")
    TRUNCATED_IMAGE = ("truncated_image", 422, False, "the picture ends before its last pixel")
    TOO_MANY_PIXELS = ("too_many_pixels", 422, False, "width x height exceeds `IMAGE_MAX_PIXELS`")
    DIMENSION_TOO_LARGE = ("dimension_too_large", 422, False, "width or height exceeds `IMAGE_MAX_DIMENSION`")
    TOO_MANY_FRAMES = ("too_many_frames", 422, False, "more frames than `IMAGE_MAX_FRAMES`")
    URL_NOT_ALLOWED = (
        "url_not_allowed",
        422,
        False,
        "`IMAGE_URL_HOSTS` does not allow the picture's address, or it leads to a private network",
    )
    URL_NOT_FOUND = ("url_not_found", 422, False, "there is no picture at the picture's address")
    URL_UNREACHABLE = ("url_unreachable", 422, True, "the server at the picture's address is down, or breaks off")
    URL_TOO_SLOW = ("url_too_slow", 422, True, "fetching the picture took longer than `IMAGE_URL_TIMEOUT`")
    STORED_PICTURE_MISSING = (
        "stored_picture_missing",
        422,
        False,
        "the picture that the document names is not in the store; the document keeps its address",
    )
    STORED_PICTURE_DAMAGED = (
        "stored_picture_damaged",
        422,
        False,
        "the bytes that the store has do not match the document's `sha256`",
    )
    CROP_OUTSIDE = ("crop_outside", 422, False, "the box of `crop` is outside the picture")
    CANNOT_FIT = ("cannot_fit", 422, False, "no quality that `convert` allows makes the picture fit `max_bytes`")
    CANNOT_REDACT = (
        "cannot_redact",
        422,
        False,
        "what `redact` has hidden can still be made out by a detector, or the picture has too many pixels to look at",
    )
    CANNOT_ENCODE = (
        "cannot_encode",
        422,
        False,
        "the picture cannot be stored in the wanted format",
    )
    OUT_OF_MEMORY = ("out_of_memory", 422, False, "the picture needs more memory than a worker may use")
    PICTURE_TIMEOUT = (
        "picture_timeout",
        422,
        False,
        "the picture took more processor time than `IMAGE_PICTURE_TIMEOUT`",
    )
    PICTURE_CRASHED = ("picture_crashed", 422, False, "the picture killed its worker, twice; the worker was replaced")
    RESULT_TOO_LARGE = (
        "result_too_large",
        422,
        False,
        "the recipe makes a picture of more bytes than `IMAGE_MAX_RESULT_BYTES`",
    )
    NOTHING_TO_COMPARE = ("nothing_to_compare", 422, False, "the embedder finds nothing to compare in the picture")
    NO_FACE = ("no_face", 422, False, "there is no face in the picture, or none large enough to tell whose it is")
    NO_TEXT_EMBEDDER = ("no_text_embedder", 400, False, "words were sent, but the embedder knows only pictures")
    EMBEDDER_FAILED = ("embedder_failed", 500, False, "the embedder's model cannot be loaded, or fails")
    BUSY = ("busy", 429, True, "all workers are busy and the queue is full")
    INTERNAL_ERROR = ("internal_error", 500, False, "a defect of the service; its log has the details")
    ELASTICSEARCH_ERROR = ("elasticsearch_error", 502, True, "Elasticsearch cannot be reached or refuses to answer")
    INTERRUPTED = (
        "interrupted",
        503,
        True,
        "the worker was ended from outside, twice, or got too little of the processor or of memory; the picture is "
        "not at fault",
    )
    STORE_UNAVAILABLE = (
        "store_unavailable",
        503,
        True,
        "the store for pictures is down, slow or full, or refuses access; nothing was stored",
    )
    NO_WORKER = (
        "no_worker",
        503,
        True,
        "no worker can be started, or all recognizers stand still; the service tries again",
    )
    OVERDUE = ("overdue", 503, True, "the client stopped waiting before the picture's turn came: it was not begun")
    ABANDONED = (
        "abandoned",
        503,
        True,
        "the client stopped waiting after the picture was begun: it was not finished",
    )
    SHUTTING_DOWN = ("shutting_down", 503, True, "the service is stopping")

    def __init__(self, code: str, status: int, retryable: bool, meaning: str) -> None:
        self.code = code
        self.status = HTTPStatus(status)
        self.retryable = retryable
        self.meaning = meaning


# Refusals that a host with other settings, formats, memory, network or store may not share: the node asks the next one.
# Not those of pictures that hold up or kill workers, though machines differ: each would cost all hosts what it costs
# one.
ELSEWHERE = (
    Code.IMAGE_TOO_LARGE,
    Code.TOO_MANY_PIXELS,
    Code.DIMENSION_TOO_LARGE,
    Code.TOO_MANY_FRAMES,
    Code.UNSUPPORTED_FORMAT,
    Code.OUT_OF_MEMORY,
    Code.RESULT_TOO_LARGE,
    Code.URL_NOT_ALLOWED,
    Code.URL_UNREACHABLE,
    Code.STORED_PICTURE_MISSING,
    Code.STORED_PICTURE_DAMAGED,
)


class ImageError(Exception):
    """A refusal with its `code` and a sentence that says what is wrong and what would be right.

    `retry_after`: seconds after which the same request is worth another try; None when that is not known.
    """

    def __init__(self, code: Code, reason: str, retry_after: int | None = None) -> None:
        super().__init__(f"[{code.code}] {reason}")
        self.retry_after = retry_after
        self.code = code
        self.reason = reason

    def body(self) -> dict[str, dict[str, str | bool]]:
        """The answer's JSON body."""
        return {"error": {"code": self.code.code, "reason": self.reason, "retryable": self.code.retryable}}


def causes(error: BaseException) -> list[str]:
    """What an error was raised from, the nearest first: the type of each exception, and where it was raised.

    Never its text, which may quote a document.
    """
    found = []
    cause = error.__cause__
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        place = f" at {frames[-1].filename}:{frames[-1].lineno} {frames[-1].name}" if frames else ""
        found.append(f"{type(cause).__name__}{place}")
        cause = cause.__cause__
    return found


def too_large(limit: int) -> ImageError:
    """The refusal of a picture of more than `limit` bytes."""
    return ImageError(Code.IMAGE_TOO_LARGE, f"the picture has more than {limit} bytes (IMAGE_MAX_IMAGE_BYTES)")


def out_of_memory(setting: str = "IMAGE_WORKER_MEMORY", advice: str = "") -> ImageError:
    """The refusal of a picture for which a worker has not enough memory; `setting` bounds it."""
    reason = f"the picture needs more memory than a worker may use ({setting})"
    return ImageError(Code.OUT_OF_MEMORY, f"{reason}; {advice}" if advice else reason)


def lacks_memory(error: BaseException) -> bool:
    """Whether an error means that this process has no more memory. Libraries in C and C++ have no MemoryError."""
    return isinstance(error, MemoryError) or bool(_NO_MEMORY.search(str(error)))


def no_memory() -> ImageError:
    """The refusal of a request when the web process has no memory for it."""
    return ImageError(Code.BUSY, "the service has no memory for this request now; send it again later")


def defect(error: Exception) -> ImageError:
    """The error for an unexpected exception."""
    return ImageError(Code.INTERNAL_ERROR, f"a defect of the service: {type(error).__name__}; its log has the details")
