"""Writes a wheel that looks like onnxruntime's, and a lock file with its hash, into a directory."""

import hashlib
import pathlib
import sys
import zipfile

directory = pathlib.Path(sys.argv[1])
wheel = directory / "onnxruntime-1.0-py3-none-any.whl"
info = "onnxruntime-1.0.dist-info"
files = {
    "onnxruntime/__init__.py": "",
    "onnxruntime/capi/libonnxruntime.so.1.0": "not a library",
    f"{info}/METADATA": "Metadata-Version: 2.1\nName: onnxruntime\nVersion: 1.0\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
with zipfile.ZipFile(wheel, "w") as archive:
    for name, text in {**files, f"{info}/RECORD": record}.items():
        archive.writestr(name, text)
digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
lock = f"onnxruntime==1.0 \\\n    --hash=sha256:{digest}\n"
(directory / "good.lock").write_text(lock)
(directory / "bad.lock").write_text(lock.replace(digest, "0" * 64))
