"""The token as a USB host sees it (USB 令牌): control requests, bulk and interrupt transfers. Pure: no I/O, no clock.
Note: docs/protocol/usb-token.md."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from fapiao_kernel.simulator.token import control
from fapiao_kernel.simulator.token.behind import Inside, PowerLost
from fapiao_kernel.simulator.token.descriptors import BULK_IN, BULK_OUT, HEADER, Descriptors, Model, descriptors_of
from fapiao_kernel.simulator.token.errors import Gone, Overflow, Stall
from fapiao_kernel.simulator.token.faults import NONE, Plan
from fapiao_kernel.simulator.token.slot import Slot, name_of
from fapiao_kernel.simulator.token.spoiling import spoiled


class Token:
    """One token with a card in it, or none. Every call raises only ``errors.UsbFault``: ``Gone`` when it is not plugged in."""

    def __init__(
        self, card: Inside | None, model: Model | None = None, faults: Sequence[Mapping[str, Any]] | Plan = ()
    ) -> None:
        """Raises ``ValueError`` for a fault that could never strike."""
        self.model = model or Model()
        self._plan = faults if isinstance(faults, Plan) else Plan(faults)
        self._descriptors = descriptors_of(self.model)
        self._slot = Slot(self.model, card)
        self._drawn: Inside | None = None
        self.plugged = True
        self.transfers = 0
        """Bulk transfers so far, both ways."""
        self.transferred = 0
        """Their bytes."""
        self._replugged()

    def _replugged(self) -> None:
        self.configuration = 0
        self.halted: set[int] = set()
        self._command = b""
        self._answers: deque[bytes | Exception] = deque()
        self._late: list[bytes | Exception] = []
        self._late_for = 0
        self._awaits: tuple[int, ...] = ()
        self._changed = self._slot.card is not None
        self._slot.reset()

    def descriptors(self) -> Descriptors:
        """What it says that it is."""
        return self._descriptors

    def plug(self) -> None:
        """Plug it in again: powered up anew, unconfigured."""
        self.plugged = True
        self._replugged()

    def unplug(self) -> None:
        """Pull it out: card and token lose their power."""
        if self.plugged:
            self.plugged = False
            self._replugged()

    def draw(self) -> None:
        """Draw the card (拔卡); reported by interrupt."""
        if self._slot.card is not None:
            self._slot.power_off()
            self._drawn, self._slot.card = self._slot.card, None
            self._changed = True

    def insert(self, card: Inside | None = None) -> None:
        """Put the card in (插卡): this one, or the one last drawn."""
        self.draw()
        self._slot.card = card or self._drawn
        self._changed = True

    def control(self, request_type: int, request: int, value: int, index: int, data: bytes | int = b"") -> bytes:
        """A request on EP0: ``data`` for the device, or the length wanted from it. Raises ``Stall``, ``Gone``."""
        self._there()
        if self._plan.strike("control")["do"] == "stall":
            raise Stall
        if request_type & 0x80:
            length = data if isinstance(data, int) else len(data)
            return control.asked(self, request_type, request, value, index)[:length]
        control.told(self, request_type, request, value, index)
        return b""

    def configure(self, value: int) -> None:
        """SET_CONFIGURATION: endpoints begin anew; the card keeps its power."""
        self.configuration = value
        self.halted.clear()
        self._command = b""
        self._answers.clear()
        self._changed = self._slot.card is not None

    def abort(self, seq: int) -> None:
        """The class request ABORT."""
        self._slot.abort(seq)

    def bulk_out(self, data: bytes) -> None:
        """One bulk transfer to the token. Raises ``Stall``, ``Gone``."""
        self._endpoint(BULK_OUT)
        self._count(len(data))
        if not data:
            return
        self._command += data
        whole = HEADER + int.from_bytes(self._command[1:5], "little")
        more_follows = len(data) % self.model.packet == 0  # its last packet was full
        if more_follows and (len(self._command) < HEADER or len(self._command) < whole):
            self._command = self._command[: self.model.longest + 1]  # enough to see that it is too long
            return
        message, self._command = self._command, b""
        if len(message) < HEADER:
            self._answers.append(self._slot.failed(message, 1))
        else:
            self._arrived(message)

    def _arrived(self, message: bytes) -> None:
        fault = self._plan.strike("message", name_of(message))
        self._before(fault["do"])
        self._give_late()
        if fault["do"] == "silence":
            return
        if fault["do"] == "fail":
            self._answers.append(self._slot.failed(message, fault["n"] & 0xFF))
            return
        try:
            answers = self._slot.answer(message)
        except PowerLost:
            self.unplug()
            raise Gone from None
        self._after(fault, answers)

    def _before(self, do: str) -> None:
        match do:
            case "stall_out":
                self.halted.add(BULK_OUT)
                raise Stall
            case "unplug_before_commit":
                self.unplug()
                raise Gone
            case "card_out_before_commit":
                self.draw()
            case "power_loss":
                self._slot.power_off()

    def _after(self, fault: Mapping[str, Any], answers: list[bytes]) -> None:
        match fault["do"]:
            case "lose_reply_after_commit":
                return
            case "unplug_after_commit":
                self.unplug()
                return
            case "late":
                self._late, self._late_for = list(answers), max(1, fault["n"])
                return
            case "stall_in":
                self._answers.append(Stall())
            case "card_out_after_commit":
                self.draw()
        out: Sequence[bytes | Exception] = answers if fault is NONE else spoiled(fault, answers)
        self._answers.extend(out)

    def _give_late(self) -> None:
        self._answers.extend(self._late)
        self._late = []

    def given_up(self) -> None:
        """The host's patience with bulk in is over (its transfer timed out or was cancelled)."""
        if self._late:
            self._late_for -= 1
            if self._late_for <= 0:
                self._give_late()

    def bulk_in(self, length: int) -> bytes | None:
        """One bulk transfer from the token, of at most ``length`` bytes; None: nothing to give now.

        Raises ``Stall``, ``Overflow``, ``Broken``, ``Gone``.
        """
        self._endpoint(BULK_IN)
        if not self._answers:
            return None
        answer = self._answers[0]
        if isinstance(answer, Exception):
            self._answers.popleft()
            if isinstance(answer, Stall):
                self.halted.add(BULK_IN)
            raise answer
        given, rest = answer[:length], answer[length:]
        if rest and length % self.model.packet:
            self._answers.popleft()
            raise Overflow
        self._count(len(given))
        full = bool(given) and not len(given) % self.model.packet and len(given) == length
        if rest or full:
            self._answers[0] = rest  # empty: the ZLP that ends a transfer of full packets
        else:
            self._answers.popleft()
            if not self._answers:
                self._slot.delivered()
        return given

    def interrupt_in(self) -> bytes | None:
        """RDR_to_PC_NotifySlotChange, once for each change; None: nothing to tell. Raises ``Gone``."""
        self._there()
        if not self._changed or not self.configuration:
            return None
        self._changed = False
        return bytes([0x50, 0x03 if self._slot.card is not None else 0x02])

    def _there(self) -> None:
        if not self.plugged:
            raise Gone

    def _endpoint(self, address: int) -> None:
        self._there()
        if address in self.halted:
            raise Stall

    def _count(self, size: int) -> None:
        """One more transfer; the plan may end it, and everything, here."""
        self.transfers += 1
        self.transferred += size
        if "unplug" in (self._plan.strike("transfer")["do"], self._plan.strike("byte", steps=size)["do"]):
            self.unplug()
            raise Gone
