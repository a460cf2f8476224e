"""Who made a bundle (签名): Ed25519 over the manifest, hex (RFC 8032), and the key's fingerprint, by which people compare keys."""

from __future__ import annotations

import hashlib
import re
from typing import Protocol

_HEX_KEY = re.compile(r"[0-9a-f]{64}")
_HEX_SIGNATURE = re.compile(r"[0-9a-f]{128}\n")


class Signer(Protocol):
    """What signs for a home; ``records.backup.keys.KeyBox`` is one."""

    @property
    def public(self) -> str:
        """The public key's 32 bytes, hex."""
        ...

    def sign(self, content: bytes) -> str:
        """The signature's 64 bytes, hex."""
        ...


def fingerprint(public: str) -> str:
    """SHA-256 (hex) of a public key's 32 bytes; "" for what is no such key."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest() if _HEX_KEY.fullmatch(public) else ""


def grouped(mark: str) -> str:
    """A fingerprint in groups of four, as people read it out to each other."""
    return " ".join(mark[at : at + 4] for at in range(0, len(mark), 4))


def ungrouped(text: str) -> str:
    """A fingerprint as somebody typed it, without spaces, colons, hyphens and capitals; "" when it is none."""
    plain = re.sub(r"[\s:-]", "", text).lower()
    return plain if _HEX_KEY.fullmatch(plain) else ""


def holds(content: bytes, signature: bytes, public: str) -> bool:
    """Whether ``signature`` (the file ``manifest.sig``, byte for byte) is the key's over the content."""
    text = signature.decode("ascii", "replace")
    if not (_HEX_KEY.fullmatch(public) and _HEX_SIGNATURE.fullmatch(text)):
        return False
    # Imported here: the verifier must load without it, so that a damaged file is told quickly.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(text.strip()), content)
    except (InvalidSignature, ValueError):
        return False
    return True
