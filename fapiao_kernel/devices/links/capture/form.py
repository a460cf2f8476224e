"""The capture file (通讯记录): JSON lines, a head and then one line an exchange, secrets masked. Text in, text out, no I/O.

Bytes are hex, two upper-case digits each; ``**`` is a masked byte, so that lengths and status words stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fapiao_kernel.devices.plug import Secret, Side
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, ProtocolError
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.protocol.apdu import Command

FORMAT, VERSION = "fapiao-capture", 1
MASKED = "**"
HEADER = 4
"""CLA, INS, P1, P2; never masked."""
GET_RESPONSE = 0xC0
BYTES_WAIT, WRONG_LE = 0x61, 0x6C
"""SW1 of "xx bytes wait": what a GET RESPONSE brings is the answer to the command before (ISO 7816-4, 5.6); and of "ask for xx bytes",
which a GET RESPONSE may get first."""
EVERY_CLASS = None
KINDS: Mapping[str, type[FapiaoError]] = {"NotReachable": NotReachable, "ProtocolError": ProtocolError}
"""What a link may raise (``plug.Link``)."""


@dataclass(frozen=True)
class Mask:
    """Which half of which command is masked. ``cla`` None: whatever the class, so on any channel, chained and under secure messaging."""

    cla: int | None
    ins: int
    side: Side


# VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER, even and odd INS (ISO 7816-4, 11.5), and ENVELOPE, which may carry any of them.
# An answer to one of them has no business with data; if a card gives some, it may be the reference data again.
ISO_MASKS = tuple(
    Mask(EVERY_CLASS, ins, side) for ins in (0x20, 0x21, 0x24, 0x25, 0x2C, 0x2D, 0xC2, 0xC3) for side in Side
)


def masks_of(secrets: Iterable[Secret]) -> tuple[Mask, ...]:
    """The masks for a driver's secrets, beside ISO 7816-4's own. A class of ISO's (below 80) stands for all of ISO's."""
    own = (Mask(secret.cla if secret.cla >= 0x80 else EVERY_CLASS, secret.ins, secret.side) for secret in secrets)
    return (*ISO_MASKS, *own)


class Masking:
    """Masks the halves of one exchange after the other, in their order."""

    def __init__(self, masks: Iterable[Mask]) -> None:
        self._masks = frozenset(masks)
        self._carried = False  # the answer waiting behind a 61xx is secret

    def covers(self, apdu: bytes, side: Side) -> bool:
        """Whether this half of the exchange that ``apdu`` begins is secret."""
        if len(apdu) < 2:
            return side is Side.COMMAND  # no command at all; whatever it is, nobody declared it harmless
        if side is Side.RESPONSE and self._carried and apdu[1] == GET_RESPONSE:
            return True
        return not self._masks.isdisjoint({Mask(EVERY_CLASS, apdu[1], side), Mask(apdu[0], apdu[1], side)})

    def command(self, apdu: bytes) -> str:
        """A command as it stands in the file: of a secret one the header, Lc and Le."""
        return _hex(apdu, _data_of(apdu)) if self.covers(apdu, Side.COMMAND) else _hex(apdu)

    def response(self, apdu: bytes, response: bytes) -> str:
        """Its answer: of a secret one the status word."""
        secret = self.covers(apdu, Side.RESPONSE)
        self._carried = secret and response[-2:-1] in (bytes([BYTES_WAIT]), bytes([WRONG_LE]))
        return _hex(response, range(len(response) - 2 if len(response) >= 2 else len(response)) if secret else range(0))


def _data_of(apdu: bytes) -> range:
    """Where the data of a command lie; of one that does not follow ISO 7816-4 everything behind the header may be data."""
    try:
        length = len(Command.parse(apdu).data)
    except ProtocolError:
        return range(min(HEADER, len(apdu) // 2), len(apdu))
    start = HEADER + (1 if apdu[HEADER : HEADER + 1] != b"\x00" else 3)
    return range(start, start + length)


def _hex(raw: bytes, masked: range = range(0)) -> str:
    text = raw.hex().upper()
    return text[: 2 * masked.start] + MASKED * len(masked) + text[2 * masked.stop :] if masked else text


@dataclass(frozen=True)
class Exchange:
    """One line: the masked command, and the masked answer or the error that came instead of it."""

    command: str
    response: str
    error: FapiaoError | None
    microseconds: int

    def write(self) -> str:
        """Its line."""
        answer: dict[str, Any] = {"response": self.response}
        if self.error is not None:
            answer = {
                "error": type(self.error).__name__,
                "code": self.error.code,
                "effect": self.error.effect.value,
                "original": self.error.original,
                "facts": {name: str(fact) for name, fact in self.error.facts.items()},
            }
        return _line({"command": self.command, **answer, "us": self.microseconds})


def read_exchange(line: str) -> Exchange:
    """The exchange that a line is. Raises ``ValueError`` for any other text."""
    read = _object(line)
    command, microseconds = _text(read, "command"), read.get("us")
    if not isinstance(microseconds, int):
        raise ValueError("us")
    bytes.fromhex(unmasked(command))
    if "error" in read:
        return Exchange(command, "", _error(read), microseconds)
    response = _text(read, "response")
    bytes.fromhex(unmasked(response))
    return Exchange(command, response, None, microseconds)


def _error(read: Mapping[str, Any]) -> FapiaoError:
    facts = read.get("facts")
    if not isinstance(facts, dict) or not all(isinstance(fact, str) for fact in facts.values()):
        raise ValueError("facts")
    try:
        kind = KINDS[_text(read, "error")]
        return kind(
            _text(read, "code"), effect=Effect(_text(read, "effect")), original=_text(read, "original"), **facts
        )
    except (KeyError, TypeError) as unknown:  # a code that this version does not know, or without its facts
        raise ValueError("error") from unknown


def unmasked(text: str) -> str:
    """With zero bytes where the file has masks: what stood there nobody knows any more."""
    return text.replace(MASKED, "00")


def write_head(link: str, started: str, masks: Iterable[Mask]) -> str:
    """The first line: what was recorded, since when (ISO 8601), and what is masked in it."""
    told = [
        {"cla": MASKED if m.cla is None else f"{m.cla:02X}", "ins": f"{m.ins:02X}", "side": m.side.value} for m in masks
    ]
    return _line({"format": FORMAT, "version": VERSION, "link": link, "started": started, "masks": told})


@dataclass(frozen=True)
class Head:
    """What the first line says."""

    link: str
    started: str
    masks: tuple[Mask, ...]


def read_head(line: str) -> Head:
    """Raises ``ValueError`` for any text that is no head of this version."""
    read = _object(line)
    if read.get("format") != FORMAT or read.get("version") != VERSION or not isinstance(read.get("masks"), list):
        raise ValueError("format")
    masks = []
    for told in read["masks"]:
        if not isinstance(told, dict):
            raise ValueError("masks")
        cla = _text(told, "cla")
        masks.append(
            Mask(EVERY_CLASS if cla == MASKED else int(cla, 16), int(_text(told, "ins"), 16), Side(_text(told, "side")))
        )
    return Head(_text(read, "link"), _text(read, "started"), tuple(masks))


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def _object(line: str) -> dict[str, Any]:
    try:
        read = json.loads(line)
    except RecursionError as error:  # nested without end
        raise ValueError("nested") from error
    if not isinstance(read, dict):
        raise ValueError("no object")
    return read


def _text(read: Mapping[str, Any], name: str) -> str:
    if not isinstance(read.get(name), str):
        raise ValueError(name)
    return str(read[name])
