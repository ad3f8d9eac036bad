"""Protects the gallery from other sites, and from what documents contain."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from ..settings import GallerySettings

POLICY = (
    "default-src 'none'; img-src 'self' data: blob:; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-cache",
}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def protect(app: Flask, settings: GallerySettings) -> None:
    """Check the origin of requests, and set the security headers of all answers."""

    headers = {**HEADERS, "Content-Security-Policy": policy(settings)}

    @app.before_request
    def check() -> None:
        # If an attacker's host name resolves to this machine, the attacker's page has the same origin as ours.
        if settings.hosts and host_name(request.host) not in settings.hosts:
            abort(421, "This gallery is not known under that name.")
        if request.method not in ("GET", "HEAD", "OPTIONS") and not is_own_page():
            abort(403, "This request does not come from the gallery's own page.")

    @app.after_request
    def add_headers(answer: Response) -> Response:
        for name, value in headers.items():
            answer.headers.setdefault(name, value)
        return answer


def policy(settings: GallerySettings) -> str:
    """The content security policy: nothing from other sites except the tiles of the map that the user names."""
    if not settings.tiles:
        return POLICY
    parts = urlsplit(settings.tiles)
    return POLICY.replace("img-src 'self'", f"img-src 'self' {parts.scheme}://{parts.netloc}")


def is_own_page() -> bool:
    """Whether one of our pages sent the request; browsers say so in one of two headers."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is not None and origin == f"{request.scheme}://{request.host}"


def host_name(host: str) -> str:
    """The host in a Host header, without port; empty if it is not valid."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
