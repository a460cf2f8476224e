"""Keys (密钥): the age identity that opens backups, the recovery key (恢复密钥) that also does, and the Ed25519 signing key.

Form of identities and recipients: the age file format, age-encryption.org/v1 (X25519).
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

import pyrage
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.hazmat.primitives.serialization import load_pem_private_key as load_pem

from fapiao_kernel.domain.errors import Refused
from fapiao_kernel.records import durable
from fapiao_kernel.records.language import either

IDENTITY, SIGNING, RECOVERY = "identity.age", "signing.pem", "recovery.pub"
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


@dataclass(frozen=True)
class KeyBox:
    """The keys of one home. Nothing secret shows in ``repr``; ``recovery`` is the public half, the only one kept."""

    identity: pyrage.x25519.Identity = field(repr=False)
    signing: Ed25519PrivateKey = field(repr=False)
    recovery: str

    @classmethod
    def ensure(cls, folder: Path) -> tuple[KeyBox, str | None]:
        """The keys in ``folder``, made on first start. The text is the recovery secret, to be printed: it comes back only
        from the call that made it, and is never written down by us.

        Raises ``Refused`` ``keys_unreadable`` when a file is damaged or the folder cannot be written.
        """
        try:
            durable.make_folder(folder, _PRIVATE_FOLDER)
            folder.chmod(_PRIVATE_FOLDER)
            if not (folder / IDENTITY).exists():
                _keep(folder / IDENTITY, f"{pyrage.x25519.Identity.generate()}\n".encode())
            if not (folder / SIGNING).exists():
                key = Ed25519PrivateKey.generate()
                _keep(folder / SIGNING, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            secret = None if (folder / RECOVERY).exists() else new_recovery(folder)
        except OSError as error:
            raise Refused("keys_unreadable", file=str(error.filename or folder), reason=error.strerror) from error
        return cls(_identity(folder / IDENTITY), _signing(folder / SIGNING), _recovery(folder / RECOVERY)), secret

    @property
    def recipients(self) -> list[pyrage.x25519.Recipient]:
        """Both who can open a backup: this home, and the holder of the printed recovery key."""
        return [self.identity.to_public(), pyrage.x25519.Recipient.from_str(self.recovery)]

    @property
    def public(self) -> str:
        """The signing key's public half, hex."""
        return self.signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, content: bytes) -> str:
        """Ed25519 signature, hex: age says who may read, this says who wrote."""
        return self.signing.sign(content).hex()


def new_recovery(folder: Path) -> str:
    """A new recovery key (the printed one was lost): its public half replaces the old, its secret comes back once.

    Backups made before still open with the old one only.
    """
    identity = pyrage.x25519.Identity.generate()
    _keep(folder / RECOVERY, f"{identity.to_public()}\n".encode())
    return str(identity)


def signed(content: bytes, signature: str, public: str) -> bool:
    """Whether the signature (hex) over the content is that of the public key (hex)."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def identity_of(secret: str) -> pyrage.x25519.Identity:
    """The identity that a printed secret stands for; case and spaces do not matter. Raises ``ValueError``."""
    lines = [line for line in secret.strip().splitlines() if not line.startswith("#")]
    try:
        return pyrage.x25519.Identity.from_str("".join("".join(lines).split()).upper())
    except pyrage.IdentityError:
        raise ValueError("not an age identity") from None  # the cause may quote the secret


def _keep(path: Path, content: bytes) -> None:
    durable.write_atomic(path, content, _PRIVATE_FILE)


def _read(path: Path) -> bytes:
    if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) != _PRIVATE_FILE:
        path.chmod(_PRIVATE_FILE)
    return path.read_bytes()


def _identity(path: Path) -> pyrage.x25519.Identity:
    try:
        return identity_of(_read(path).decode("ascii"))
    except (OSError, ValueError):
        raise Refused(
            "keys_unreadable", file=str(path), reason=either("不是 age 密钥", "not an age identity")
        ) from None


def _signing(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem(_read(path), password=None)
    except (OSError, ValueError):
        raise Refused("keys_unreadable", file=str(path), reason=either("不是私钥", "not a private key")) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused("keys_unreadable", file=str(path), reason=either("不是 Ed25519 密钥", "not an Ed25519 key"))
    return key


def _recovery(path: Path) -> str:
    try:
        text = _read(path).decode("ascii").strip()
        pyrage.x25519.Recipient.from_str(text)
    except (OSError, ValueError, pyrage.RecipientError):
        raise Refused(
            "keys_unreadable", file=str(path), reason=either("不是 age 公钥", "not an age recipient")
        ) from None
    return text
