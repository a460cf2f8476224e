"""An environment of its own with the example package in it, as a stranger to the checkout has one."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "third-party-driver"


def install(folder: Path) -> Path:
    """The interpreter of a new environment below ``folder``; pip has installed the example there, and asked no index.

    fapiao-kernel and what it needs come from the environment that runs the tests.
    """
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder / "venv")
    place = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    scripts, packages = (Path(sysconfig.get_path(name, vars=place)) for name in ("scripts", "purelib"))
    interpreter = scripts / ("python.exe" if os.name == "nt" else "python")
    (packages / "host.pth").write_text("\n".join([*site.getsitepackages(), str(ROOT)]) + "\n", "utf-8")
    source = folder / "source"  # a build leaves traces beside its source
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--python", str(interpreter), "install", "-q", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--no-index", "--no-deps", "--no-build-isolation", str(source)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return interpreter


def run(python: Path, arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """In a folder that has nothing to do with the checkout, with ``home`` in it as the home."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("FAPIAO", "PYTEST", "PYTHON"))}
    done = subprocess.run(
        [str(python), *arguments],
        cwd=folder,
        env={**clean, "FAPIAO_HOME": str(folder / "home"), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done


def kit(python: Path, address: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The conformance kit, destructive, with no configuration but its own options."""
    alone = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={folder}"]
    asked = ["--pyargs", "fapiao_kernel.testing", f"--fapiao-device={address}", "--fapiao-destructive"]
    return run(python, ["-m", "pytest", *alone, *asked, *more], folder)
