"""What keeps other sites, and what documents say, from doing anything here."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from .settings import GallerySettings

POLICY = (
    "default-src 'none'; img-src 'self' data: blob:; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-cache",
}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def protect(app: Flask, settings: GallerySettings) -> None:
    """Check where requests come from, and set the headers of all answers."""

    @app.before_request
    def check() -> None:
        # A name of the attacker's that resolves to this machine would make us same-origin with the attacker.
        if settings.hosts and host_name(request.host) not in settings.hosts:
            abort(421, "This gallery is not known under that name.")
        if request.method not in ("GET", "HEAD", "OPTIONS") and not is_own_page():
            abort(403, "This request does not come from the gallery's own page.")

    @app.after_request
    def add_headers(answer: Response) -> Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer


def is_own_page() -> bool:
    """Whether a page of ours sent the request: browsers tell, by one header or the other."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is not None and origin == f"{request.scheme}://{request.host}"


def host_name(host: str) -> str:
    """The host of a Host header, without port; empty when it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
