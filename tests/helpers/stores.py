"""Stores for tests: a real S3 server, and one that speaks S3 only to fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import obstore
import requests
from obstore.store import S3Store

from tests.helpers.ports import free_port

SECRET = "s3cretOfTheStore"
ACCESS_KEY = "AKIAOFTHETESTS"


def s3_environment(url: str) -> dict[str, str]:
    """What the library needs to know of an S3 server, beside IMAGE_STORE_URL."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """The environment with these variables, for the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def away(path: Path) -> Iterator[None]:
    """A file that is not in its place meanwhile."""
    elsewhere = path.rename(path.with_suffix(".away"))
    try:
        yield
    finally:
        elsewhere.rename(path)


class S3Server:
    """SeaweedFS: a real S3 server that demands a key, if it has one. `url`, `process`.

    `key`: its id, None for a server that takes any request, also with a session token. `tls`: its authority and its
    certificate, as tests/helpers/certificates.py makes them.
    """

    def __init__(self, folder: Path, tls: tuple[Path, Path] | None = None, key: str | None = ACCESS_KEY) -> None:
        self._folder, self._tls, self._key = folder, tls, key
        # Its parts listen on ports that are 10000 above these, too, for their own calls.
        self.port, *self._ports = (free_port(and_above=10_000) for _ in range(4))
        self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        master, volume, filer = self._ports
        command = [
            str(Path(sys.executable).with_name("weed")),
            "server",
            f"-dir={self._folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-s3",
        ]
        command += [f"-s3.port={self.port}", f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"]
        # Listeners that two servers could not both have.
        command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
        command += ["-volume.max=20", "-master.volumeSizeLimitMB=100"]
        if self._key:
            command.append(f"-s3.config={self._identities(self._key)}")
        if self._tls:
            command += [f"-s3.cert.file={self._tls[1]}", f"-s3.key.file={self._tls[1]}.key"]
        with (self._folder / "weed.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self._put_bucket() in (200, 409):
                    return
            except (requests.ConnectionError, requests.Timeout):
                pass
            time.sleep(0.1)
        self.stop()
        raise AssertionError(f"the S3 server did not start:\n{(self._folder / 'weed.log').read_text()[-2000:]}")

    def _put_bucket(self) -> int:
        """Make the bucket, which the library does not do; the status of the answer."""
        bucket = S3Store(
            "pictures",
            endpoint=self.url,
            access_key_id=self._key or ACCESS_KEY,
            secret_access_key=SECRET,
            region="us-east-1",
        )
        address = obstore.sign(bucket, "PUT", "", timedelta(minutes=5))
        return requests.put(address, timeout=5, verify=str(self._tls[0]) if self._tls else True).status_code

    def _identities(self, id: str) -> Path:
        """A file without which the server would take any request."""
        path = self._folder / "identities.json"
        key = {"accessKey": id, "secretKey": SECRET}
        path.write_text(json.dumps({"identities": [{"name": "tests", "credentials": [key], "actions": ["Admin"]}]}))
        return path

    def stop(self) -> None:
        # Told to end, it waits half a minute for its own parts.
        self.process.kill()
        self.process.wait(60)


@contextmanager
def s3_server(folder: Path, key: str | None = ACCESS_KEY) -> Iterator[S3Server]:
    """A real S3 server with a bucket `pictures`, and an environment that names it."""
    folder.mkdir(exist_ok=True)
    server = S3Server(folder, key=key)
    try:
        with environment(**s3_environment(server.url)):
            yield server
    finally:
        server.stop()


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[str]:
    """A store of a kind, `folder` or `s3`; gives its URL."""
    if kind == "s3":
        with s3_server(folder):
            yield f"s3://pictures/{uuid.uuid4().hex[:8]}"
    else:
        folder.mkdir(exist_ok=True)
        yield str(folder)


class FaultyStore:
    """Speaks as much S3 as is needed to fail. `behaviour` answers each request."""

    def __init__(self, behaviour: Callable[[Any], None]) -> None:
        self.behaviour = behaviour
        self.requests: list[str] = []
        self.closed = threading.Event()
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                store.requests.append(f"{self.command} {self.path}")
                self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                store.behaviour(self)

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = handle_one

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()

    def hang(self, _: Any) -> None:
        """Take the request and never answer."""
        self.closed.wait()


def refusing(handler: Any) -> None:
    """As S3 refuses a wrong key, with what it tells of the request."""
    answer(handler, 403, b"<Error><Code>SignatureDoesNotMatch</Code><StringToSign>hush</StringToSign></Error>")


def full(handler: Any) -> None:
    answer(handler, 507, b"<Error><Code>InsufficientStorage</Code></Error>")


def ask(handler: Any, server: S3Server) -> requests.Response:
    """What a real server answers to a request."""
    with requests.Session() as session:
        session.trust_env = False
        # With its host, which is signed.
        headers = dict(handler.headers)
        return session.request(
            handler.command, server.url + handler.path, headers=headers, data=handler.body, timeout=60
        )


def pass_on(handler: Any, server: S3Server) -> None:
    """Have a real server answer, as a proxy does."""
    relay(handler, ask(handler, server))


def relay(handler: Any, real: requests.Response) -> None:
    """Answer as a real server did."""
    handler.send_response(real.status_code)
    for name in ("Content-Length", "Content-Type", "Content-Range", "ETag", "Last-Modified"):
        if name in real.headers:
            handler.send_header(name, real.headers[name])
    if "Content-Length" not in real.headers:
        handler.send_header("Content-Length", str(len(real.content)))
    handler.end_headers()
    handler.wfile.write(real.content)
    handler.wfile.flush()


def bucket_missing(handler: Any) -> None:
    answer(handler, 404, b"<Error><Code>NoSuchBucket</Code></Error>")


def answer(handler: Any, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("ETag", '"1"')
    handler.send_header("Last-Modified", "Thu, 26 Nov 2026 12:00:00 GMT")
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def faulty_store(behaviour: Callable[[Any], None]) -> Iterator[FaultyStore]:
    """A store with a fault, and an environment that names it."""
    store = FaultyStore(behaviour)
    try:
        with environment(**s3_environment(store.url)):
            yield store
    finally:
        store.stop()
