"""The page: files that `npm run build` makes of `lineage/web/ui`, read and compressed when they are first asked for.

They show nothing of a store: the page asks the API for that, as its reader. The name of a file below `assets` says
which bytes it holds, so that whoever has it need not ask again; the first document is asked for each time.
"""

from functools import cache
from mimetypes import types_map
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lineage.web.compression import Encoding, compressed_well, encoding_for

BUILT: Final = Path(__file__).parent / "static" / "page"
FIRST: Final = "index.html"
FOR_GOOD: Final = "public, max-age=31536000, immutable"
EACH_TIME: Final = "no-cache"


def page_routes() -> list[BaseRoute]:
    """List the addresses of the page: `/`, and what it loads."""
    return [Route("/", _first), Route("/assets/{name}", _asset)]


async def _first(request: Request) -> Response:
    return _answer(request, FIRST, EACH_TIME)


async def _asset(request: Request) -> Response:
    name = f"assets/{request.path_params['name']}"
    if name not in _files():
        raise HTTPException(404)
    return _answer(request, name, FOR_GOOD)


def _answer(request: Request, name: str, kept: str) -> Response:
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    encoding = encoding_for(request.headers.get("accept-encoding"))
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    return Response(_contents(name, encoding), headers=headers, media_type=types_map[Path(name).suffix])


@cache
def _files() -> dict[str, Path]:
    """The files that there are: a name that comes from outside is looked up here, and never a path."""
    return {path.relative_to(BUILT).as_posix(): path for path in BUILT.rglob("*") if path.is_file()}


@cache
def _contents(name: str, encoding: Encoding | None) -> bytes:
    """The bytes of a file, compressed or not."""
    body = _files()[name].read_bytes()
    return body if encoding is None else compressed_well(body, encoding)
