"""Command and response APDUs: the four cases of ISO/IEC 7816-3, short and extended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fapiao_kernel.domain.errors import ProtocolError
from fapiao_kernel.protocol.apdu import Command, Response

byte = st.integers(0, 255)


@pytest.mark.parametrize(
    ("command", "raw"),
    [
        (Command(0xC0, 0xF9, 0, 0), "C0F90000"),
        (Command(0xC0, 0xCA, 0, 1, le=7), "C0CA000107"),
        (Command(0x00, 0xB0, 0, 0, le=256), "00B0000000"),
        (Command(0x00, 0xA4, 0, 0x0C, b"\xef\x01"), "00A4000C02EF01"),
        (Command(0x00, 0xCB, 1, 2, b"\xaa", 256), "00CB010201AA00"),
        (Command(0x00, 0xB2, 0, 1, le=65536), "00B20001000000"),
        (Command(0x00, 0xB2, 0, 1, le=336), "00B20001000150"),
        (Command(0xC0, 0xF4, 0, 1, b"\x11\x22", 65536), "C0F4000100000211220000"),
        (Command(0xC0, 0xF4, 0, 1, b"\x00" * 256), "C0F40001000100" + "00" * 256),
    ],
)
def test_each_case_has_the_standards_bytes(command: Command, raw: str) -> None:
    assert command.encode().hex().upper() == raw
    assert Command.parse(bytes.fromhex(raw)) == command


@given(byte, byte, byte, byte, st.binary(max_size=300), st.sampled_from([0, 1, 255, 256, 257, 65535, 65536]))
def test_what_is_written_is_read_back(cla: int, ins: int, p1: int, p2: int, data: bytes, le: int) -> None:
    command = Command(cla, ins, p1, p2, data, le)
    again = Command.parse(command.encode())
    # 'all' of the short form and 'all' of the extended one are different numbers, so nothing is lost.
    assert again == command


@given(st.binary(max_size=600))
def test_any_bytes_are_a_command_or_a_protocol_error(raw: bytes) -> None:
    try:
        command = Command.parse(raw)
    except ProtocolError:
        return
    assert Command.parse(command.encode()) == command


@given(st.binary(max_size=600))
def test_any_bytes_are_a_response_or_a_protocol_error(raw: bytes) -> None:
    try:
        response = Response.parse(raw)
    except ProtocolError:
        return
    assert response.encode() == raw


@pytest.mark.parametrize("raw", [b"", b"\x90", b"\x12\x34", b"\x60\x00"])
def test_bytes_without_a_status_word_are_no_response(raw: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        Response.parse(raw)
    assert caught.value.code == "protocol_apdu"


def test_data_stays_out_of_the_repr() -> None:
    assert "313233" not in repr(Command(0xC0, 0xF9, 0, 0, b"12345678")) and "1234" not in repr(
        Command(0xC0, 0xF9, 0, 0, b"12345678")
    )
