"""T=1 blocks: vectors by hand, any bytes, and gathering from a stream cut anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.protocol import t1_block
from fapiao_kernel.protocol.t1_block import Block, Collector, Edc, crc, information, parse, ready, supervisory


@pytest.mark.parametrize(
    ("block", "raw"),
    [
        (supervisory(t1_block.RESYNCH, request=True), "00C000C0"),
        (supervisory(t1_block.RESYNCH, request=False), "00E000E0"),
        (supervisory(t1_block.IFS, b"\xfe", request=True), "00C101FE3E"),
        (supervisory(t1_block.WTX, b"\x02", request=False), "00E30102E0"),
        (ready(0), "00800080"),
        (ready(1, t1_block.EDC_ERROR), "00910091"),
        (information(0, b"\x90\x00"), "0000029000" + "92"),
        (information(1, b"\xaa", more=True), "006001AA" + "CB"),
    ],
)
def test_each_kind_of_block_has_the_standards_bytes(block: Block, raw: str) -> None:
    assert block.encode().hex().upper() == raw
    assert parse(bytes.fromhex(raw)) == block


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (b"123456789", "6E90"),  # check value 906E of CRC-16/X-25, low byte first
        (bytes(3), "CCC6"),  # these three: ISO/IEC 14443-3, annex B, which names the same ISO/IEC 13239
        (b"\x0f\xaa\xff", "FCD1"),
        (b"\x0a\x12\x34\x56", "2CF6"),
    ],
)
def test_the_crc_is_that_of_iso_13239(data: bytes, sent: str) -> None:
    assert crc(data).hex().upper() == sent


@given(st.binary(max_size=300), st.sampled_from(Edc))
def test_any_bytes_are_a_block_or_a_protocol_error(raw: bytes, edc: Edc) -> None:
    try:
        block = parse(raw, edc)
    except ProtocolError:
        return
    assert block.encode(edc) == raw


@given(st.integers(0, 1), st.binary(max_size=254), st.booleans(), st.integers(0, 2047), st.sampled_from(Edc))
def test_a_single_wrong_bit_is_always_noticed(sequence: int, inf: bytes, more: bool, at: int, edc: Edc) -> None:
    raw = bytearray(information(sequence, inf, more).encode(edc))
    raw[at // 8 % len(raw)] ^= 1 << at % 8
    with pytest.raises(ProtocolError):
        parse(bytes(raw), edc)


@given(st.binary(max_size=254), st.integers(0, 2031), st.integers(0, 0xFFFF))
def test_a_crc_notices_every_burst_of_up_to_sixteen_bits(inf: bytes, at: int, burst: int) -> None:
    raw = information(0, inf).encode(Edc.CRC)
    at %= 8 * len(raw) - 16
    # Bits in the order of the line: within a byte the lowest comes first.
    garbled = int.from_bytes(raw, "little") ^ (burst | 1) << at
    with pytest.raises(ProtocolError):
        parse(garbled.to_bytes(len(raw), "little"), Edc.CRC)


@given(st.lists(st.binary(max_size=254), min_size=1, max_size=5), st.lists(st.integers(1, 40), min_size=1))
def test_a_stream_cut_anywhere_gives_the_same_blocks(parts: list[bytes], cuts: list[int]) -> None:
    blocks = [information(n % 2, inf) for n, inf in enumerate(parts)]
    stream, collector, found = b"".join(b.encode() for b in blocks), Collector(), []
    turn = 0
    while stream:
        size = cuts[turn % len(cuts)]
        turn += 1
        found += [parse(raw) for raw in collector.feed(stream[:size])]
        stream = stream[size:]
    assert found == blocks
    assert collector.empty


def test_a_collector_asks_for_no_byte_beyond_the_block_under_way() -> None:
    collector = Collector()
    assert collector.missing == 4
    assert list(collector.feed(b"\x00\x00\x05")) == []
    assert collector.missing == 6
