"""The first lesson (第一课): one whole clear whose answer gets lost, and how to find out what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fapiao_kernel.domain.clearing import Event, Run, State
from fapiao_kernel.domain.errors import english
from fapiao_kernel.domain.steps import Step
from fapiao_kernel.operations.lessons.plug import Lesson
from fapiao_kernel.operations.lessons.tasks import Task, Told
from fapiao_kernel.ports import Record

PASS = 5
"""Tasks that must be ticked to pass; the read-back is among them in any case."""


_AGAIN = ("execute", "report", "preview", "cancel", "check", "backup")
"""Acts that would have been a way of starting over."""


def _read_back(told: Told) -> bool:
    """After 结果未知 the device was read, and nothing else was tried before that (the lost answer is noted as a failure too)."""
    unknown = told.first(Event.CLEAR_UNKNOWN)
    settled = told.first(Event.UNIT_SETTLED)
    if unknown is None or settled is None or settled.seq < unknown.seq:
        return False
    between = [r for r in told.refusals if unknown.seq < r.seq < settled.seq]
    lost = unknown.data["error"]["code"]
    return not any(r.data["act"] in _AGAIN and r.data["error"]["code"] != lost for r in between)


def _typed_right(told: Told) -> bool:
    return told.first(Event.CONFIRMED) is not None and not told.refused("confirmation_differs")


def _proof(told: Told) -> bool:
    verified = told.first(Event.VERIFIED)
    return verified is not None and bool(verified.data["ok"]) and told.run.state is State.FINISHED


TASKS: tuple[Task, ...] = (
    Task(
        "checked", Step.PREPARE, "先检查，全部通过", "Checked first, and everything passed",
        "开始前看检查清单：设备、时钟、口令次数、未上传发票；查不到的不算通过。",
        "Read the checks before starting: device, clocks, PIN tries, uploads; what is unknown has not passed.",
        lambda told: told.before(Event.CHECKED, Event.BACKED_UP), lambda told: told.first(Event.CHECKED),
    ),
    Task(
        "backup", Step.BACKUP, "抄报之前做了备份", "Backed up before reporting",
        "抄税会改动设备，所以备份要在抄税之前，两份，并且读回核对。",
        "Reporting changes the device, so two copies are made and read back before it.",
        lambda told: told.before(Event.BACKED_UP, Event.REPORT_RESULT), lambda told: told.first(Event.BACKED_UP),
    ),
    Task(
        "declared", Step.REPORT, "等税局看到申报再往下做", "Waited until the tax side had the return",
        "抄报之后去电子税务局申报，比对通过才有清卡授权；没看到申报时不要反复试。",
        "After reporting, file the return at the tax portal; only a compared return brings the payload.",
        lambda told: told.before(Event.DECLARED, Event.FROZEN), lambda told: told.first(Event.DECLARED),
    ),
    Task(
        "preview", Step.PREVIEW, "确认之前看过冻结的预览", "Looked at the frozen preview before confirming",
        "核对每个单元的张数和金额，与设备自己的月统计对照，再去确认。",
        "Compare counts and sums of each unit with the device's own statistics, then confirm.",
        lambda told: told.before(Event.FROZEN, Event.CONFIRMED), lambda told: told.first(Event.FROZEN),
    ),
    Task(
        "typed", Step.CONFIRM, "机器编号和征期一次输对", "Typed device and period right at once",
        "对着身份条输入机器编号后四位和征期；输入之前先确认接着的是这台设备。",
        "Type the last four digits and the period from the identity strip; make sure it is this device.",
        _typed_right, lambda told: told.first(Event.CONFIRMED),
    ),
    Task(
        "read_back", Step.CLEAR, "结果未知时先回读，没有重做", "After an unknown outcome: read back first, nothing repeated",
        "命令发出后没有答复，不等于没有做。先点「回读设备」：锁死日期和抄报起始动了，就是清了。",
        "No answer does not mean nothing was done. Read the device back first: if its two dates moved, it is cleared.",
        _read_back, lambda told: told.first(Event.UNIT_SETTLED),
    ),
    Task(
        "proof", Step.CLOSE, "核验通过，留下清卡记录", "Verified, and left the record behind",
        "做到最后：设备、发票库、税局三方都核验，清卡记录打印留存，再次备份。",
        "Go to the end: device, ledger and tax side verified, the record kept, a second backup made.",
        _proof, lambda told: told.first(Event.FINISHED),
    ),
)  # fmt: skip

GUIDE: Mapping[str, str] = {
    Step.PREPARE.value: "这一课在练习设备上做一次完整的清卡，中间会丢掉一次答复。**先点「检查」**，把每一行读一遍：绿色的也要看。",
    Step.BACKUP.value: "抄税和清卡都会改动设备。**先备份**，等到两份都读回核对。",
    Step.REPORT.value: "**抄报**之后，到（模拟的）电子税务局**申报**。没看到申报之前不能往下走，可以过几天再回来。",
    Step.PREVIEW.value: "**冻结预览**，看每个单元的张数、金额和设备统计是否一致。确认的就是这一份。",
    Step.CONFIRM.value: "输入**机器编号后四位**和**征期**。从下一步起不能撤销。",
    Step.CLEAR.value: "这里会出现**结果未知**。不要重做，也不要拔设备。想一想：怎样才能知道设备做了没有？",
    Step.VERIFY.value: "对照**锁死日期**和**抄报起始**的前后值，三方都要打勾。",
    Step.CLOSE.value: "看清卡记录，再看成绩单：每一项旁边写着正确的做法。",
}


@dataclass(frozen=True)
class FirstLesson:
    """The first lesson; see ``plug.Lesson``."""

    id: str = "first-lesson"
    fault: str = "lost-reply"

    @property
    def title(self) -> str:
        return "First lesson: a clear whose answer gets lost" if english() else "第一课：一次丢了答复的清卡"

    @property
    def guide(self) -> Mapping[str, str]:
        return GUIDE

    def sheet(self, run: Run, records: Sequence[Record]) -> dict[str, Any]:
        """The result sheet, ticked from the journal alone."""
        told = Told.of(run, records)
        tasks = [task.row(told) for task in TASKS]
        score = sum(task["done"] for task in tasks)
        passed = score >= PASS and any(t["id"] == "read_back" and t["done"] for t in tasks)
        return {
            "lesson": self.id,
            "title": self.title,
            "run": run.id,
            "tasks": tasks,
            "score": score,
            "out_of": len(tasks),
            "passed": passed,
        }


LESSON: Lesson = FirstLesson()
