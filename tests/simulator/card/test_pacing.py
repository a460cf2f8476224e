"""The paced line on a clock of its own: what a transfer takes, and what is not charged to the line."""

from __future__ import annotations

import pytest

from fapiao_kernel.simulator.card.pacing import PIECE, PacedLine


class Bench:
    """A line, a clock and a sleep that wakes ``late`` seconds too late."""

    where = "bench"

    def __init__(self, late: float = 0.0) -> None:
        self.now = 0.0
        self.worked = 0.0
        self.late = late
        self.coming: list[bytes] = []
        self.written: list[tuple[float, bytes]] = []

    def line(self, baud: int = 1000) -> PacedLine:
        return PacedLine(self, baud, self.sleep, lambda: self.now, lambda: self.worked)

    def sleep(self, seconds: float) -> None:
        self.now += seconds + self.late

    def compute(self, seconds: float) -> None:
        self.now += seconds
        self.worked += seconds

    def read(self, seconds: float | None) -> bytes:
        return self.coming.pop(0) if self.coming else b""

    def write(self, data: bytes) -> None:
        self.written.append((self.now, data))

    def close(self) -> None:
        self.now = -1.0


def test_a_byte_takes_ten_bit_times_each_way() -> None:
    bench = Bench()
    line = bench.line(baud=1000)
    bench.coming.append(bytes(5))
    assert line.read(None) == bytes(5)
    assert bench.now == pytest.approx(0.05)
    line.write(bytes(20))
    assert bench.written == [(pytest.approx(0.25), bytes(20))]


def test_silence_costs_nothing_of_the_line() -> None:
    bench = Bench()
    assert bench.line().read(1.0) == b""
    assert bench.now == 0.0


def test_a_long_block_arrives_piece_by_piece() -> None:
    bench = Bench()
    bench.line(baud=10).write(bytes(PIECE + 2))
    assert bench.written == [(pytest.approx(PIECE), bytes(PIECE)), (pytest.approx(PIECE + 2), bytes(2))]


def test_waking_late_and_computing_do_not_add_up() -> None:
    bench = Bench(late=0.003)
    line = bench.line(baud=1000)
    for _ in range(100):
        bench.coming.append(bytes(1))
        line.read(None)
        bench.compute(0.002)
        line.write(bytes(1))
        bench.compute(0.001)
    assert bench.now == pytest.approx(200 * 0.01, abs=0.01)


def test_what_the_other_end_takes_is_waited_for() -> None:
    bench = Bench()
    line = bench.line(baud=1000)
    for _ in range(10):
        bench.now += 0.5
        bench.coming.append(bytes(1))
        line.read(None)
        line.write(bytes(1))
    assert bench.now == pytest.approx(10 * (0.5 + 0.02))


def test_a_line_without_speed_is_none() -> None:
    with pytest.raises(ValueError):
        Bench().line(baud=0)
