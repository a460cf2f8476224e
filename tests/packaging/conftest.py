"""The wheel, built once; and an environment that holds it and nothing of the checkout, made once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it, and an unrelated folder to stand in."""

    home: Path
    elsewhere: Path

    def command(self, name: str) -> str:
        """A console script of the environment."""
        folder, ending = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
        return str(self.home / folder / f"{name}{ending}")

    def environment(self, fapiao_home: Path) -> dict[str, str]:
        """What a user's shell would give: nothing that leads back to the checkout or to the tests' own environment."""
        leads_back = ("PYTHON", "VIRTUAL_ENV", "JUPYTER", "FAPIAO", "PYTEST")
        clean = {key: value for key, value in os.environ.items() if not key.startswith(leads_back)}
        config = self.elsewhere / "config"
        return {
            **clean,
            "FAPIAO_HOME": str(fapiao_home),
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(config / "data"),
            "JUPYTER_RUNTIME_DIR": str(config / "runtime"),
            "PYTHONUTF8": "1",
        }


def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    """Run, and fail with what the command said."""
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)  # type: ignore[call-overload]  # options differ by call
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as hatchling builds it from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    """Every file in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An empty environment, then the wheel with its dependencies at their pinned versions: no test or build extra."""
    folder = tmp_path_factory.mktemp("installed")
    home, elsewhere = folder / "venv", folder / "elsewhere"
    elsewhere.mkdir()
    venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(home)
    pins = re.findall(r"^[a-z0-9.-]+==[^\\\n]+", (ROOT / "requirements.txt").read_text("utf-8"), re.M)
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(pins) + "\n", "utf-8")
    place = Installed(home, elsewhere)
    pip = [place.command("python"), "-m", "pip", "install", "-q", "--no-input", "--disable-pip-version-check"]
    run([*pip, "--only-binary", ":all:", "-c", str(constraints), str(wheel)], cwd=elsewhere)
    return place
