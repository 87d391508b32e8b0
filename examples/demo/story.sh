#!/usr/bin/env bash
# The story of the README, on the 336,776 flights that left New York in 2013: a commit becomes a
# served model, a pull request improves it, a revert brings the old one back.
#
#   examples/demo/story.sh PATH-OF-INGOT        KEEP=1 leaves controller and gateway running
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
ingot="$(realpath "$1")"
demo="$root/.demo"
port="${PORT:-8080}"
url="http://127.0.0.1:$port"
export GIT_AUTHOR_DATE= GIT_COMMITTER_DATE=
unset GIT_AUTHOR_DATE GIT_COMMITTER_DATE

bold() { if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi; }
say() { printf '    %s\n' "$*"; }
# Shown as a user would type it.
run() {
    local words="$*"
    words="${words//$ingot/ingot}"
    printf '\n  $ %s\n' "${words//$root\//}"
    "$@" 2>&1 | sed 's/^/    /'
}
now_ms() { date +%s%3N; }

# Only what this script started is stopped, by its process id.
controller="" gateway="" load=""
finish() {
    for pid in $load $gateway $controller; do kill "$pid" 2>/dev/null || true; done
    for pid in $load $gateway $controller; do wait "$pid" 2>/dev/null || true; done
}
trap finish EXIT
trap 'echo "the demo failed at line $LINENO: see $demo/controller.log and $demo/gateway.log" >&2' ERR

if [ -e "$demo/state/run/serving-report.json" ] && "$ingot" status --state "$demo/state" >/dev/null 2>&1 \
    && curl -sf "$url/v2/health/live" >/dev/null 2>&1; then
    echo "an earlier demo is still running on port $port: stop it first (it printed how)" >&2
    trap - EXIT ERR
    exit 1
fi
rm -rf "$demo/state" "$demo/work" "$demo/flights.git"
mkdir -p "$demo/data"

bold "0. The data: the flights of 2013, the weather, the airports"
python3 "$root/manifests/fetch_data.py" "$demo/data" | sed 's/^/    /'
"$ingot" runtime >/dev/null
started=$(now_ms)

bold "1. The first commit: schedule-only features; a model with two stages; a deployment"
git init -q --bare -b main "$demo/flights.git"
git init -q -b main "$demo/work"
cd "$demo/work"
git config user.name "Ada Flight" && git config user.email ada@example.com
git remote add origin "$demo/flights.git"
cp "$root"/manifests/*.yaml .
rm -f feature-views.yaml
cp "$root"/Tests/EndToEndTests/Fixtures/flights-first/*.yaml .
git add -A && git commit -qm "Predict late arrivals from the schedule"

"$ingot" run --repository "$demo/flights.git" --state "$demo/state" --data "$demo" \
    > "$demo/controller.log" 2>&1 & controller=$!
"$ingot" gateway --state "$demo/state" --port "$port" > "$demo/gateway.log" 2>&1 & gateway=$!
say "git push: the controller sees the commit, snapshots and checks the data, trains, evaluates,"
say "registers version 1, moves the stages and has the gateway serve it."
git push -q origin main
first=$(git rev-parse HEAD)
"$ingot" wait --state "$demo/state" --revision "$first" --timeout 5m | sed 's/^/    /'
run "$ingot" status --state "$demo/state"
cat > "$demo/request.json" <<'JSON'
{"inputs": [
  {"name": "carrier",  "shape": [1], "datatype": "BYTES", "data": ["B6"]},
  {"name": "origin",   "shape": [1], "datatype": "BYTES", "data": ["JFK"]},
  {"name": "dest",     "shape": [1], "datatype": "BYTES", "data": ["FLL"]},
  {"name": "distance", "shape": [1], "datatype": "FP32",  "data": [1069]},
  {"name": "hour",     "shape": [1], "datatype": "FP32",  "data": [18]},
  {"name": "weekday",  "shape": [1], "datatype": "FP32",  "data": [5]}
]}
JSON
ask() { curl -sf -X POST -H 'Content-Type: application/json' --data @"$demo/request.json" \
    "$url/v2/models/arrival-delay/infer"; }
say ""
say "One real request:"
printf '  $ curl -X POST --data @request.json %s/v2/models/arrival-delay/infer\n' "$url"
ask | sed 's/^/    /'; echo

bold "2. A branch adds weather and the delays of flights that have landed"
git checkout -q -b add-delays
git config user.name "Grace Weather" && git config user.email grace@example.com
cp "$root"/manifests/*.yaml .
git add -A && git commit -qm "Add weather and recent delays as features"
git push -q origin add-delays
say "Before the merge, the plan says what would run, what is cached, and why:"
run "$ingot" plan --state "$demo/state" --repository "$demo/flights.git" --data "$demo" \
    --base main --head add-delays
say ""
say "Merged, under constant load:"
rm -f "$demo/load.stop"
python3 "$root/examples/demo/load.py" 127.0.0.1 "$port" /v2/models/arrival-delay/infer \
    "$demo/request.json" < <(while [ ! -e "$demo/load.stop" ]; do sleep 0.1; done) \
    > "$demo/load.json" & load=$!
git checkout -q main
git merge -q --no-ff -m "Merge add-delays" add-delays
git push -q origin main
second=$(git rev-parse HEAD)
"$ingot" wait --state "$demo/state" --revision "$second" --timeout 10m | sed 's/^/    /'
sleep 0.5
run "$ingot" metrics model/arrival-delay --state "$demo/state"

bold "3. git revert: version 1 serves again"
git revert --no-edit -m 1 HEAD > /dev/null
pushed=$(now_ms)
git push -q origin main
reverted=$(git rev-parse HEAD)
while ! ask | grep -q '"model_version":"1"'; do :; done
back=$(now_ms)
say "from git push to the first answer by version 1: $((back - pushed)) ms"
"$ingot" wait --state "$demo/state" --revision "$reverted" --timeout 1m | sed 's/^/    /'
sleep 0.5
touch "$demo/load.stop"; wait "$load" || true; load=""
say "the load through both switches:"
sed 's/^/    /' "$demo/load.json"
run "$ingot" history --state "$demo/state"

bold "4. Where did a prediction come from, and what caused the last training?"
prediction=$(ask | sed -E 's/.*"prediction_id":"([^"]+)".*/\1/')
run "$ingot" lineage "$prediction" --state "$demo/state"
run "$ingot" why trainingconfig/arrival-delay --state "$demo/state"

took=$(( ($(now_ms) - started) / 1000 ))
bold "The story took $took s."
if [ -n "${KEEP:-}" ]; then
    trap - EXIT
    disown "$controller" "$gateway"
    say "Controller (pid $controller) and gateway (pid $gateway) go on running. Try:"
    say "  $ingot status --state $demo/state"
    say "  curl $url/v2/models/arrival-delay"
    say "  cd $demo/work: edit a manifest, commit, git push origin main"
    say "  kill $controller $gateway      stops both"
fi
