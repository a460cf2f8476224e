"""The guest's kernel (客户机内核): Debian's own package, fetched by apt and unpacked as far as needed, kept for the next time.

The package is not installed. The stock kernel has USB, USB/IP, ftdi_sio and 9p as modules; the -cloud- flavour has no USB.
"""

from __future__ import annotations

import gzip
import lzma
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from tests.hardware_lab.guest.archive import archive

MODULES = ("virtio_pci", "9pnet_virtio", "9p", "xhci_pci", "ftdi_sio", "vhci_hcd")
FOLDERS = re.compile(r".*/kernel/(drivers/(usb|virtio)|net/9p|fs/(9p|netfs|fscache))/.*\.ko(\.xz)?")
"""Where in the package these are, with all that they depend on."""
FETCH_SECONDS = 180


class Lacking(Exception):
    """What the guest needs cannot be had here; the text says what, and how to enable it."""


def kernel() -> Path:
    """A folder with ``vmlinux`` (``vmlinuz`` where its packing is not known) and ``modules`` in the order to load them.

    Raises ``Lacking``.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Lacking("no kernel for the guest; enable: run on Debian, whose kernel package it is")
    cache = platformdirs.user_cache_path("fapiao-kernel") / "guest"
    package, version = _named()
    folder = cache / f"{package}_{version}_{zlib.crc32(repr(MODULES).encode()):x}".replace(":", "-")
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as made:
            _unpack(_fetched(package, Path(made)), whole := Path(made) / "kernel")
            if not folder.is_dir():  # another run may have been quicker
                os.replace(whole, folder)
        for old in cache.glob("linux-image-*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
    return folder


def _named() -> tuple[str, str]:
    """Name and version of the package that ``linux-image-amd64`` stands for today."""
    found = re.search(r"Depends: (linux-image-\S+)", _said("apt-cache", "depends", "linux-image-amd64"))
    told = _said("apt-cache", "show", "--no-all-versions", found[1]) if found else ""
    version = re.search(r"^Version: (\S+)", told, re.M)
    if found is None or version is None:
        raise Lacking("apt knows no linux-image-amd64; enable: apt-get update (Debian on amd64)")
    return found[1], version[1]


def _said(*command: str) -> str:
    plain = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=plain).stdout


def _fetched(package: str, folder: Path) -> Path:
    def run(*order: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(order, cwd=folder, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)

    done = run("apt-get", "download", "-q", package)
    if done.returncode and os.geteuid() == 0:  # the lists may be older than the mirror
        run("apt-get", "update", "-q")
        done = run("apt-get", "download", "-q", package)
    found = sorted(folder.glob("*.deb"))
    if done.returncode or not found:
        why = (done.stderr.strip().splitlines() or ["nothing came"])[-1]
        raise Lacking(f"{package} cannot be fetched ({why}); enable: apt-get update, and the network")
    return found[0]


def _unpack(package: Path, folder: Path) -> None:
    files: dict[str, bytes] = {}
    image, builtin = b"", ""
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as reader,
        tarfile.open(fileobj=reader.stdout, mode="r|") as content,
    ):
        for member in content:
            name = member.name.rsplit("/", 1)[-1]
            if FOLDERS.fullmatch(member.name):
                files[_module(name)] = _read(content, member)
            elif name.startswith("vmlinuz-"):
                image = _read(content, member)
            elif name == "modules.builtin":
                builtin = _read(content, member).decode("ascii")
    (folder / "modules").mkdir(parents=True)
    built_in = {_module(line.rsplit("/", 1)[-1]) for line in builtin.split()}
    for place, (name, data) in enumerate(_in_order(files, built_in).items()):
        (folder / "modules" / f"{place:02}-{name}.ko").write_bytes(data)
    plain = _plain(image)
    # As a plain ELF it boots in half the time (PVH).
    (folder / ("vmlinux" if plain else "vmlinuz")).write_bytes(plain or image)


def _read(content: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = content.extractfile(member)
    data = b"" if file is None else file.read()
    return lzma.decompress(data) if member.name.endswith(".xz") else data


def _module(file: str) -> str:
    return file.split(".ko")[0].replace("-", "_")


def _in_order(files: Mapping[str, bytes], built_in: set[str]) -> dict[str, bytes]:
    """``MODULES``, each behind those that it depends on."""
    order: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in order or name in built_in:
            return
        if name not in files:
            raise Lacking(f"the kernel package has no module {name}; enable: a Debian whose kernel has it")
        depends = re.search(rb"depends=([\w,-]*)\0", files[name])
        for other in filter(None, depends[1].decode("ascii").split(",") if depends else []):
            add(_module(other))
        order[name] = files[name]

    for module in MODULES:
        add(module)
    return order


def _plain(image: bytes) -> bytes | None:
    """The kernel inside a compressed one."""
    at = -1
    while (at := image.find(b"\xfd7zXZ\0", at + 1)) >= 0:
        try:
            plain = lzma.LZMADecompressor().decompress(image[at:])
        except lzma.LZMAError:  # these six bytes can stand anywhere
            continue
        if plain.startswith(b"\x7fELF"):
            return plain
    return None


def initramfs(folder: Path, init: str, second: str) -> bytes:
    """The first file system: busybox, the modules, ``init`` (LOAD-MODULES in it stands for their loading), and ``second``."""
    busybox = shutil.which("busybox")
    if busybox is None:
        raise Lacking("no busybox; enable: apt-get install busybox-static")
    modules = sorted((folder / "modules").iterdir())
    load = "".join(f"$bb insmod /modules/{file.name}\n" for file in modules)
    entries = {"bin/busybox": (0o755, Path(busybox).read_bytes())}
    entries |= {f"modules/{file.name}": (0o644, file.read_bytes()) for file in modules}
    entries["init"] = (0o755, init.replace("LOAD-MODULES\n", load).encode("utf-8"))
    entries["second"] = (0o755, second.encode("utf-8"))
    return gzip.compress(archive(("bin", "modules", "proc", "new"), entries), 1)
