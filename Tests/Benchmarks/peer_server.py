"""The peer: what one writes by hand to serve the same ONNX model, with Starlette and uvicorn.

It speaks the same requests, and runs as many processes as the deployment has replicas.

    peer_server.py MODEL-FOLDER PORT WORKERS
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def application() -> Starlette:
    folder = Path(os.environ["BENCH_MODEL"])
    signature = json.loads((folder / "signature.json").read_text())
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(folder / "model.onnx", options)
    outputs = [output.name for output in session.get_outputs()]

    async def infer(request: Request) -> JSONResponse:
        body = json.loads(await request.body())
        columns = {item["name"]: item["data"] for item in body["inputs"]}
        feeds = {}
        for tensor in signature["inputs"]:
            rows = list(zip(*(columns[name] for name in tensor["columns"]), strict=True))
            is_text = tensor["name"] == "categorical"
            feeds[tensor["name"]] = np.array(rows, dtype=object if is_text else np.float32)
        results = session.run(outputs, feeds)
        answer = [
            {"name": name, "shape": list(value.shape), "data": np.ravel(value).tolist()}
            for name, value in zip(outputs, results, strict=True)
        ]
        return JSONResponse({"model_name": "arrival-delay", "outputs": answer})

    path = "/v2/models/arrival-delay/infer"
    return Starlette(routes=[Route(path, infer, methods=["POST"])])


if __name__ == "__main__":
    os.environ["BENCH_MODEL"] = sys.argv[1]
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    uvicorn.run(
        "peer_server:application",
        factory=True,
        app_dir=str(Path(__file__).parent),
        port=int(sys.argv[2]),
        workers=int(sys.argv[3]),
        access_log=False,
        log_level="warning",
    )
