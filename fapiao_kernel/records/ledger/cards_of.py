"""Whose card an invoice is (归属设备): machine number, else volume, else the home's only card, else the one asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.errors import Refused, UsageError
from fapiao_kernel.domain.invoice import Invoice
from fapiao_kernel.domain.unit import unit_key

_MACHINE_DIGITS = 12


class CardFinder:
    """Finds unit keys; remembers nothing between imports. ``refused``: device numbers whose invoices may not come in.

    Raises ``UsageError`` (``ledger_card_number``) when ``card`` counts and is no machine number.
    """

    def __init__(
        self, cards: Mapping[str, Sequence[Volume]], card: str | None, refused: Set[str] = frozenset()
    ) -> None:
        self._volumes: dict[str, list[tuple[Volume, str]]] = defaultdict(list)
        for device, volumes in cards.items():
            for volume in volumes:
                self._volumes[volume.code].append((volume, device))
        if (
            len(cards) != 1
            and card is not None
            and not (card.isascii() and card.isdigit() and len(card) <= _MACHINE_DIGITS)
        ):
            raise UsageError("ledger_card_number", card=card)
        self._fallback = next(iter(cards)) if len(cards) == 1 else card
        self._refused = refused
        self._keys: dict[tuple[str, str, int, int], int | None] = {}

    @property
    def volumes(self) -> list[tuple[Volume, str]]:
        """Every card's volumes, each with its card, in the order in which they are looked at."""
        return [each for volumes in self._volumes.values() for each in volumes]

    @property
    def fallback(self) -> str | None:
        """Whose an invoice is that neither machine number nor volume gives to a card."""
        return self._fallback

    def check(self, device: str) -> None:
        """Raises ``Refused`` (``ledger_simulated``) for a refused device."""
        if device_number(device) in self._refused:
            raise Refused("ledger_simulated", device=device_number(device))

    def unit_key(self, invoice: Invoice) -> int | None:
        """The invoice's unit; None for a fully digital one, and where the card is unknown.

        Raises ``Refused`` (``ledger_simulated``) for one of a refused device.
        """
        if invoice.fully_digital:
            return None
        device = self._device(invoice)
        if device is None:
            return None
        day = invoice.issue_date
        at = (device, invoice.invoice_type.value, day.year, day.month)
        if at not in self._keys:
            if device_number(device) in self._refused:
                raise Refused("ledger_simulated", device=device)
            self._keys[at] = unit_key(device, invoice.invoice_type, invoice.period)
        return self._keys[at]

    def _device(self, invoice: Invoice) -> str | None:
        machine = invoice.machine_number
        if machine and machine.isascii() and machine.isdigit() and len(machine) <= _MACHINE_DIGITS:
            return device_number(machine)
        for volume, device in self._volumes.get(invoice.code, ()):
            if volume.holds(invoice.code, invoice.number):
                return device
        return self._fallback


def device_number(text: str) -> str:
    """A machine number (机器编号) in its full twelve digits: some files drop leading zeros."""
    return text.zfill(_MACHINE_DIGITS)
