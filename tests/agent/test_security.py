from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from fapiao_kernel.agent.security import Guard

TOKEN = "the-token"
HOST = "127.0.0.1:4321"


def ask(path: str = "/status", *, token: str | None = TOKEN, host: str = HOST, origin: str | None = None) -> int:
    """The status that a request gets; 200 when it reaches the application."""
    headers = [(b"host", host.encode())]
    if token is not None:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    seen: list[int] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            seen.append(message["status"])

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    scope = {"type": "http", "path": path, "headers": headers}
    asyncio.run(Guard(application, TOKEN)(scope, receive, send))
    return seen[0]


def test_the_token_opens() -> None:
    assert ask() == 200


@pytest.mark.parametrize("token", [None, "", "another", TOKEN + "x", TOKEN[:-1]])
def test_without_the_right_token_everything_is_401(token: str | None) -> None:
    assert ask(token=token) == 401
    assert ask("/no/such/route", token=token) == 401
    assert ask("/health/", token=token) == 401


def test_health_alone_needs_no_token() -> None:
    assert ask("/health", token=None) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "[::1", "127.0.0.1/x"],
)
def test_a_foreign_host_is_refused_even_with_the_token(host: str) -> None:
    assert ask(host=host) == 403
    assert ask("/health", token=None, host=host) == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "LOCALHOST:1", "[::1]:9"])
def test_loopback_hosts_are_ours(host: str) -> None:
    assert ask(host=host) == 200


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "", "http://127.0.0.1:9999", "http://localhost:4321", "https://127.0.0.1:4321"],
)
def test_a_foreign_origin_is_refused_even_with_the_token(origin: str) -> None:
    assert ask(origin=origin) == 403


def test_our_own_origin_is_taken() -> None:
    assert ask(origin=f"http://{HOST}") == 200


def test_a_missing_token_is_told_before_a_foreign_host() -> None:
    assert ask(token=None, host="evil.example") == 401
