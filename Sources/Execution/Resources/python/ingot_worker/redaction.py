"""Credentials must show nowhere: not in events, not in logs, however a library has put them."""

from __future__ import annotations

import base64
import os
import threading
from typing import Any
from urllib.parse import quote, quote_plus

# Words such as these are no secrets, and are in many texts.
_OPEN = {"host", "port", "database", "sslmode", "region", "endpoint", "user", "accessKeyId"}
_LINE_BYTES_MAX = 1 << 20


class Redaction:
    """Replaces secrets by dots, in whatever shape they are likely to be."""

    def __init__(self, secrets: dict[str, str]) -> None:
        hidden: set[str] = set()
        for name, value in secrets.items():
            if name in _OPEN or not value:
                continue
            pairs = [value, f"{secrets.get('user', '')}:{value}"]
            hidden |= {
                value,
                quote(value),
                quote(value, safe=""),
                quote_plus(value),
                repr(value)[1:-1],
            }
            hidden |= {base64.b64encode(text.encode()).decode() for text in pairs}
        # A long one may hold a short one.
        self._hidden = sorted(hidden, key=len, reverse=True)
        self._thread: threading.Thread | None = None
        self._ends: tuple[int, ...] = ()

    def text(self, text: str) -> str:
        """The text without the secrets."""
        for secret in self._hidden:
            text = text.replace(secret, "•••")
        return text

    def of(self, value: Any) -> Any:
        """The value of JSON without the secrets."""
        if not self._hidden:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.of(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.of(item) for item in value]
        return value

    def redirect(self, log: int, descriptors: tuple[int, ...]) -> None:
        """Send what these descriptors take to the log, through this if there are secrets."""
        target, reader = log, None
        if self._hidden:
            reader, target = os.pipe()
        for descriptor in descriptors:
            os.dup2(target, descriptor)
        if reader is not None:
            os.close(target)
            self._ends = descriptors
            self._thread = threading.Thread(
                target=self._copy, args=(reader, os.dup(log)), daemon=True
            )
            self._thread.start()

    def _copy(self, reader: int, log: int) -> None:
        with open(reader, "rb") as source, open(log, "wb") as target:
            while line := source.readline(_LINE_BYTES_MAX):
                target.write(self.text(line.decode("utf-8", "replace")).encode())
                target.flush()

    def finish(self) -> None:
        """Nothing more is written: wait until all of it is in the log."""
        if self._thread is None:
            return
        import sys

        sys.stdout.flush()
        sys.stderr.flush()
        null = os.open(os.devnull, os.O_WRONLY)
        for descriptor in self._ends:
            os.dup2(null, descriptor)
        os.close(null)
        self._thread.join(5)
