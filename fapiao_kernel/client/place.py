"""Where the home lies."""

from __future__ import annotations

import os
from pathlib import Path


def home_folder(home: Path | str | None = None) -> Path:
    """The home: as given, else ``FAPIAO_HOME``, else the user's data folder; absolute."""
    if home is None:
        home = os.environ.get("FAPIAO_HOME") or None
    if home is None:
        import platformdirs  # needed only here, and never by a caller who names the home

        home = platformdirs.user_data_path("fapiao-kernel", appauthor=False)
    return Path(home).expanduser().absolute()
