"""One HTTP request to the agent, and what its answer means."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from fapiao_kernel.api.shapes import ErrorView
from fapiao_kernel.client.errors import RequestError

Model = TypeVar("Model", bound=BaseModel)

_TIMEOUT = httpx.Timeout(10.0, read=30.0)
LONG = httpx.Timeout(10.0, read=None)
"""For acts that are answered when they are done: an import or the making of a practice world takes what it takes."""


@dataclass(frozen=True)
class Address:
    """Where an agent answers, and the token it wants."""

    url: str
    token: str = field(repr=False)
    boot_id: str
    pid: int


class Wire:
    """A kept-alive connection, safe to use from several threads; finds an agent that was restarted meanwhile."""

    def __init__(self, address: Address, find: Callable[[], Address | None]) -> None:
        self._find = find
        self._lock = threading.Lock()
        self.address = address
        self._http = _open(address)

    def close(self) -> None:
        """Let the connection go."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | BaseModel | None = None,
        params: Mapping[str, Any] | None = None,
        long: bool = False,
    ) -> httpx.Response:
        """The answer, when it is a good one; raises ``RequestError`` for everything else.

        A request is sent once. Only when there was no connection at all, so that nothing was sent, is another agent
        looked for and the request given to that.
        """
        body = json.model_dump() if isinstance(json, BaseModel) else json
        http = self._http
        try:
            try:
                answer = http.request(method, path, json=body, params=params, timeout=LONG if long else _TIMEOUT)
            except httpx.ConnectError:
                http = self._another(http)
                answer = http.request(method, path, json=body, params=params, timeout=LONG if long else _TIMEOUT)
        except httpx.HTTPError as error:
            raise RequestError.of("agent_unreachable", original=type(error).__name__) from error
        if answer.status_code == 401:
            raise _error(answer)
        if answer.is_success:
            return answer
        raise _error(answer)

    def ask(self, model: type[Model], method: str, path: str, **more: Any) -> Model:
        """The answer as one of the API's shapes."""
        answer = self.send(method, path, **more)
        try:
            return model.model_validate_json(answer.content)
        except ValidationError as error:
            raise RequestError.of("agent_answer", exit_code=70, status=answer.status_code) from error

    def json(self, method: str, path: str, **more: Any) -> Any:
        """The answer as plain JSON values."""
        return self.send(method, path, **more).json()

    def _another(self, old: httpx.Client) -> httpx.Client:
        with self._lock:
            if self._http is old:
                address = self._find()
                if address is None:
                    raise httpx.ConnectError("no agent")
                self.address, self._http = address, _open(address)
                old.close()
            return self._http


def _open(address: Address) -> httpx.Client:
    # trust_env off: a proxy from the environment must never see a loopback request and its token.
    return httpx.Client(
        base_url=address.url,
        headers={"Authorization": f"Bearer {address.token}"},
        timeout=_TIMEOUT,
        trust_env=False,
        limits=httpx.Limits(max_keepalive_connections=8, keepalive_expiry=30.0),
    )


def _error(answer: httpx.Response) -> RequestError:
    try:
        return RequestError(ErrorView.model_validate(answer.json()["error"]), answer.status_code)
    except (ValueError, KeyError, TypeError):
        return RequestError.of("agent_answer", exit_code=70, status=answer.status_code)
