"""What a verb says and where: with ``--json`` one object on stdout and everything else on stderr."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from fapiao_kernel.domain.shown import plain

Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象 · print exactly one JSON object")]
HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="状态所在的文件夹（默认 FAPIAO_HOME）· where the state lies", show_default=False),
]
CardOption = Annotated[
    str | None, typer.Option("--card", help="设备地址，例如 · device address, such as gb18240+serial:///dev/ttyUSB0")
]

BUG = 70


class Done(Exception):
    """A verb's end: its JSON object and its exit code."""

    def __init__(self, value: Mapping[str, Any], code: int = 0) -> None:
        super().__init__(code)
        self.value = value
        self.code = code


def say(text: str = "", *, as_json: bool = False) -> None:
    """A line for the person at the terminal; nothing in it that the terminal would obey, whoever had a word in it."""
    print(plain(text, most=None, keep="\n\t"), file=sys.stderr if as_json else sys.stdout, flush=True)


def verb(function: Callable[..., None]) -> Callable[..., int]:
    """How every verb ends: it raises ``Done``, or an error that is told in the one form; returns the exit code."""

    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> int:
        as_json = bool(options.get("as_json"))
        try:
            function(*args, **options)
        except Done as done:
            if as_json:
                print(json.dumps(done.value, ensure_ascii=False, default=str))
            return done.code
        except typer.Exit as ended:
            return ended.exit_code
        except Exception as error:  # noqa: BLE001 the one place where a verb's errors become words and an exit code
            return _told(error, as_json)
        return 0

    run.__annotations__ = function.__annotations__ | {"return": int}
    return run


def _told(error: Exception, as_json: bool) -> int:
    if type(error).__module__.startswith("typer"):
        raise error
    told = error_object(error)
    if not hasattr(error, "exit_code"):  # a bug on this side; the agent's own stand in its log
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    if as_json:
        print(json.dumps({"error": told}, ensure_ascii=False))
    for line in error_lines(told):
        print(line, file=sys.stderr)
    return int(told["exit_code"])


def error_object(error: BaseException) -> dict[str, Any]:
    """``{code, sentence, effect, remedy, who, original, exit_code}`` of anything that stops a verb."""
    fields = ("code", "sentence", "effect", "remedy", "who", "original", "exit_code")
    if all(hasattr(error, name) for name in fields):
        return {name: _word(getattr(error, name)) for name in fields}
    from fapiao_kernel.domain.errors import message

    entry, facts = message("bug"), {"what": type(error).__name__}
    words = (entry.sentence(facts), entry.effect.value, entry.remedy(facts), entry.who.value, "", BUG)
    return dict(zip(fields, ("bug", *words), strict=True))


def _word(value: Any) -> Any:
    return getattr(value, "value", value)


def error_lines(told: Mapping[str, Any]) -> list[str]:
    """The failure card in words: what happened, what is known of the device, what to do, who."""
    effects = {
        "NOT_SENT": "没有改动 not changed",
        "REJECTED": "被拒绝，没有改动 refused, not changed",
        "UNKNOWN": "不确定 not known",
        "DONE": "已改动 changed",
    }
    who = {"me": "我 you", "it": "IT", "vendor": "服务单位 vendor", "tax_office": "主管税务机关 tax office"}
    lines = [f"✗ {told['sentence']}", f"  设备 device: {effects.get(told['effect'], told['effect'])}"]
    if told["remedy"]:
        lines.append(f"  现在 now: {told['remedy']}（{who.get(told['who'], told['who'])}）")
    lines.append(f"  代码 code: {told['code']}" + (f" · {told['original']}" if told.get("original") else ""))
    return lines


def finding_lines(findings: Sequence[Any]) -> list[str]:
    """Findings, one a line, with their remedy."""
    marks = {"ok": "✓", "info": "·", "warning": "!", "blocker": "✗", "unknown": "?"}
    lines = []
    for f in findings:
        where = f"第 {f.row} 行 row {f.row}: " if f.row is not None else ""
        lines.append(f"  {marks.get(f.severity, '·')} {where}{f.message}" + (f" → {f.remedy}" if f.remedy else ""))
    return lines
