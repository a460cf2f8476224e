"""The card behind the reader (读卡器里的卡): what any card must answer, and what one may beside it."""

from __future__ import annotations

from typing import Protocol


class Inside(Protocol):
    """A card in the slot. It may have, beside these: ``extensions: int``, how often more time is asked for before the answer just
    given; ``spoil() -> str``, what befalls the next answer on a T=1 line (``drop_reply``, ``corrupt_reply``, ``""``), once;
    ``answered()``, told when the answer to the last command has left whole."""

    def answer(self, apdu: bytes) -> bytes | None:
        """The response APDU; None when the card stays mute until it is powered up anew.

        Raises ``PowerLost`` when the whole token dies in it.
        """
        ...

    def reset(self) -> None:
        """The card is powered up, or down: a new session."""
        ...


class PowerLost(Exception):
    """The power went in the middle of a command."""


class Behind:
    """One session with a card, for an exchange."""

    def __init__(self, card: Inside) -> None:
        self._card = card
        self._waits = 0
        self.mute = False

    def ask(self, apdu: bytes) -> bytes | None:
        """Hand a command over. Raises ``PowerLost``."""
        answer = self._card.answer(apdu)
        self._waits = getattr(self._card, "extensions", 0)
        self.mute = answer is None
        return answer

    def waits(self) -> int:
        """How often more time is wanted before the answer just given. Asked once."""
        waits, self._waits = self._waits, 0
        return waits

    def spoil(self) -> str:
        """See ``Inside``."""
        return str(getattr(self._card, "spoil", str)())

    def answered(self) -> None:
        """The whole answer has left."""
        getattr(self._card, "answered", bool)()
