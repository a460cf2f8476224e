"""The kit's part in a pytest run: order, strict marks, what may be skipped, the certificate."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from fapiao_kernel.devices.plug import Mark
from fapiao_kernel.domain.errors import FapiaoError
from fapiao_kernel.testing import certificate, fixtures
from fapiao_kernel.testing.certificate import SUITES, Result
from fapiao_kernel.testing.subject import Subject

FOLDER = Path(__file__).parent


def bring_in(config: pytest.Config) -> None:
    """Register the kit for the device that was named. Raises ``pytest.UsageError`` when there is no such driver."""
    try:
        subject = Subject(config.getoption("--fapiao-device"))
    except FapiaoError as error:
        raise pytest.UsageError(f"{error}\n{error.remedy}") from None
    config.stash[fixtures.SUBJECT] = subject
    config.add_cleanup(subject.end)
    config.pluginmanager.register(fixtures, "fapiao-kit-fixtures")
    config.pluginmanager.register(Kit(config, subject), "fapiao-kit")


def known_tests() -> dict[str, str]:
    """Every test of the kit, with its suite; read from the text, so that asking imports nothing."""
    return {
        name: suite
        for suite in SUITES
        for file in sorted(FOLDER.glob(f"test_{suite}*.py"))
        for name in re.findall(rf"^def (test_{suite}_\w+)", file.read_text("utf-8"), re.M)
    }


class Kit:
    """Hooks of one run."""

    def __init__(self, config: pytest.Config, subject: Subject) -> None:
        self._config = config
        self._subject = subject
        self._known = known_tests()
        self._results: dict[str, Result] = {}
        self._problems: list[str] = []
        self._written = ""
        self._lacking: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Link before Driver before Clearing; marks on their tests. The device is opened from here on."""
        ours = [item for item in items if item.path.parent == FOLDER]
        if not ours or self._config.option.collectonly:
            return
        items.sort(key=lambda item: SUITES.index(self._known[_name(item.nodeid)]) if item in ours else -1)
        try:
            marks = {mark.test: mark for mark in certificate.marks(self._subject)}
        except FapiaoError as error:
            raise pytest.UsageError(f"{error}\n{error.remedy}") from None
        self._problems = [f"mark without a test: {name}" for name in marks if name not in self._known]
        if self._config.getoption("--fapiao-destructive") and not self._subject.practises:
            self._warn()
        for item in ours:
            if (mark := marks.get(_name(item.nodeid))) is not None:
                item.add_marker(pytest.mark.xfail(reason=_why(mark), strict=True))

    def pytest_report_header(self) -> str:
        """What is about to be done to which device."""
        what = f"fapiao 合格测试 · device {self._subject.address}"
        if not self._config.getoption("--fapiao-destructive"):
            return f"{what}: read only; tests that change a device are skipped (--fapiao-destructive)"
        if self._subject.practises:
            return f"{what}: destructive, on a practice world of its own: PIN tries, reports and clears"
        return f"{what}: destructive (破坏性测试)"

    def _warn(self) -> None:
        """Before any test: what will be done to a device that is there. Whatever ``-q`` hides, this it does not."""
        with contextlib.suppress(Exception):  # whatever a strange driver raises is for its own tests to tell
            _ = self._subject.state
        state = self._subject.__dict__.get("state")
        if state is not None and state.identity.simulated:
            does = "says that it is simulated: IT WILL BE CHANGED, and PIN tries spent (FAPIAO_KIT_PIN) · 模拟设备：将被改动"
        else:
            does = (
                "does not say that it is simulated: nothing that changes it will be sent · 不是模拟设备：不做任何改动"
            )
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"!!! {self._subject.address} {does} !!!", red=True, bold=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what became of each test, whatever phase it was told in."""
        name = _name(report.nodeid)
        suite = self._known.get(name)
        if suite is None:
            return
        found = self._results.setdefault(name, Result(suite, name, "passed"))
        found.seconds = round(found.seconds + report.duration, 3)
        if found.outcome in certificate.FAILED:
            return  # of one kind of a test with several: no other kind makes up for it
        if hasattr(report, "wasxfail") and report.skipped:
            found.outcome, found.reason = "marked", report.wasxfail
        elif report.skipped:
            found.outcome, found.reason = "skipped", _skip_reason(report)
        elif report.failed:
            found.outcome = "failed" if report.when == "call" else "error"
            found.reason = _last_line(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the certificate, whatever the outcome."""
        if self._problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if not self._results:
            return
        destructive = bool(self._config.getoption("--fapiao-destructive"))
        asked: str = self._config.getoption("--fapiao-certificate")
        content = certificate.compose(self._subject, self._results.values(), self._known, self._problems, destructive)
        path = certificate.place(self._subject, asked)
        try:
            certificate.write(path, content)
        except OSError as error:
            self._problems.append(f"the certificate could not be written: {type(error).__name__} {path}")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            return
        self._written = f"{content['verdict']}: {path}"
        self._lacking = content["lacking"]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Where the certificate is, and what is wrong beside the tests."""
        if not (self._written or self._problems):
            return
        terminalreporter.section("fapiao 合格证书 · certificate")
        for problem in self._problems:
            terminalreporter.line(f"FAILED {problem}", red=True)
        if self._written:
            terminalreporter.line(self._written)
        for lacking in self._lacking:
            terminalreporter.line(f"  {lacking}")


def _why(mark: Mark) -> str:
    return f"{certificate.NEVER if mark.never else 'not yet: '}{mark.reason}"


def _name(nodeid: str) -> str:
    return nodeid.rpartition("::")[2].partition("[")[0]


def _skip_reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def _last_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else report.longreprtext
    return next((line for line in text.splitlines() if line.strip()), "")[:300]
