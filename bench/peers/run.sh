#!/usr/bin/env bash
# Docket beside BullMQ with a sync on every write, round by round in turn, on this machine.
#
#   cargo build --release --no-default-features && bench/peers/run.sh
#
# ROUNDS (5), JOBS (20000) and IN_FLIGHT (256) may be set; DOCKET names another binary, FOLDER another disk.
# Everything is on loopback, in a folder of its own that is removed at the end.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
docket=${DOCKET:-$here/../../target/release/docket}
rounds=${ROUNDS:-5} jobs=${JOBS:-20000} in_flight=${IN_FLIGHT:-256}

fail() { echo "run.sh: $*" >&2; exit 1; }
[ -x "$docket" ] || fail "no binary at $docket; build it first"
command -v node >/dev/null || fail "node is missing"
if ! command -v redis-server >/dev/null; then
  [ "$(id -u)" = 0 ] || fail "redis-server is missing"
  apt-get install -y --no-install-recommends redis-server >/dev/null
fi
[ -d "$here/node_modules" ] || (cd "$here" && npm install --no-save --no-audit --no-fund --ignore-scripts >/dev/null)

folder=$(mktemp -d "${FOLDER:-${TMPDIR:-/tmp}}/docket-peers-XXXXXX")
redis=
finish() {
  [ -z "$redis" ] || { kill "$redis" 2>/dev/null || true; wait "$redis" 2>/dev/null || true; }
  rm -rf "$folder"
}
trap finish EXIT
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --appendonly yes --appendfsync always --save '' \
  --daemonize no --logfile "$folder/redis.log" &
redis=$!
for _ in $(seq 100); do redis-cli -p "$port" ping >/dev/null 2>&1 && break; sleep 0.05; done
redis-cli -p "$port" ping >/dev/null || fail "redis did not start: $(cat "$folder/redis.log")"

peer_jobs=$(( in_flight == 1 ? jobs / 10 : jobs / 4 ))
for round in $(seq "$rounds"); do
  echo "round $round of $rounds" >&2
  (cd "$here" && timeout 300 node bullmq.mjs "$port" "$peer_jobs" "$in_flight") >> "$folder/peer.jsonl"
  timeout 300 "$docket" bench --in-flight "$in_flight" --jobs "$jobs" --folder "$folder" --json >> "$folder/docket.jsonl"
done
node "$here/table.mjs" "$folder/peer.jsonl" "$folder/docket.jsonl"
