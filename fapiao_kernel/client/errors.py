"""What a request can fail with."""

from __future__ import annotations

from fapiao_kernel.api.shapes import ErrorView
from fapiao_kernel.domain.errors import message


class RequestError(Exception):
    """The agent refused, or could not be reached; the same fields as any error of the program, for whoever shows it.

    ``exit_code`` follows DESIGN §10; ``status`` is the HTTP status, 0 when there was no answer.
    """

    def __init__(self, error: ErrorView, status: int = 0) -> None:
        super().__init__(f"{error.code}: {error.sentence}")
        self.view = error
        self.status = status
        self.code = error.code
        self.sentence = error.sentence
        self.effect = error.effect
        self.remedy = error.remedy
        self.who = error.who
        self.original = error.original
        self.exit_code = error.exit_code

    @classmethod
    def of(cls, code: str, *, exit_code: int = 5, original: str = "", **facts: object) -> RequestError:
        """One of the catalogue's errors, found on this side of the wire."""
        entry = message(code)
        return cls(
            ErrorView(
                code=code,
                sentence=entry.sentence(facts),
                effect=entry.effect.value,
                remedy=entry.remedy(facts),
                who=entry.who.value,
                original=original,
                exit_code=exit_code,
            )
        )
