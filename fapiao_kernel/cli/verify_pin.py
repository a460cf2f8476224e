"""``fapiao devices verify-pin``: show a PIN to a card, once, knowing what it may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fapiao_kernel.cli.output import Done, HomeOption, Json, say, verb
from fapiao_kernel.cli.preview import PinOption, pin

if TYPE_CHECKING:
    from fapiao_kernel.api.devices import PinTries
    from fapiao_kernel.client import Client


@verb
def verify_pin(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="设备地址 · the device's address")],
    pin_stdin: PinOption = False,
    spend_low_tries: Annotated[
        bool,
        typer.Option("--spend-low-tries", help="只剩 3 次或更少也要送 · send it even at three tries left or fewer"),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="不再要求输入机器编号后四位 · do not ask to type the digits")
    ] = False,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """验证一次设备口令 · Show the PIN to the device, once.

    先读还剩几次再说；输错一次少一次，用完就锁死。口令不进日志，也不能写在命令行里。
    Reads the tries left first and tells them. A wrong PIN costs a try, and at none left the card is blocked.
    The PIN enters no log, and is never an argument.

    例 Examples: fapiao devices verify-pin gb18240+serial:///dev/ttyUSB0 · … --pin-stdin --yes < pin.txt
    """
    from fapiao_kernel.client import RequestError, connect

    with connect(home) as client:
        now = client.pin_tries(address)
        left = "？" if now.tries_left is None else str(now.tries_left)
        say(f"{now.taxpayer_name} · {now.device_number} · 口令还剩 {left} 次 PIN tries left", as_json=as_json)
        if now.new_pin_waits:
            raise RequestError.of("new_pin_waits", exit_code=3, card=address)
        if now.low and not spend_low_tries:
            if now.tries_left is None:
                raise RequestError.of("pin_tries_unknown", exit_code=3)
            raise RequestError.of("pin_tries_low", exit_code=3, left=now.tries_left)
        if not yes:
            _confirm(now)
        done = client.verify_pin(address, pin(pin_stdin)(), spend_low_tries=spend_low_tries)
        if done.new_pin:
            _hand_on(client, address, done.new_pin, as_json)
    left = "？" if done.tries_left is None else str(done.tries_left)
    say(f"✓ 口令正确 the PIN is right · 还剩 {left} 次 tries left", as_json=as_json)
    raise Done({**done.model_dump(), "verified": True})


@verb
def new_pin(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="设备地址 · the device's address")],
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """设备自己换的新口令，还没有交给保管人的 · A PIN that the device gave itself, and nobody has taken yet.

    有的设备验证口令后会换一个新口令。显示一次，后台程序就不再保存；请马上抄给保管人。
    Some devices answer a verified PIN with a new one. It is shown once and then kept nowhere: write it down for whoever keeps the PIN.
    """
    from fapiao_kernel.client import connect

    with connect(home) as client:
        value = client.new_pin(address)
        if value:
            _hand_on(client, address, value, as_json)
    if not value:
        say("没有要交的新口令 no new PIN waits", as_json=as_json)
    raise Done({"card": address, "new_pin": value})


def _hand_on(client: Client, address: str, value: str, as_json: bool) -> None:
    """Kept no more once it is on the terminal, on stderr beside a JSON object that has it too."""
    say(f"设备换了新口令，请马上交给保管人 the device has a new PIN, hand it on now: {value}", as_json=as_json)
    client.new_pin_handed_on(address)


def _confirm(now: PinTries) -> None:
    """Raises ``RequestError`` (``device_confirm``, exit 3) unless the last four digits are typed."""
    import sys

    from fapiao_kernel.client import RequestError

    tail = now.device_number[-4:]
    typed = ""
    if sys.stdin.isatty():
        print(f"输入机器编号后四位确认 type the last four digits ({tail}): ", end="", file=sys.stderr, flush=True)
        typed = sys.stdin.readline().strip()
    if typed != tail:
        raise RequestError.of("device_confirm", exit_code=3, tail=tail)
