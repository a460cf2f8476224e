"""Wrong requests: every one ends in ``{"error": …}``, as the API's document says, and never in a bug."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from fapiao_kernel.agent.app import document
from fapiao_kernel.client import Client
from fapiao_kernel.domain.home import Home

POSTS = (
    "/runs/select",
    "/runs",
    "/runs/none/accept",
    "/runs/none/approve",
    "/recovery/continue",
    "/recovery/false-alarm",
)
CARD = "gb18240+sim://novice"


def post(client: Client, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
    token = Home(client.home).token.read_text(encoding="utf-8").strip()
    line = http.client.HTTPConnection(urlsplit(client.url).netloc, timeout=30)
    line.request("POST", path, body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    answer = line.getresponse()
    told = json.load(answer)
    line.close()
    return answer.status, told["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 20_000])
def test_a_body_that_is_none_is_a_bad_request_on_every_route(client: Client, body: bytes) -> None:
    for path in (*POSTS, "/rehearsals"):
        status, error = post(client, path, body)
        assert (status in (400, 422), error["code"]) == (True, "bad_request"), (path, status, error)


def test_half_a_character_in_a_picked_invoice_is_wrong_use_and_no_bug(client: Client) -> None:
    client.practice_start(size=20)
    body = json.dumps({"card": CARD, "invoices": [["\ud800", "\udfff"]]}).encode()
    status, error = post(client, "/runs/select", body)
    assert (status, error["code"]) == (422, "selection_wrong")


def test_the_document_says_what_an_error_looks_like() -> None:
    for path, methods in document()["paths"].items():  # type: ignore[attr-defined]  # a JSON object
        for told in methods.values():
            shape = told["responses"]["4XX"]["content"]["application/json"]["schema"]["$ref"]
            assert shape.endswith("/Failure"), path
            assert "422" not in told["responses"], path
