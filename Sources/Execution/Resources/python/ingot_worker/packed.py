"""Packed text files: gzip and zstd, told by their first bytes."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import BinaryIO, cast

from ingot_worker.errors import data_error

NONE, GZIP, ZSTD = "none", "gzip", "zstd"
_MAGIC = {b"\x1f\x8b": GZIP, b"\x28\xb5\x2f\xfd": ZSTD}
_CHUNK_BYTES = 1 << 20


def packing(path: str) -> str:
    """How the file is packed, in DuckDB's words; `none` if it is not."""
    with open(path, "rb") as file:
        head = file.read(4)
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), NONE)


def open_bytes(path: str, packed: str) -> BinaryIO:
    """The unpacked bytes; what is damaged raises OSError, EOFError or zlib.error on the way."""
    if packed == GZIP:
        return cast(BinaryIO, gzip.open(path, "rb"))
    if packed == ZSTD:
        import pyarrow as pa

        return io.BufferedReader(pa.input_stream(path, compression="zstd"))
    return open(path, "rb")


def check(path: str, name: str) -> str:
    """How the file is packed; raises a data error unless all of it can be unpacked.

    All of it is read: DuckDB takes what is there of a zstd file that was cut off.
    """
    packed = packing(path)
    if packed == NONE:
        return packed
    try:
        with open_bytes(path, packed) as file:
            while file.read(_CHUNK_BYTES):
                pass
    except (EOFError, OSError, zlib.error):
        raise data_error(
            "FileTruncated", f"{name} is a damaged {packed} file", "copy the file again"
        ) from None
    return packed
