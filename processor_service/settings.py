"""All settings: name, type, default, help. Read from environment variables `IMAGE_...`."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from .keys import first_mark_key, mark_key
from .setting_types import Hosts, IndexPatterns, Networks, Origins, Urls


class Settings(BaseSettings):
    """Settings of the processor service. Sizes are in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="IMAGE_", extra="ignore")
    _mark_key: bytes | None = PrivateAttr(None)
    # Of a process that recognizes.
    _recognizes: bool = PrivateAttr(False)

    host: str = Field("127.0.0.1", description="address to listen on; other than loopback needs a token")
    port: int = Field(8090, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    health_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="port on the same address only for `/healthz`, `/readyz` and `/metrics`. It answers when all "
        "connections of the main port are taken; default: none, the main port serves them",
    )
    connections: int = Field(
        1000,
        ge=16,
        description="connections at a time, fewer when the limit on open files is low; above it the oldest one that "
        "has shown no token is closed. Those that have shown it take seven of eight; above that one that sends nothing "
        "gives way",
    )
    header_timeout: float = Field(10.0, gt=0, le=600, description="time to receive the head of a request")
    body_timeout: float = Field(60.0, gt=0, le=3600, description="time to receive its body")
    workers: int = Field(
        default_factory=lambda: max(1, len(os.sched_getaffinity(0))),
        ge=1,
        le=256,
        description="workers; default: one per core",
    )
    queue_size: int = Field(64, ge=0, le=10_000, description="pictures that may wait for a worker; above it: 429")
    token: SecretStr = Field(
        SecretStr(""),
        description="shared secret of nodes and service, from which keys are derived (docs/security.md); it is never "
        "sent",
    )
    previous_token: SecretStr = Field(
        SecretStr(""), description="also accepted while tokens are rotated; signs nothing"
    )
    known_as: Origins = Field(
        (),
        description="addresses by which nodes know the service, as in their `ingest.image.hosts`, such as "
        "`https://pictures-1.internal:8443, http://service-*:8090`; requests signed for others are refused. Default: "
        "any; on loopback, of addresses with `http` only those of loopback with the service's port",
    )
    clock_skew: int = Field(
        300,
        ge=1,
        le=3600,
        description="how far apart the clocks of a node and the service may be, and how long "
        "a signed request may take to arrive",
    )
    # Photographs of 108 megapixels have 20 to 40 MB.
    max_image_bytes: int = Field(45 * 1024**2, ge=1, description="size of an original")
    max_pixels: int = Field(
        50_000_000,
        ge=1,
        description="width x height (times frames, if all are decoded) of a picture, read from its header",
    )
    # Bounds processor time: at an eighth, 1,000 megapixels take up to a second. Their memory is bounded by
    # `max_pixels`, and of progressive ones by `worker_memory`.
    max_jpeg_pixels: int = Field(
        1_000_000_000,
        ge=1,
        description="the same for a JPEG that the recipe first makes smaller: it is decoded at a smaller scale, and "
        "then has at most `max_pixels`, and at most `max_dimension` a side",
    )
    max_slow_pixels: int = Field(
        4_000_000,
        ge=1,
        description="the same for the few formats that are decoded slowly (QOI, BLP, XPM, run-length encoded BMP, ...)",
    )
    max_dimension: int = Field(30_000, ge=1, description="width or height of an original or of a result, in pixels")
    formats: Literal["common", "all"] = Field(
        "all", description="`common` refuses the rare formats (docs/formats.md), whose decoders few people review"
    )
    max_frames: int = Field(1000, ge=1, description="frames or pages of a picture")
    max_result_bytes: int = Field(
        45 * 1024**2,
        ge=1,
        description="size of a result; as base64, a third longer, it must fit into the nodes' "
        "`ingest.image.max_response_bytes`",
    )
    max_held_bytes: int = Field(
        512 * 1024**2,
        ge=1,
        description="request bodies, pictures that are fetched, read from the store or shown, and answers that the web "
        "process holds at a time; above it: 429",
    )
    picture_timeout: float = Field(
        20.0,
        gt=0,
        le=3600,
        description="processor time for one picture; after that its worker is replaced. After two and a half times as "
        "long by the clock the answer is 503: the machine is too busy",
    )
    worker_memory: int = Field(
        2 * 1024**3,
        ge=128 * 1024**2,
        description="private memory of a worker process; a picture that needs more is refused",
    )
    recognizers: int | None = Field(
        None,
        ge=0,
        le=64,
        description="workers that do nothing but pictures whose recipe recognizes something (docs/recognition.md); "
        "default: 1 when the extra `recognition` is installed; 0: such recipes are refused",
    )
    recognizer_memory: int = Field(
        2 * 1024**3,
        ge=1024**3,
        description="private memory of a recognizer; the models at work take up to 0.8 GB of it",
    )
    url_hosts: Hosts = Field(
        (),
        description="hosts that pictures are fetched from (docs/addresses.md), such as "
        "`images.example.org, *.example.net, host:8443`; none: `url` is refused",
    )
    url_timeout: float = Field(10.0, gt=0, le=300, description="time to fetch one picture, redirects included")
    url_fetches: int = Field(32, ge=1, le=1000, description="pictures that are fetched at a time; above it: 429")
    url_private_networks: Networks = Field(
        (), description="networks that are not public but allowed, such as `10.1.0.0/16`"
    )
    store_url: str = Field(
        "",
        pattern="^([^:]*|file://.*|[a-z0-9+]+://[^@?#]*)$",
        description="where pictures of pipelines with `store: external` go (docs/store.md): a folder, "
        "`s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`; default: there is no store",
    )
    store_timeout: float = Field(10.0, gt=0, le=300, description="time to write a picture to the store, or to read it")
    store_redirect: int = Field(
        0,
        ge=0,
        le=7 * 24 * 3600,
        description="seconds for which `GET /v1/images/...` hands out a signed address of the store instead of the "
        "picture itself; 0: never",
    )
    embedder: str = Field(
        "builtin",
        description="what makes the vectors of `image.embedding` (docs/likeness.md): `builtin`, `lite0` or `onnx`",
    )
    embedder_model: Path | None = Field(None, description="folder of the model, for `onnx`")
    render_indices: IndexPatterns = Field(
        (),
        description="indices whose pictures are rendered on the fly (docs/rendering.md), such as `images, photos-*`; "
        "none: off",
    )
    render_originals: bool = Field(
        False,
        description="whether originals that are kept in the store (docs/store.md) may be seen, with all their metadata",
    )
    render_key: SecretStr = Field(
        SecretStr(""), description="secret that signs addresses of rendered pictures; default: the token"
    )
    render_max_age: int = Field(3600, ge=0, description="how long browsers may keep a rendered picture")
    elasticsearch_url: Urls = Field(
        ("http://127.0.0.1:9200",),
        min_length=1,
        description="addresses of nodes of the Elasticsearch with `render_indices`; one that does not answer is passed "
        "over",
    )
    elasticsearch_api_key: SecretStr = Field(SecretStr(""), description="API key that may read `render_indices`")
    elasticsearch_ca: str = Field("", description="PEM file of the authority that signed Elasticsearch's certificate")
    cache_dir: str = Field("", description="folder for rendered pictures; default: none are kept")
    cache_bytes: int = Field(256 * 1024**2, ge=0, description="size of the folder; the least recently used go first")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="lowest level that is logged")

    def limits(self) -> dict[str, int | float]:
        """The limits that the nodes' settings must fit; `ingest-image doctor` reads them."""
        names = (
            "workers",
            "queue_size",
            "max_image_bytes",
            "max_pixels",
            "max_dimension",
            "max_frames",
            "picture_timeout",
        )
        return {name: getattr(self, name) for name in names}

    @property
    def most_stored_bytes(self) -> int:
        """Most bytes that a picture in the store can have: a result or an original."""
        return max(self.max_result_bytes, self.max_image_bytes)

    def longest_request(self) -> int:
        """Most bytes of a request body: base64 is 4/3 of the picture, more with line breaks; then the recipe."""
        return int(self.max_image_bytes * 1.4) + 1024**2

    def accepted_tokens(self) -> list[str]:
        """Tokens from which the keys of requests are derived; empty when authentication is off."""
        return [t for t in (self.token.get_secret_value(), self.previous_token.get_secret_value()) if t]

    def mark_key(self) -> bytes:
        """The key that signs marks: derived from the token, or the one that `use_mark_key` set."""
        return self._mark_key or mark_key(self.token.get_secret_value())

    def use_mark_key(self, key: bytes) -> None:
        """Sign with this key. Workers get it instead of the token, as they decode untrusted bytes."""
        self._mark_key = key

    def accepted_mark_keys(self) -> list[bytes]:
        """Keys whose marks are valid, the one that signs first; without a token, the key of an empty one."""
        token = self.token.get_secret_value()
        tokens = [token, *(other for other in self.accepted_tokens() if other != token)]
        return [key(each) for each in tokens for key in (mark_key, first_mark_key)]

    def use_recognition(self) -> None:
        """Be the settings of a recognizer."""
        self._recognizes = True

    def recognizes(self) -> bool:
        """Whether this process is a recognizer."""
        return self._recognizes

    def memory(self) -> tuple[str, int]:
        """The private memory of this worker in bytes, with the setting's name."""
        if self._recognizes:
            return "IMAGE_RECOGNIZER_MEMORY", self.recognizer_memory
        return "IMAGE_WORKER_MEMORY", self.worker_memory

    def is_loopback(self) -> bool:
        """Whether the service listens to this machine only."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"
