"""The example card, simulated: ``python -m example_tax_card.simulator --state FILE``. Written from README.md, not from the driver."""

from __future__ import annotations

import argparse
import hashlib
import hmac
import os
import secrets
import signal
import socketserver
import sys
import threading
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from fapiao_kernel.simulator.clock import PracticeClock
from fapiao_kernel.simulator.processes import announce, pid_file
from fapiao_kernel.simulator.state_file import read_json, write_json

TRIES = 8
OK, PIN_NEEDED, BLOCKED, CONDITIONS, DATA, NO_RECORD = 0x9000, 0x6982, 0x6983, 0x6985, 0x6A80, 0x6A83
LENGTH, NO_INS, NO_CLA, ALREADY, MAC_WRONG, KEY_UNKNOWN = 0x6700, 0x6D00, 0x6E00, 0x6901, 0x9302, 0x9403


class No(Exception):
    """A refusal: its status word. Nothing was changed."""


class LostReply(Exception):
    """Carried out; the line breaks before the answer."""


class Card:
    """State in one JSON file, on disk before any answer."""

    def __init__(self, path: Path) -> None:
        state = read_json(path)
        if state is None:
            raise SystemExit(f"no card: {path}")
        self._path, self._state, self._lock = path, state, threading.Lock()
        self._clock = PracticeClock(state["clock_offset"])
        self._key = bytes.fromhex(state["key"])

    def answer(self, apdu: bytes, session: dict[str, bool]) -> bytes:
        """One command; ``session``: whether its PIN was verified on this line."""
        with self._lock:
            try:
                if len(apdu) < 4:
                    raise No(LENGTH)
                if apdu[0] != 0x80:
                    raise No(NO_CLA)
                act = self._acts().get(apdu[1])
                if act is None:
                    raise No(NO_INS)
                return act(apdu[2], _data(apdu), session) + OK.to_bytes(2, "big")
            except No as no:
                return int(no.args[0]).to_bytes(2, "big")

    def _acts(self) -> dict[int, Callable[[int, bytes, dict[str, bool]], bytes]]:
        return {
            0x10: self._tell,
            0x12: self._totals,
            0x20: self._verify,
            0x30: self._report,
            0x32: self._again,
            0x40: self._clear,
        }

    def _tell(self, _record: int, _data: bytes, _session: dict[str, bool]) -> bytes:
        told = self._state
        out = _field(0x01, told["device"]) + _field(0x02, told["card"]) + _field(0x03, told["taxpayer"])
        out += _field(0x04, told["name"].encode("gb18030")) + _field(0x05, told["valid_until"])
        out += _field(0x06, f"{self._now():%Y%m%d%H%M%S}") + _field(0x07, bytes([told["tries"]]))
        for each in told["records"]:
            dates = [
                _field(tag, each[name])
                for tag, name in ((0x12, "lock"), (0x13, "start"), (0x14, "end"), (0x15, "last"))
            ]
            rest = _field(0x16, bytes([each["reported"]])) + _field(0x17, bytes(4))
            out += _field(0x10, _field(0x11, each["type"]) + b"".join(dates) + rest)
        return _checked(out)

    def _totals(self, _record: int, _data: bytes, _session: dict[str, bool]) -> bytes:
        out = b""
        spans = {each["type"]: (each["start"][:6], each["end"][:6]) for each in self._state["records"]}
        for each in self._state["totals"]:
            if spans[each["type"]][0] <= each["month"] <= spans[each["type"]][1]:
                numbers = _field(0x23, _counts(each["counts"])) + _field(0x24, _sums(each["sums"]))
                out += _field(0x20, _field(0x21, each["type"]) + _field(0x22, each["month"]) + numbers)
        return _checked(out)

    def _verify(self, _record: int, data: bytes, session: dict[str, bool]) -> bytes:
        session["pin"] = False
        if not self._state["tries"]:
            raise No(BLOCKED)
        right = hmac.compare_digest(data, self._state["pin"].encode())
        self._state["tries"] = TRIES if right else self._state["tries"] - 1
        self._keep()
        if not right:
            raise No(0x63C0 | self._state["tries"])
        session["pin"] = True
        return b""

    def _report(self, number: int, data: bytes, session: dict[str, bool]) -> bytes:
        record = self._record(number, session)
        if data:
            raise No(LENGTH)
        if record["reported"] or f"{self._now():%Y%m%d}" <= record["end"]:
            raise No(CONDITIONS)
        random = secrets.token_bytes(8)
        record.update(
            reported=True,
            last=f"{self._now():%Y%m%d}",
            random=random.hex(),
            sealed=self._seal(number, record, random).hex(),
        )
        self._keep()
        return _checked(bytes.fromhex(record["sealed"]))

    def _again(self, number: int, _data: bytes, _session: dict[str, bool]) -> bytes:
        record = self._record(number, {"pin": True})
        if not record["reported"]:
            raise No(CONDITIONS)
        return _checked(bytes.fromhex(record["sealed"]))

    def _seal(self, number: int, record: dict[str, Any], random: bytes) -> bytes:
        """汇总密文: docs/protocol/practice-card.md of fapiao-kernel, section 5."""
        mine = [
            t
            for t in self._state["totals"]
            if t["type"] == record["type"] and record["start"][:6] <= t["month"] <= record["end"][:6]
        ]
        counts, sums = (
            [sum(column) for column in zip(*(t[name] for t in mine), strict=True)] or [0] * 4
            for name in ("counts", "sums")
        )
        head = bytes([number]) + bytes.fromhex(record["start"] + record["end"]) + random
        body = (head + _counts(counts) + _sums(sums) + bytes.fromhex(self._state["device"])).ljust(316, b"\0")
        return body + self._mac(b"summary" + body)

    def _clear(self, number: int, payload: bytes, session: dict[str, bool]) -> bytes:
        """清卡密文: the same note, section 6."""
        record = self._record(number, session)
        if len(payload) != 29:
            raise No(LENGTH)
        if payload[0] != 1:
            raise No(KEY_UNKNOWN)
        if record["cleared"] and self._fits(payload, bytes.fromhex(record["cleared"])):
            raise No(ALREADY)
        if not record["reported"]:
            raise No(CONDITIONS)
        random = bytes.fromhex(record["random"])
        if not self._fits(payload, random):
            raise No(MAC_WRONG)
        stream = hashlib.sha256(self._key + b"cipher" + random).digest()
        plain = bytes(a ^ b for a, b in zip(payload[1:25], stream, strict=False))
        lock, start, end = (plain[at : at + 4].hex() for at in (1, 5, 9))
        if (
            plain[0] != number
            or plain[13:] != random + bytes(3)
            or not (lock > record["lock"] and record["end"] < start <= end)
        ):
            raise No(DATA)
        record.update(lock=lock, start=start, end=end, reported=False, sealed="", random="", cleared=random.hex())
        lost, self._state["fault"] = self._state["fault"] == "lost-reply", ""
        self._keep()
        if lost:
            raise LostReply
        return b""

    def _fits(self, payload: bytes, random: bytes) -> bool:
        return hmac.compare_digest(payload[25:], self._mac(b"mac2" + payload[:25] + random))

    def _mac(self, data: bytes) -> bytes:
        return hmac.new(self._key, data, hashlib.sha256).digest()[:4]

    def _record(self, number: int, session: dict[str, bool]) -> dict[str, Any]:
        if not session.get("pin"):
            raise No(PIN_NEEDED)
        if not 1 <= number <= len(self._state["records"]):
            raise No(NO_RECORD)
        found: dict[str, Any] = self._state["records"][number - 1]
        return found

    def _now(self) -> datetime:
        return self._clock.now()

    def _keep(self) -> None:
        write_json(self._path, self._state)


def _data(apdu: bytes) -> bytes:
    """The data of an extended APDU; none when it has but Le."""
    return apdu[7 : 7 + int.from_bytes(apdu[5:7], "big")] if len(apdu) > 7 else b""


def _field(tag: int, value: bytes | str) -> bytes:
    raw = value.encode("ascii") if isinstance(value, str) else value
    return bytes([tag]) + len(raw).to_bytes(2, "big") + raw


def _counts(counts: list[int]) -> bytes:
    return b"".join(count.to_bytes(4, "big") for count in counts)


def _sums(sums: list[int]) -> bytes:
    return b"".join(fen.to_bytes(8, "big", signed=True) for fen in sums)


def _checked(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(4, "big")


class Line(socketserver.StreamRequestHandler):
    """One terminal's connection."""

    def handle(self) -> None:
        session: dict[str, bool] = {}
        while len(head := self.rfile.read(2)) == 2:
            try:
                answer = self.server.card.answer(self.rfile.read(int.from_bytes(head, "big")), session)  # type: ignore[attr-defined]  # Server's
            except LostReply:
                return
            self.wfile.write(len(answer).to_bytes(2, "big") + answer)


class Server(socketserver.ThreadingTCPServer):
    """Listens on a port of its own choosing."""

    daemon_threads = True

    def __init__(self, card: Card) -> None:
        self.card = card
        super().__init__(("127.0.0.1", 0), Line)


def main() -> int:
    """Serve until SIGTERM; prints ``{"line": "127.0.0.1:PORT"}`` when ready."""
    parser = argparse.ArgumentParser(prog="example_tax_card.simulator")
    parser.add_argument("--state", type=Path, required=True)
    state: Path = parser.parse_args().state.resolve()
    server = Server(Card(state))
    line = f"127.0.0.1:{server.server_address[1]}"
    write_json(pid_file(state), {"pid": os.getpid(), "line": line})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    announce({"line": line})
    try:
        server.serve_forever()
    finally:
        pid_file(state).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
