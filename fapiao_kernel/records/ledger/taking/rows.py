"""A table's rows as SQL (整表导入): what each column means, which rows are plain, and what they are as invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fapiao_kernel.domain.card import Volume
from fapiao_kernel.domain.invoice import DEVICE_TYPES
from fapiao_kernel.domain.period import Period
from fapiao_kernel.ports.intake import FIELDS, Table
from fapiao_kernel.records.ledger.doubts import ALWAYS, UNTIL, Doubt
from fapiao_kernel.records.ledger.taking.words import CLASS, MASKED, NO_CODE, Words, case, one_of, quoted

ODD = -1
"""``doubts`` of a row that is not plain, until it is gone again."""
EMPTY_DAY = "DATE '1990-01-01'"
_MONEY = ("amount", "tax", "total")
# Amounts are read with four places, so that a third one is seen and not rounded away; 17 digits, so that a sum of two is still 64 bits.
REMARK = r"^[\s\p{Z}\x{85}=''‘’]|[\s\p{Z}\x{85}]$|[[:cntrl:]\x{FFFD}]|^-?[0-9]{1,16}\.0$"
"""A text that the careful road would not leave as it is."""
_RED_OF = r"对应正数发票代码[:：](\d{10}|\d{12})号码[:：](\d{8})(?:[^0-9]|$)"
_DIGITS_ELSEWHERE = r"代码|号码|红冲|[0-9０-９]{8}"


@dataclass(frozen=True)
class Cards:
    """Whose an invoice without a machine number is. ``volumes``: (volume, device number); ``fallback``: any other's, or None."""

    volumes: Sequence[tuple[Volume, str]]
    fallback: str | None


def cells(table: Table, rejects: str, *, masked: bool = False) -> str:
    """The SQL that reads the table's known columns, each under its field's name; bad lines go to table ``rejects``. ``masked``: tax
    cells hold words."""
    names = {place: name for name, place in table.columns.items()}
    types = {}
    for place in range(table.width):
        name = names.get(place, f"column{place}")
        if name in _MONEY:
            kind = "VARCHAR" if masked and name == "tax" else "DECIMAL(17,4)"
        elif name == "issued":
            kind = "DATE" if _separated(table) else "VARCHAR"
        elif table.numbered and place == 0:
            name, kind = "row_number", "INTEGER"
        else:
            kind = "VARCHAR"
        types[name] = kind
    columns = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in types.items())
    texts = ", ".join(quoted(name) for name, kind in types.items() if kind == "VARCHAR")
    read = (
        f"read_csv({quoted(str(table.file))}, header=false, skip={table.skip}, auto_detect=false, delim={quoted(table.delimiter)},"
        f" new_line='{_line_end(table)}',"
        f" quote={quoted(table.quote)}, escape={quoted(table.quote)}, dateformat={quoted(table.day_format)},"
        f" columns={{{columns}}}, nullstr='', force_not_null=[{texts}], max_line_size=8388608,"
        f" store_rejects=true, rejects_table='{rejects}', rejects_scan='{rejects}_scans', rejects_limit=0)"
    )
    missing = [f"{_nothing(name)} AS {name}" for name in FIELDS if name not in table.columns]
    tax = f" REPLACE (CASE WHEN {one_of('tax', MASKED)} THEN 0 WHEN tax = '' THEN 0 ELSE try_cast(tax AS DECIMAL(17,4)) END AS tax)"
    return f"(SELECT *{tax if masked else ''}{''.join(', ' + each for each in missing)} FROM {read})"


def _line_end(table: Table) -> str:
    """How the first line ends: left alone, a line break in a quoted cell may be taken for the table's own."""
    with table.file.open("rb") as file:
        line = file.readline(1 << 20)
        while not line.endswith((b"\r\n", b"\n")) or line.count(table.quote.encode()) % 2:
            if not (more := file.readline(1 << 20)):
                break
            line += more
    return "\\r\\n" if line.endswith(b"\r\n") else "\\n"


def _separated(table: Table) -> bool:
    """Whether the day's parts are told apart by signs; else a wrong number of digits could pass for a day."""
    return "%Y%m" not in table.day_format


def _nothing(name: str) -> str:
    if name in _MONEY:
        return "NULL::DECIMAL(17,4)"
    return "NULL::DATE" if name == "issued" else "''"


def _issued(table: Table) -> str:
    if _separated(table):
        return "issued"
    digits = len(datetime(2000, 1, 1).strftime(table.day_format))
    return f"CASE WHEN length(issued) = {digits} THEN try_strptime(issued, {quoted(table.day_format)})::DATE END"


def selected(
    table: Table,
    words: Words,
    cards: Cards,
    seq: int,
    at: datetime,
    period: Period | None,
    *,
    rejects: str,
    lines: bool = False,
    staged: bool = False,
) -> str:
    """A SELECT with the columns of ``invoice``; ``doubts`` is ``ODD`` for every row that is not plain. ``lines``: rows are goods lines,
    with ``item`` and ``tax_class`` behind. ``staged``: with ``row_number`` behind where the table has one."""
    by_name = "kind" in table.columns
    digital = "digital_number <> ''"
    own_number = f"CASE WHEN {digital} THEN digital_number ELSE number END" if words.digital else "number"
    own_code = f"CASE WHEN {digital} THEN '' ELSE code END" if words.digital else "code"
    kinds = " ".join(
        f"WHEN kind = {quoted(name)} AND source = {quoted(source)} AND {_code_is(where, by_name)} THEN {quoted(kind.value)}"
        for (name, source, where), kind in words.kinds.items()
        if kind.on_device is (where not in ("", NO_CODE))
    )
    first = f"""
SELECT *, {own_number} AS own_number, {_issued(table)} AS day, CASE {kinds or "WHEN false THEN ''"} ELSE '' END AS type,
  coalesce(amount, 0) AS own_amount, {"tax" if words.masked else "coalesce(tax, 0)"} AS own_tax, {_total(table)} AS own_total,
  {case("status", {word: "'void'" if void else "'normal'" for word, void in words.voids.items()}, "''")} AS own_status,
  {case("uploaded", {word: "NULL" if sent is None else str(sent).lower() for word, sent in words.uploads.items()})} AS sent,
  {case("rate", {word: quoted(rate) for word, rate in words.rates.items()}, "''")} AS own_rate,
  {"positive = '否' OR " if "positive" in table.columns else ""}coalesce(amount < 0, false) AS is_red
FROM (SELECT * REPLACE ({own_code} AS code) FROM {cells(table, rejects, masked=words.masked)})
"""
    second = f"SELECT *, {_red_of()} AS own_red_of FROM ({first})"
    plain = " AND ".join(f"({each})" for each in _plain(words, table, lines=lines))
    third = f"SELECT *, coalesce({plain}, false) AS plain FROM ({second})"
    device = _device(cards)
    kind_number = case("type", {kind.value: str(place) for place, kind in enumerate(DEVICE_TYPES)})
    months = "(year(day) - 1990) * 12 + month(day)"
    key = f"CASE WHEN plain AND code <> '' THEN ((({months}) * {len(DEVICE_TYPES)} + {kind_number})::BIGINT << 40) + {device} END"
    doubts = " + ".join(_doubts(words, at, period)) or "0"
    machine = "CASE WHEN code = '' AND plain THEN '' ELSE machine_number END" if words.digital else "machine_number"
    further = (", item, tax_class" if lines else "") + (", row_number" if staged and table.numbered else "")
    return f"""
SELECT {key} AS unit_key, {int(seq)} AS import_seq, code, own_number AS number, type AS invoice_type,
  coalesce(day, {EMPTY_DAY}) AS issue_date, date_trunc('month', coalesce(day, {EMPTY_DAY}))::DATE AS period,
  seller_id, seller_name, buyer_id, buyer_name, own_amount::DECIMAL(18,2) AS amount, own_tax::DECIMAL(18,2) AS tax,
  coalesce(own_total, 0)::DECIMAL(18,2) AS total, own_rate AS rate,
  own_status AS status, is_red AS red, coalesce(own_red_of, '') AS red_of,
  code = '' AS fully_digital, {machine} AS machine_number, 0 AS lines, remark,
  CASE WHEN plain THEN {doubts} ELSE {ODD} END AS doubts{further}
FROM ({third})
"""


def _code_is(where: str, by_name: bool) -> str:
    if by_name:
        return "code <> ''" if where else "code = ''"
    return f"{CLASS} = {quoted(where)}"


def _total(table: Table) -> str:
    return "total" if "total" in table.columns else "amount + coalesce(tax, 0)"


def _red_of() -> str:
    """The blue invoice of a red one: its own column, or the remark in its usual form; NULL (odd) where the remark may tell otherwise."""
    remark = "replace(remark, ' ', '')"
    found = f"regexp_extract({remark}, '{_RED_OF}', 1) || regexp_extract({remark}, '{_RED_OF}', 2)"
    return (
        "CASE WHEN NOT is_red THEN '' WHEN regexp_full_match(red_of, '[0-9]{18}|[0-9]{20}') THEN red_of WHEN red_of <> '' THEN NULL"
        f" WHEN remark = '' THEN '' WHEN {found} <> '' THEN {found}"
        f" WHEN regexp_matches(remark, '{_DIGITS_ELSEWHERE}') THEN NULL ELSE '' END"
    )


def _plain(words: Words, table: Table, *, lines: bool) -> list[str]:
    twenty = "regexp_full_match(own_number, '[0-9]{20}')"
    eight = "lpad(try_cast(own_number AS UINTEGER)::VARCHAR, 8, '0') = own_number"
    conditions = [
        f"CASE WHEN code = '' THEN {twenty} ELSE length(code) IN (10, 12) AND length(own_number) = 8 AND {eight} END",
        "type <> ''",
        "day BETWEEN DATE '1990-01-01' AND DATE '2999-12-31'",
        "amount = amount::DECIMAL(18,2) AND own_tax = own_tax::DECIMAL(18,2) AND own_total = amount + own_tax",
        "own_red_of IS NOT NULL",
        f"CASE WHEN remark = '' THEN true ELSE NOT regexp_matches(remark, '{REMARK}') END",
        "own_status <> ''",
        "own_rate <> ''",
    ]
    if "positive" in table.columns:
        conditions.append("positive IN ('', '是', '否')")
    if not words.digital:
        conditions.append("digital_number = '' AND code <> ''")
    if "uploaded" in table.columns:
        conditions.append(one_of("uploaded", words.uploads))
    if lines:
        conditions.append(f"NOT regexp_matches(item, '{REMARK}') AND NOT regexp_matches(tax_class, '{REMARK}')")
    return conditions


def _doubts(words: Words, at: datetime, period: Period | None) -> list[str]:
    found = [f"CASE WHEN day > DATE '{at.date().isoformat()}' THEN {int(Doubt.FUTURE)} ELSE 0 END"]
    if period is not None:
        first, last = period.first_day.isoformat(), period.last_day.isoformat()
        found.append(f"CASE WHEN day < DATE '{first}' OR day > DATE '{last}' THEN {int(Doubt.PERIOD)} ELSE 0 END")
    if any(sent is False for sent in words.uploads.values()):
        found.append(f"CASE WHEN sent = false THEN {int(Doubt.UNSENT)} ELSE 0 END")
    if doubtful := rate_doubtful("own_rate", "day", "is_red", set(words.rates.values())):
        found.append(f"CASE WHEN {doubtful} THEN {int(Doubt.RATE)} ELSE 0 END")
    return found


def rate_doubtful(rate: str, day: str, red: str, rates: set[str]) -> str:
    """As ``doubts.rate_doubtful``, in SQL, for a column that holds these rates; "" when none of them can be doubtful."""
    odd = sorted(rates - set(ALWAYS))
    if not odd:
        return ""
    ended = {each: last for last, those in UNTIL for each in those}
    never = [each for each in odd if each not in ended]
    parts = [one_of(rate, never)] if never else []
    parts += [
        f"({rate} = {quoted(each)} AND NOT {red} AND {day} > DATE '{ended[each].isoformat()}')"
        for each in odd
        if each in ended
    ]
    return " OR ".join(parts)


def _device(cards: Cards) -> str:
    whens = ["WHEN machine_number <> '' THEN try_cast(machine_number AS BIGINT)"]
    whens += [
        f"WHEN code = {quoted(v.code)} AND length(own_number) = {len(v.first)} AND own_number BETWEEN {quoted(v.first)} AND"
        f" {quoted(v.last)} THEN {int(device)}"
        for v, device in cards.volumes
    ]
    rest = str(int(cards.fallback)) if cards.fallback is not None else "NULL"
    return f"CASE {' '.join(whens)} ELSE {rest} END"


def fields_of(row: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
    """Cells by field, of a row that may be too short."""
    return {name: row[place] for name, place in columns.items() if place < len(row)}
