"""``expected_exchange``: a link for a driver author's own tests that knows beforehand what is said (预定的一问一答)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

Bytes = bytes | str
"""Bytes, or hex digits with or without spaces."""
Exchange = tuple[Bytes, Bytes | BaseException]
"""What must be sent, and what comes back; an exception is raised in its place."""


class Unexpected(AssertionError):
    """Something else was sent than expected, or too much, or too little."""


class Expected:
    """``plug.Link`` over a list of exchanges."""

    name = "expected"

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._exchanges = [(_bytes(sent), received) for sent, received in exchanges]
        self._done = 0
        self.wrong: Unexpected | None = None
        """The first thing that went otherwise, kept: a driver may catch what is raised at it."""

    def transmit(self, apdu: bytes) -> bytes:
        """The answer to the next expected command. Raises ``Unexpected`` for any other command."""
        if self._done == len(self._exchanges):
            raise self._not(f"nothing more was expected after {self._done} exchanges, but {apdu.hex(' ')} was sent")
        sent, received = self._exchanges[self._done]
        if apdu != sent:
            raise self._not(f"exchange {self._done + 1}: expected {sent.hex(' ')}, but {apdu.hex(' ')} was sent")
        self._done += 1
        if isinstance(received, BaseException):
            raise received
        return _bytes(received)

    def close(self) -> None:
        """Nothing to let go."""

    def _not(self, what: str) -> Unexpected:
        self.wrong = self.wrong or Unexpected(what)
        return self.wrong

    def settle(self) -> None:
        """Raises ``Unexpected`` when anything went otherwise, or an exchange has not taken place."""
        if self.wrong is not None:
            raise self.wrong
        if self._done < len(self._exchanges):
            raise Unexpected(f"exchange {self._done + 1} did not take place: {self._exchanges[self._done][0].hex(' ')}")


@contextmanager
def expected_exchange(exchanges: Sequence[Exchange]) -> Iterator[Expected]:
    """A link on which exactly these exchanges must take place, in this order.

    >>> with expected_exchange([("00 A4 00 0C", "90 00")]) as link:
    ...     _ = link.transmit(bytes.fromhex("00A4000C"))

    Raises ``Unexpected`` (an ``AssertionError``) for another command, for one too many, and at the end for one too few.
    """
    link = Expected(exchanges)
    yield link
    link.settle()


def _bytes(given: Bytes) -> bytes:
    return bytes.fromhex(given) if isinstance(given, str) else given
