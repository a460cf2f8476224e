"""Confirmation tokens (确认口令): in memory only, short-lived, for one revision, and good for one try."""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.domain.finding import Effect

LIFE = timedelta(minutes=5)
"""How long a confirmation is good for (guided-notebooks note, §8 point 7)."""


@dataclass(frozen=True)
class Token:
    """The token of one confirmed revision."""

    revision: str
    text: str = field(repr=False)
    expires_at: datetime


class Tokens:
    """At most one token a run; a new confirmation replaces it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}
        self._claimed: set[tuple[str, str]] = set()

    def issue(self, run: str, revision: str, now: datetime) -> Token:
        """A new token."""
        token = Token(revision, secrets.token_urlsafe(32), now + LIFE)
        with self._lock:
            self._tokens[run] = token
        return token

    def claim(self, run: str, revision: str, text: str, now: datetime) -> None:
        """Take the token for the one execution it is good for. Spent also when that execution stops early (a wrong PIN):
        so a double click can never present the PIN twice.

        Raises ``Refused``: ``revision_used`` while another execution of the revision runs, ``token_invalid``, ``token_expired``.
        """
        with self._lock:
            if (run, revision) in self._claimed:
                raise Refused("revision_used", effect=Effect.UNKNOWN, revision=revision)  # its clear may be sent now
            known = self._tokens.get(run)
            if (
                known is None
                or known.revision != revision
                or not hmac.compare_digest(known.text.encode(), text.encode())
            ):
                raise Refused("token_invalid")
            del self._tokens[run]
            if now >= known.expires_at:
                raise Refused("token_expired")
            self._claimed.add((run, revision))

    def forget(self, run: str) -> None:
        """The run's confirmation is worth nothing any more."""
        with self._lock:
            self._tokens.pop(run, None)

    def release(self, run: str, revision: str) -> None:
        """The execution has ended; the token stays spent."""
        with self._lock:
            self._claimed.discard((run, revision))
