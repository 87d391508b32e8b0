"""Command line: `serve <unix socket path>`."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> None:
    """Run the warm parent; exits with 2 on a usage error."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 2 or arguments[0] != "serve":
        sys.stderr.write("usage: python -m ingot_worker serve <unix socket path>\n")
        raise SystemExit(2)
    from ingot_worker.imported import serve

    serve(arguments[1])


if __name__ == "__main__":
    main()
