"""
Swagger UI at ``/admin/api-docs``, which loads nothing from elsewhere.

The page and its files are the same for everybody and tell nothing of the hub. A person types a
token into it; the page then asks for ``/openapi.json`` with it, and keeps it in memory and nowhere
else: not in a URL, a cookie or the browser's storage. So there is no session that could be stolen.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse

PATH: Final = "/admin/api-docs"
_METHODS: Final = ["GET", "HEAD"]

# Swagger UI's own policy is what this leaves out: it makes elements from strings, which Trusted
# Types forbid.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
_OURS: Final = {"api-docs.js": "text/javascript", "api-docs.css": "text/css"}
_THEIRS: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_BANNER_GOES: Final = "<!-- banner -->"
_BANNER: Final = (
    '<p class="demo" role="status"><strong>Trunkline demo</strong> '
    "Nothing reaches a real phone.</p>"
)


def add_api_docs(application: FastAPI, *, demo: bool) -> None:
    """Add the page and its files; with `demo` it says that nothing reaches a real phone."""
    page = _read("api-docs.html").decode().replace(_BANNER_GOES, _BANNER if demo else "")
    files = {"": _serve(page.encode(), "text/html")}
    files |= {f"/{name}": _serve(_read(name), kind) for name, kind in _OURS.items()}
    files |= {f"/{name}": _serve_swagger(name, kind) for name, kind in _THEIRS.items()}
    for name, handler in files.items():
        application.add_api_route(
            PATH + name, handler, methods=_METHODS, include_in_schema=False, response_model=None
        )


def _read(name: str) -> bytes:
    return resources.files(__package__).joinpath("page", name).read_bytes()


def _serve(content: bytes, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def serve() -> Response:
        return Response(content, headers=_HEADERS, media_type=media_type)

    return serve


def _serve_swagger(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def serve() -> Response:
        return FileResponse(_swagger_ui() / name, headers=_HEADERS, media_type=media_type)

    return serve


@cache
def _swagger_ui() -> Path:
    """Return the folder of Swagger UI's files; the package that has them is never imported."""
    spec = find_spec("fastapi_offline")
    assert spec is not None, "trunkline[server] depends on it"
    assert spec.origin is not None, "it is installed as files"
    return Path(spec.origin).parent / "static"
