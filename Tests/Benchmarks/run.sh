#!/usr/bin/env bash
# Measures Ingot side by side with its peers, in one run of about twelve minutes.
#
#   Tests/Benchmarks/run.sh PATH-OF-INGOT        all scratch lies in .demo/bench
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
export PYTHONDONTWRITEBYTECODE=1
mkdir -p "$root/.demo/data"
python3 "$root/manifests/fetch_data.py" "$root/.demo/data"
exec python3 "$here/bench.py" "$(realpath "$1")" "$root"
