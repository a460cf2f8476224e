"""Who may speak to the agent: the holder of the home's token, from this machine, and no web page of somebody else."""

from __future__ import annotations

import hmac
import json
from urllib.parse import urlsplit

from starlette.types import ASGIApp as App
from starlette.types import Receive, Scope, Send

from fapiao_kernel.agent.errors import view
from fapiao_kernel.domain.errors import Refused

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
OPEN = "/health"
"""The one path that answers without a token."""


class Guard:
    """ASGI middleware in front of routing and validation: 401 without the token, then 403 for a foreign Host or Origin."""

    def __init__(self, app: App, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        if scope["path"] != OPEN and not self._holds(headers.get(b"authorization", b"")):
            await _refuse(send, 401, "token_missing")
        elif not _at_home(headers.get(b"host", b"").decode("latin-1"), headers.get(b"origin")):
            await _refuse(send, 403, "foreign_origin")
        else:
            await self._app(scope, receive, send)

    def _holds(self, authorization: bytes) -> bool:
        scheme, _, given = authorization.partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._token)


def _at_home(host: str, origin: bytes | None) -> bool:
    if _name(f"//{host}") not in LOOPBACK:
        return False
    if origin is None:
        return True
    text = origin.decode("latin-1")
    return text.startswith("http://") and text.removeprefix("http://") == host


def _name(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises ValueError for a port that is none
    except ValueError:
        return None
    return None if parts.username is not None or parts.path else parts.hostname


async def _refuse(send: Send, status: int, code: str) -> None:
    body = json.dumps({"error": view(Refused(code)).model_dump()}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
