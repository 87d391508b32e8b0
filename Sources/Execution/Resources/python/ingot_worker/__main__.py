"""Command line: `serve <unix socket path>`, `look <folder>`."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> None:
    """Run the warm parent, or one look; exits with 2 on a usage error."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 2 or arguments[0] not in ("serve", "look"):
        sys.stderr.write("usage: python -m ingot_worker serve <unix socket path> | look <folder>\n")
        raise SystemExit(2)
    if arguments[0] == "look":
        from ingot_worker.look import look

        raise SystemExit(look(arguments[1]))
    from ingot_worker.imported import serve

    serve(arguments[1])


if __name__ == "__main__":
    main()
