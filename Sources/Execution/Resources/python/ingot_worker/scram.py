"""How a PostgreSQL server is told a password: SCRAM-SHA-256 (RFC 5802, RFC 7677) and MD5."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata

_ITERATIONS_MAX = 10_000_000


def md5_password(user: str, password: str, salt: bytes) -> str:
    """The answer of PostgreSQL's older method."""
    inner = hashlib.md5((password + user).encode()).hexdigest()
    return "md5" + hashlib.md5(inner.encode() + salt).hexdigest()


class Scram:
    """The client's side of one conversation, without channel binding."""

    def __init__(self, password: str, nonce: str | None = None) -> None:
        # SASLprep as far as it matters for passwords that people can type.
        self._password = unicodedata.normalize("NFKC", password).encode()
        self._nonce = nonce or base64.b64encode(secrets.token_bytes(18)).decode()
        self._first = f"n=,r={self._nonce}"
        self._signature = b""

    def first(self) -> bytes:
        """The first message."""
        return f"n,,{self._first}".encode()

    def final(self, challenge: bytes) -> bytes:
        """The answer to the server's first message."""
        fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
        iterations = int(fields["i"])
        if not fields["r"].startswith(self._nonce) or not 1 <= iterations <= _ITERATIONS_MAX:
            raise ConnectionError("the server's part of the password exchange makes no sense")
        salted = hashlib.pbkdf2_hmac(
            "sha256", self._password, base64.b64decode(fields["s"]), iterations
        )
        bare = f"c=biws,r={fields['r']}"
        said = ",".join([self._first, challenge.decode(), bare]).encode()
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), said, "sha256")
        self._signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), said, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        return f"{bare},p={base64.b64encode(proof).decode()}".encode()

    def check(self, end: bytes) -> None:
        """Raise an error unless the server knows the password too."""
        proof = base64.b64decode(end.partition(b"v=")[2])
        if not hmac.compare_digest(proof, self._signature):
            raise ConnectionError("the server does not know the password that it asks for")
