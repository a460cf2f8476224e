"""The conclusion (收尾): acknowledge, close in the ledger, verify, record, back up again. Resumable from each of its states."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import FapiaoError, NotReachable, Refused
from fapiao_kernel.domain.finding import Effect
from fapiao_kernel.operations.clearing.book import require
from fapiao_kernel.operations.clearing.desk import Desk, periods_of, types_of
from fapiao_kernel.operations.clearing.preparing import backup_data
from fapiao_kernel.operations.clearing.recall import identity_of, previews_of
from fapiao_kernel.operations.clearing.recording import facts
from fapiao_kernel.operations.clearing.settling import Group, closed_groups, closed_units, recovered
from fapiao_kernel.operations.clearing.verifying import verification
from fapiao_kernel.operations.clearing.words import either, unit_list


def conclude(desk: Desk, run_id: str) -> Run:
    """Go on from wherever the conclusion stands to its end; a finished run is left as it is.

    A step that fails leaves the run where it is: raises ``NotReachable`` or ``Refused`` (``conclusion_waits``), which say that
    the device *is* done, and what is missing.
    """
    run = desk.book.run(run_id)
    if run.state is State.FINISHED:
        return run
    require(run, *STEPS)
    with desk.book.holding(run.card):
        run = desk.book.run(run_id)
        while run.state in STEPS:
            try:
                run = STEPS[run.state](desk, run)
            except FapiaoError as error:
                desk.book.note(run.id, "conclude", error)
                if run.state is State.REFUSED:
                    raise
                kind = NotReachable if isinstance(error, NotReachable) else Refused
                raise kind("conclusion_waits", effect=Effect.DONE, original=error.code, what=error.sentence) from error
    return run


def _acknowledge(desk: Desk, run: Run) -> Run:
    """清卡结果确认: the same acknowledgement twice is one, so a crash in between does no harm."""
    begun = perf_counter()
    desk.say(run, either("向税局确认清卡结果", "Acknowledging to the tax side"))
    receipts = [_receipt(desk, run, group) for group in closed_groups(run)]
    return desk.book.append(run.id, Event.ACKNOWLEDGED, {"receipts": receipts, "seconds": perf_counter() - begun})


def _receipt(desk: Desk, run: Run, group: Group) -> str:
    """The receipt of one group. Of a clear that other hands made the tax side may take no acknowledgement from here (it gave
    this run no payload): when it counts the group as cleared already, that is as good; else the conclusion waits."""
    identity = identity_of(run.basis["card"])
    authority = desk.authority(run.card)
    try:
        return authority.acknowledge(identity, types_of(group), periods_of(group))
    except Refused as refusal:
        if not recovered(run):
            raise
        if authority.cleared(identity, types_of(group), periods_of(group)):
            return either(f"税局已记为清卡：{unit_list(group)}", f"the tax side counts as cleared: {unit_list(group)}")
        raise Refused(
            "recovery_not_acknowledged",
            original=refusal.original or refusal.code,
            units=unit_list(group),
            sentence=refusal.sentence,
        ) from refusal


def _close(desk: Desk, run: Run) -> Run:
    """One row a closed unit in the ledger. Rows that this run wrote before a crash are left."""
    begun = perf_counter()
    desk.say(run, either("结转发票库", "Closing the units in the ledger"))
    closed = set(closed_units(run))
    previews = [p for p in previews_of(run.device_number, run.frozen) if p.unit in closed]
    desk.ledger.close_units(previews, run=run.id, at=desk.now())
    data = {"rows": len(previews), "census": desk.ledger.census(), "seconds": perf_counter() - begun}
    return desk.book.append(run.id, Event.CLOSED, data)


def _verify(desk: Desk, run: Run) -> Run:
    """核验: the card, the ledger, the journal and the tax side are asked anew. A check that fails is recorded, not hidden."""
    begun = perf_counter()
    desk.say(run, either("重新读取设备，逐项核验", "Reading the device anew, and verifying"))
    state = desk.read(run)[1]
    checks = verification(desk, run, state)
    ok = not any(check.finding.holds_up for check in checks)
    data = {"checks": checks, "card": state, "ok": ok, "seconds": perf_counter() - begun}
    return desk.book.append(run.id, Event.VERIFIED, data)


def _record(desk: Desk, run: Run) -> Run:
    """清卡记录 and evidence bundle."""
    begun = perf_counter()
    desk.say(run, either("生成清卡记录和证据包", "Writing the clear record and the bundle"))
    files = desk.recorder.write(run.id, facts(desk, run))
    every = {"record": files.record, "bundle": files.bundle, "sheet": files.sheet, "data": files.data}
    made = {name: path for name, path in every.items() if path is not None}
    data = {
        **made,
        "sha256": {name: _sha256(path) for name, path in made.items()},
        "seconds": perf_counter() - begun,
    }
    return desk.book.append(run.id, Event.RECORDED, data)


def _finish(desk: Desk, run: Run) -> Run:
    """再次备份, and the end."""
    begun = perf_counter()
    desk.say(run, either("再次备份", "Backing up again"))
    backup = desk.backups.make("after-clear", desk.telling(run))
    if not backup.proven:
        raise Refused("backup_not_proven", backup=backup.id)
    seconds = perf_counter() - begun
    data = {"backup": backup_data(backup, "after-clear", seconds), "seconds": seconds}
    return desk.book.append(run.id, Event.FINISHED, data)


def _finish_refused(desk: Desk, run: Run) -> Run:
    """Nothing was closed, so nothing is to be acknowledged or backed up."""
    return desk.book.append(run.id, Event.FINISHED, {"backup": None, "seconds": 0.0})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


STEPS: Mapping[State, Callable[[Desk, Run], Run]] = {
    State.CLEARED: _acknowledge,
    State.PARTIAL: _acknowledge,
    State.ACKNOWLEDGED: _close,
    State.CLOSED: _verify,
    State.VERIFIED: _record,
    State.RECORDED: _finish,
    State.REFUSED: _finish_refused,
}
"""What each state of the conclusion waits for."""
