"""The kit costs a run of pytest that does not ask for it nothing but its options."""

from __future__ import annotations

import json
import subprocess
import sys

LOADED = """
import json, sys
import fapiao_kernel.testing.plugin
print(json.dumps(sorted(name for name in sys.modules if name.startswith("fapiao_kernel."))))
"""


def test_the_plugin_alone_imports_nothing_else_of_ours() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["fapiao_kernel.testing", "fapiao_kernel.testing.plugin"]
