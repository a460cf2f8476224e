"""``fapiao devices``: look for devices, and what is done with one beside clears."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fapiao_kernel.cli import rules, verify_pin
from fapiao_kernel.cli.output import Done, HomeOption, Json, error_lines, finding_lines, say, verb

if TYPE_CHECKING:
    from fapiao_kernel.api.devices import DeviceView

HELP = """设备：查找、登记、录制、验证口令 · Devices: look for them, know them, record one, verify a PIN.

先用 fapiao devices list 看插了什么；地址照抄它给的，例如 gb18240+serial:///dev/ttyUSB0。
· Begin with fapiao devices list, and copy the address it gives.
"""

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="设备地址 · the device's address")]


@verb
def every(
    simulated: Annotated[
        bool,
        typer.Option("--simulated", help="也列出模拟设备（练习卡）· simulated ones too, such as the practice card"),
    ] = False,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """插着哪些设备，是谁的 · Which devices are there, and whose.

    只读不写，不要口令；串口不主动去问（可能接着别的仪器），用 fapiao devices add 地址 来读。
    Reads only, without a PIN. Serial ports are not asked unasked, for anything may hang there: fapiao devices add ADDRESS does.

    例 Examples: fapiao devices list · fapiao devices list --simulated --json
    """
    from fapiao_kernel.client import connect

    with connect(home) as client, _patience("正在查找设备… looking for devices…"):
        found = client.devices(simulated=simulated)
    for device in found.devices:
        for line in _lines(device):
            say(line, as_json=as_json)
    if not found.devices:
        say("没有找到设备 none found" + ("" if simulated else "（练习卡 practice card: --simulated）"), as_json=as_json)
    for line in finding_lines(found.findings):
        say(line, as_json=as_json)
    raise Done(found.model_dump())


@contextlib.contextmanager
def _patience(doing: str, seconds: float = 1.0) -> Iterator[None]:
    """Says on stderr what it does, when that takes longer."""
    wait = threading.Timer(seconds, lambda: say(doing, as_json=True))
    wait.daemon = True
    wait.start()
    try:
        yield
    finally:
        wait.cancel()


def _lines(device: DeviceView) -> Iterator[str]:
    marks = [m for m, on in (("本机 known", device.of_home), ("模拟 simulated", device.simulated)) if on]
    yield f"{device.address}" + (f"（{'，'.join(marks)}）" if marks else "")
    if device.reader:
        card = {True: "有卡 card in", False: "无卡 no card", None: ""}[device.card_present]
        yield f"  {' · '.join(part for part in (device.reader, device.usb_id, card) if part)}"
    if device.identity is not None:
        who = device.identity
        yield f"  {who.taxpayer_name} · {who.taxpayer_id} · {who.device_number} · {device.verdict} · 锁死日期 lock date {device.lock_date}"
    elif device.problem is None and not device.of_home:
        yield f"  没有去问 not asked → fapiao devices add {device.address}"
    if device.owner is not None:
        yield f"  正在使用 in use: {device.owner.program} · pid {device.owner.pid or '?'}"
    if device.problem is not None:
        yield f"  ✗ {device.problem.sentence} → {device.problem.remedy}"


@verb
def add(address: Address, home: HomeOption = None, as_json: Json = False) -> None:
    """读一次设备并登记到这里 · Read a device, and remember it for this home.

    新的状态文件夹读到真实设备后就是正式环境；模拟设备只进练习环境。
    A fresh home becomes one of production with its first real device; simulated ones belong to practice.

    例 Example: fapiao devices add gb18240+serial:///dev/ttyUSB0
    """
    from fapiao_kernel.client import connect

    with connect(home) as client, _patience("正在读设备… reading the device…"):
        card = client.add_device(address)
    say(f"已登记 known: {card.address} · {card.taxpayer_name} · {card.device_number} · {card.verdict}", as_json=as_json)
    raise Done(card.model_dump())


@verb
def read(address: Address, home: HomeOption = None, as_json: Json = False) -> None:
    """读一次设备，不登记 · Read a device once, and remember it nowhere.

    也读录制的文件 · A recording too: fapiao devices read gb18240+replay:///path/card.jsonl

    例 Example: fapiao devices read gb18240+usb://ccid
    """
    from fapiao_kernel.client import connect

    with connect(home) as client:
        card = client.read_device(address)
    say(f"{card.taxpayer_name} · {card.taxpayer_id} · {card.device_number} · {card.verdict}", as_json=as_json)
    for own in card.types:
        span = f"{own.report_start} – {own.report_end}"
        say(f"  {own.name} · {own.verdict} · {span} · 锁死日期 lock date {own.lock_date}", as_json=as_json)
    raise Done(card.model_dump())


@verb
def forget(address: Address, home: HomeOption = None, as_json: Json = False) -> None:
    """不再登记这台设备（账、记录、日志都留着）· Know a device no more; ledger, records and journal stay.

    有没走完的清卡时不能移除 · Refused while a clear of it is open.
    """
    from fapiao_kernel.client import connect

    with connect(home) as client:
        client.forget_device(address)
    say(f"已移除 forgotten: {address}", as_json=as_json)
    raise Done({"forgotten": address})


@verb
def record(
    address: Address,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="新文件，不会覆盖 · a new file, never overwritten")],
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """录一次只读会话：状态、统计、发票卷 · Record a read-only session: state, statistics, volumes.

    给支持人员看设备到底说了什么；口令和密文不进文件。再看一遍：fapiao devices read gb18240+replay:///文件
    For support, to see what the device really says; PINs and payloads never enter the file. To see it again:
    fapiao devices read gb18240+replay:///FILE

    例 Example: fapiao devices record gb18240+serial:///dev/ttyUSB0 --to card.jsonl
    """
    from fapiao_kernel.client import connect

    with connect(home) as client, _patience("正在录制… recording…"):
        made = client.record_device(address, to)
    say(f"{made.file} · {made.exchanges} 次通讯 exchanges", as_json=as_json)
    if made.problem is not None:
        for line in error_lines(made.problem.model_dump()):
            say(line, as_json=as_json)
    raise Done(made.model_dump(), 0 if made.problem is None else 1)


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    group = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(every)
    group.command("add")(add)
    group.command("read")(read)
    group.command("forget")(forget)
    group.command("record")(record)
    group.command("verify-pin")(verify_pin.verify_pin)
    group.command("new-pin")(verify_pin.new_pin)
    group.command("install-rules")(rules.install_rules)
    app.add_typer(group, name="devices")
