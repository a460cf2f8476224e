"""Importing from a notebook (导入): where the files are named, how far the import under way is, what became of each file."""

from __future__ import annotations

from collections import Counter

from fapiao_kernel.api.ledger import FileView, ImportAnswer
from fapiao_kernel.api.shapes import StatusView, WorkView
from fapiao_widgets.text import say
from fapiao_widgets.viewmodels import blocks
from fapiao_widgets.viewmodels.formats import count

JOB = "import"
"""What the agent calls this work; there is one at a time, whoever began it."""
TOLD = 12
"""Files told one by one; of more, those with something to say."""


def under_way(status: StatusView | None) -> list[blocks.Block]:
    """The import under way, begun here or elsewhere: how far it is, and its end; nothing where there is none."""
    if (work := _work(status)) is None:
        return []
    cancel = blocks.button("cancel-import", say("import.cancel"), tone="second")
    label = say("import.working", what=work.label)
    return [blocks.progress(label, work.done, work.total), blocks.form([cancel], note=say("import.cancel.text"))]


def offer(status: StatusView | None) -> list[blocks.Block]:
    """Bring the user's own files in; not while an import is under way."""
    if _work(status) is not None:
        return []
    field = blocks.field("paths", say("prepare.import.path"), hint=say("prepare.import.hint"))
    act = blocks.button("import", say("prepare.import.button"), tone="second")
    return [
        blocks.more(
            say("prepare.import"), [blocks.text(say("prepare.import.formats"), "quiet"), blocks.form([act], [field])]
        )
    ]


def paths(typed: str) -> list[str]:
    """The paths typed, one a line; the quotes that a file manager's 「复制为路径」 puts around one are no part of it."""
    return [path for line in typed.splitlines() if (path := line.strip().strip("\"'“”").strip())]


def told(answer: ImportAnswer) -> list[str]:
    """What became of the files: each with its findings; of many the count of each outcome, then those that need a look."""
    files = answer.files
    lines = [say("import.cancelled" if files else "import.cancelled.none")] if answer.cancelled else []
    if len(files) > TOLD:
        outcomes = Counter(file.status for file in files)
        words = say("join").join(f"{say(f'import.{status}')} {n:,}" for status, n in outcomes.most_common())
        lines.append(say("import.many", n=f"{len(files):,}", outcomes=words))
        files = [file for file in files if file.findings or file.status in ("rejected", "partial")][:TOLD]
    return lines + [_told(file) for file in files]


def _told(file: FileView) -> str:
    sheets = count(file.count if file.count is not None else len(file.invoices))
    said = say("import.done", file=file.file, word=say(f"import.{file.status}"), count=sheets)
    return said + "".join(f"；{finding.message}" for finding in file.findings[:3])


def _work(status: StatusView | None) -> WorkView | None:
    return next((work for work in status.work if work.id == JOB), None) if status else None
