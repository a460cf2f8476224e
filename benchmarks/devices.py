"""What a link costs: a small APDU's round trip, a 60 kB read, how much of it is ours, and how full a slow line is.

    python benchmarks/devices.py [--json] [--rounds 5] [--invoices 10000] [--no-line]

One practice card with a month of invoices stands behind every link: in a simulated token on pyusb's own backend interface, on a pty,
and in pcscd's virtual reader beside bare pyscard (Debian, root). Ours is what remains of the time outside pyusb, pyserial or
pyscard, so the far end and the line are not in it. Goals: at most 60 µs of our own an APDU over USB, 95 % of a paced serial
line's payload capacity, PC/SC at most 1.3 times bare pyscard.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # called as a file: its neighbours are found from the checkout

import serial
import usb.core

from benchmarks import devices_pcsc
from benchmarks.boundary import around, split
from benchmarks.form import Goal, Report
from fapiao_kernel.devices.drivers.gb18240 import files
from fapiao_kernel.devices.links.capture import record
from fapiao_kernel.devices.links.serial_t1 import open_serial
from fapiao_kernel.devices.links.usb_ccid import open_usb
from fapiao_kernel.devices.plug import Link
from fapiao_kernel.domain.practice import PracticeOptions
from fapiao_kernel.domain.unit import ClearUnit
from fapiao_kernel.protocol.apdu import Command
from fapiao_kernel.protocol.gb18240 import commands, records
from fapiao_kernel.protocol.gb18240.commands import File
from fapiao_kernel.simulator.token.bus import Bus
from fapiao_kernel.simulator.token.inside import CardInside
from fapiao_kernel.simulator.token.token import Token
from fapiao_kernel.simulator.world import PRACTICE, WorldFolder
from tests.simulator.card.maker import CardProcess

OURS_US, CAPACITY, BARE = 60.0, 0.95, 1.3
BAUD = 115200
BITS = 10
"""A byte on an 8N1 line."""
BLOCK, AROUND, ACKNOWLEDGED = 254, 4, 4
"""T=1: payload of a full block, what stands around it, and the R-block that asks for the next."""
SMALL, LARGE = 2000, 40
LONG = 60_000
SERIAL = [(serial.Serial, name) for name in ("read", "write", "reset_input_buffer")]
USB = [(usb.core.Device, name) for name in ("read", "write")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every link; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=5, help="how often each figure is taken; the median counts")
    parser.add_argument("--invoices", type=int, default=10_000, help="invoices on the card")
    parser.add_argument("--no-line", action="store_true", help="leave out the paced line (half a minute)")
    options = parser.parse_args(arguments)
    report = Report({"small": "SELECT", "large_bytes": LONG, "rounds": options.rounds, "invoices": options.invoices})
    with tempfile.TemporaryDirectory(prefix="fapiao-bench-", ignore_cleanup_errors=True) as folder:
        month = Month(Path(folder), options.invoices)
        ours = over_usb(month, options.rounds, report)
        with month.card() as line:
            measure("serial", open_serial(line), SERIAL, options.rounds, report)
        share = None if options.no_line else over_slow_line(month, report)
        pcsc = None if devices_pcsc.missing() else over_pcsc(month, options.rounds, report)
    report.goals += [
        Goal("usb_own_us_per_apdu", ours, OURS_US),
        Goal("serial_share_of_payload_capacity", share, CAPACITY, "higher", "left out" if share is None else ""),
        Goal("pcsc_over_bare_pyscard", pcsc, BARE, why=devices_pcsc.missing()),
    ]
    return report.finish(as_json=options.json)


class Month:
    """The practice card's image with so many invoices."""

    def __init__(self, folder: Path, invoices: int) -> None:
        PRACTICE.start(folder, PracticeOptions(size=invoices))
        PRACTICE.stop(folder)
        self.image = WorldFolder(folder).card
        self.invoices = invoices

    @contextmanager
    def card(self, *options: str) -> Iterator[str]:
        """The card's process; where it listens."""
        process = CardProcess.start(self.image, options=options)
        try:
            yield process.line
        finally:
            process.kill()


def over_usb(month: Month, rounds: int, report: Report) -> float:
    """Rows of the USB link, bare and recorded; our own microseconds a small APDU."""
    bus = Bus(Token(CardInside(month.image)))
    ours = measure("usb", open_usb("ccid", bus), USB, rounds, report)
    capture = month.image.with_suffix(".capture")
    measure("usb, recorded", record(open_usb("ccid", bus), capture), USB, rounds, report)
    return ours


def measure(name: str, link: Link, places: Sequence[tuple[Any, str]], rounds: int, report: Report) -> float:
    """A row for a small APDU and one for a long read; gives our own microseconds of the small one."""
    try:
        small = commands.select(File.DETAILS).encode()
        long = _long(link)
        with around(places) as boundary:
            taken = [split(boundary, lambda: link.transmit(small), SMALL) for _ in range(rounds)]
            read = [split(boundary, lambda: link.transmit(long), LARGE) for _ in range(rounds)]
    finally:
        link.close()
    ours = statistics.median(own for _, own in taken)
    for what, figures, size in (("small APDU", taken, 0), ("60 kB read", read, LONG)):
        whole, own = (statistics.median(values) for values in zip(*figures, strict=True))
        row = {"link": name, "what": what, "microseconds": round(whole, 1), "ours": round(own, 1)}
        row["ours_share"] = round(own / whole, 3)
        report.rows.append({**row, "mb_per_s": round(size / whole, 1)} if size else row)
    return round(ours, 1)


def _long(link: Link) -> bytes:
    """One command that brings 60 kB of invoice records, as many as the card's larger unit has."""
    kind = next(d for d in files.declarations(link))
    period = files.statistics(link)[0].period
    link.transmit(commands.select(File.DETAILS).encode())
    command: Command = commands.read_details(kind.invoice_type, period, 1, LONG)
    return command.encode()


def over_pcsc(month: Month, rounds: int, report: Report) -> float:
    """Rows of the PC/SC link, alone and beside bare pyscard; how much longer ours takes."""
    with devices_pcsc.reader_with(month.image) as reader:
        measure("pcsc", devices_pcsc.opened(reader), devices_pcsc.boundary(), rounds, report)
        ours, bare, ratio = devices_pcsc.beside_bare(reader, commands.select(File.DETAILS).encode())
    for name, value in (("pcsc, beside", ours), ("bare pyscard", bare)):
        report.rows.append({"link": name, "what": "small APDU", "microseconds": round(value, 1)})
    return round(ratio, 2)


def over_slow_line(month: Month, report: Report) -> float:
    """Every invoice record over a line of 115,200 baud; the share of what T=1 leaves of it for payload."""
    with month.card("--baud", str(BAUD), "--ifsc", "254") as line:
        link = open_serial(line)
        try:
            device_number = files.identity(link).device_number
            units = [ClearUnit(device_number, each.invoice_type, each.period) for each in files.statistics(link)]
            began = time.perf_counter()
            found = files.details(link, units)
            seconds = time.perf_counter() - began
        finally:
            link.close()
    assert found is not None and len(found) == month.invoices, "the card did not give every invoice"
    payload = len(found) * records.DETAIL / seconds
    line_bytes = BAUD / BITS
    capacity = line_bytes * BLOCK / (BLOCK + AROUND + ACKNOWLEDGED)
    row = {"link": f"serial at {BAUD} baud", "what": f"{len(found)} invoices", "microseconds": round(seconds * 1e6)}
    report.rows.append({**row, "mb_per_s": round(payload / 1e6, 4), "of_all_bytes": round(payload / line_bytes, 4)})
    return round(payload / capacity, 4)


if __name__ == "__main__":
    sys.exit(main())
