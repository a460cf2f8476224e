"""The places of one backup set (备份位置): written to together, and left clean together."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from fapiao_kernel.domain.errors import FapiaoError, Refused, finding
from fapiao_kernel.domain.finding import Finding
from fapiao_kernel.records.backup.store import Draft, Store

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def unwritable(where: object, error: OSError) -> FapiaoError:
    """A full disk, or a folder that cannot be written."""
    if error.errno in _FULL:
        return Refused("backup_disk_full", folder=str(where))
    return Refused("backup_unwritable", folder=str(where), reason=error.strerror or str(error))


@contextmanager
def at(store: Store) -> Iterator[None]:
    """Turn what the store cannot do into an error that names it."""
    try:
        yield
    except OSError as error:
        raise unwritable(store.where, error) from error


def prepare(stores: Sequence[Store]) -> None:
    """Two places at least, each there, and none of them another one (by its inode, not its spelling)."""
    if len(stores) < 2:
        raise Refused("backup_too_few_folders", count=len(stores))
    for store in stores:
        with at(store):
            store.prepare()
    for index, store in enumerate(stores):
        for other in stores[:index]:
            if os.path.samefile(store.where, other.where):
                raise Refused("backup_same_folder", folder=str(store.where))


def findings(stores: Sequence[Store]) -> tuple[Finding, ...]:
    """Places that would be lost together: a warning for each disk that holds more than one."""
    disks: dict[int, list[str]] = {}
    for store in stores:
        there = next((p for p in (store.where, *store.where.parents) if p.exists()), None)
        if there is not None:
            disks.setdefault(there.stat().st_dev, []).append(str(store.where))
    return tuple(finding("backup_same_disk", folders="、".join(f)) for f in disks.values() if len(f) > 1)


class Everywhere:
    """One file, written to every store at the same time; ``sha256`` and ``size`` are of what was written."""

    def __init__(self, stores: Sequence[Store], name: str) -> None:
        self._name, self._drafts = name, list[tuple[Store, Draft]]()
        self._digest, self.size = hashlib.sha256(), 0
        for store in stores:
            self._do(store, self._begin, store)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes, /) -> int:
        self._digest.update(data)
        self.size += len(data)
        for store, draft in self._drafts:
            self._do(store, draft.write, data)
        return len(data)

    def commit(self) -> None:
        for store, draft in self._drafts:
            self._do(store, draft.commit)

    def abort(self) -> None:
        """Leave nothing anywhere, whether it was committed or not."""
        for store, draft in self._drafts:
            with contextlib.suppress(OSError):  # the first error is the one to tell; the next backup sweeps again
                draft.abort()
            with contextlib.suppress(OSError):
                store.remove(self._name)

    def _begin(self, store: Store) -> None:
        self._drafts.append((store, store.draft(self._name)))

    def _do(self, store: Store, act: Callable[..., object], *given: object) -> None:
        try:
            with at(store):
                act(*given)
        except BaseException:
            self.abort()
            raise
