"""Errors on their way out: one shape, ``{"error": ErrorView}``, whatever went wrong."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp as App
from starlette.types import Message, Receive, Scope, Send

from fapiao_kernel.api.shapes import ErrorView
from fapiao_kernel.domain.errors import (
    FapiaoError,
    NotReachable,
    ProtocolError,
    UsageError,
    message,
)
from fapiao_kernel.domain.shown import plain

log = logging.getLogger("fapiao.agent")

BUG_EXIT = 70
_NOT_FOUND = frozenset({"run_not_found", "rehearsal_not_found", "lesson_unknown", "unknown_route"})


def view(error: FapiaoError) -> ErrorView:
    """An error of the catalogue as a face shows it."""
    return ErrorView(
        code=error.code,
        sentence=_lines(error.sentence),
        effect=error.effect.value,
        remedy=_lines(error.remedy),
        who=error.who.value,
        original=_lines(error.original),
        exit_code=error.exit_code,
    )


def _lines(text: str) -> str:
    """Whole, but nothing in it that a terminal would obey: a device or a plugin may have had a word in it."""
    return plain(text, most=None, keep="\n\t")


def bug_view(error: BaseException) -> ErrorView:
    """A bug of ours: its kind alone goes out; the trace stands in the agent's log."""
    entry, facts = message("bug"), {"what": type(error).__name__}
    return ErrorView(
        code="bug",
        sentence=entry.sentence(facts),
        effect="UNKNOWN",
        remedy=entry.remedy(facts),
        who=entry.who.value,
        exit_code=BUG_EXIT,
    )


def status(error: FapiaoError) -> int:
    """The HTTP status that goes with an error."""
    if error.code in _NOT_FOUND:
        return 404
    match error:
        case UsageError():
            return 422
        case NotReachable():
            return 503
        case ProtocolError():
            return 502
    return 409


def _answer(code: int, error: ErrorView) -> JSONResponse:
    return JSONResponse({"error": error.model_dump()}, status_code=code)


def install(app: FastAPI) -> None:
    """Hand every exception of the app to this module."""

    @app.exception_handler(FapiaoError)
    def _known(request: Request, error: FapiaoError) -> JSONResponse:
        return _answer(status(error), view(error))

    @app.exception_handler(RequestValidationError)
    def _malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        # The given values stay out of the sentence: one of them may be a PIN.
        what = "; ".join(f"{'.'.join(map(str, e['loc'][1:])) or e['loc'][0]}: {e['msg']}" for e in error.errors())
        return _answer(422, view(UsageError("bad_request", what=what)))

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        what = f"{request.method} {request.url.path}"
        code = "unknown_route" if error.status_code in (404, 405) else "bad_request"
        return _answer(
            error.status_code, view(UsageError(code, what=what if code == "unknown_route" else error.detail))
        )


class Bugs:
    """ASGI middleware: a bug ends in an answer of the one form, and the connection lives on for the next request."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:  # the outermost place of a request: whatever comes here is a bug, and is logged
            if scope["type"] != "http" or begun:
                raise
            log.error("bug in %s %s", scope["method"], scope["path"], exc_info=error)
            await _answer(500, bug_view(error))(scope, receive, send)
