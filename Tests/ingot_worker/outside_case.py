"""What tests of sources outside the repository have in common."""

from __future__ import annotations

import os
from typing import Any

from support import WorkerCase

SCHEMA = [
    {"name": "origin", "type": "string", "nullable": False},
    {"name": "delay", "type": "integer", "nullable": True},
]
CSV = "origin,delay\nEWR,1\nJFK,\n"
ROWS = [("EWR", 1), ("JFK", None)]
RETRIED = "the step is retried"
CREDENTIALS = (
    "correct the source's credentials in the controller's configuration; the step is retried"
)


class OutsideCase(WorkerCase):
    def snapshot(
        self, source: dict[str, Any], secrets: dict[str, str] | None = None, **more: Any
    ) -> tuple[str, Any]:
        body = {
            "format": more.pop("form", "csv"),
            "path": "the source",
            "schema": more.pop("wanted", SCHEMA),
            "source": {"timeoutSeconds": more.pop("seconds", 5), **source},
        }
        return self.worker.run("snapshot", body, {}, secrets=secrets or {}, **more)

    def good(self, rows: list[Any], *arguments: Any, **more: Any) -> Any:
        output, result = self.snapshot(*arguments, **more)
        self.assertEqual(result.get("rows"), len(rows), result)
        self.assertEqual(self.rows(output), rows)
        self.assertFalse(os.path.exists(output + ".source"))
        return result

    def fails(self, error: Any, kind: str, code: str, message: str, hint: str) -> None:
        self.assertEqual(
            (error.get("class"), error.get("code"), error.get("message"), error.get("hint")),
            (kind, code, message, hint),
        )
