"""Asking an application in this process, over its whole stack but the sockets."""

import asyncio
from typing import Any

import httpx
from starlette.types import ASGIApp


class Client:
    """Asks one application."""

    def __init__(self, asked: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app=asked)

    def request(self, method: str, path: str, **parts: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://lineage") as client:
                return await client.request(method, path, **parts)

        return asyncio.run(ask())

    def get(self, path: str, **parts: Any) -> httpx.Response:
        return self.request("GET", path, **parts)

    def post(self, path: str, **parts: Any) -> httpx.Response:
        return self.request("POST", path, **parts)
