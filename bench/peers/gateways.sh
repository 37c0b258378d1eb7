#!/usr/bin/env bash
# Docket's chat beside two gateways before the same inference server, scene by scene in turn, on this machine:
# a router in Rust (sglang-router) and LiteLLM's proxy, one process each. Neither holds money nor keeps anything.
#
#   cargo build --release --no-default-features && bench/peers/gateways.sh
#
# ROUNDS (3) and SECONDS_EACH (4) may be set; SCENE plays only the scenes with that text in their names, such as "pace":
# by themselves, without the payments in their background that the scenes before leave to fall due a minute later.
# DOCKET names another binary, FOLDER another disk.
# Everything is on loopback, in a folder of its own that is removed at the end, but for the installed gateways.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
docket=${DOCKET:-$here/../../target/release/docket}
fail() { echo "gateways.sh: $*" >&2; exit 1; }
[ -x "$docket" ] || fail "no binary at $docket; build it first"
command -v python3 >/dev/null || fail "python3 is missing"
gateways=$here/.gateways
if [ ! -x "$gateways/bin/litellm" ]; then
  echo "installing the gateways, once" >&2
  python3 -m venv "$gateways"
  "$gateways/bin/python" -m pip install --quiet --disable-pip-version-check 'litellm[proxy]==1.106.2' 'sglang-router==0.3.2'
fi

folder=$(mktemp -d "${FOLDER:-${TMPDIR:-/tmp}}/docket-gateways-XXXXXX")
started=()
finish() {
  for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; wait "$process" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
await() { # await NAME PORT LOG
  for _ in $(seq 600); do
    (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null && return
    sleep 0.1
  done
  fail "$1 did not start: $(tail -5 "$3")"
}
server=$(free_port) router=$(free_port) litellm=$(free_port)
"$docket" bench upstream --listen "127.0.0.1:$server" > "$folder/server.log" 2>&1 & started+=($!)
await "the inference server" "$server" "$folder/server.log"
"$gateways/bin/python" -m sglang_router.launch_router --worker-urls "http://127.0.0.1:$server" --host 127.0.0.1 \
  --port "$router" --prometheus-port "$(free_port)" > "$folder/router.log" 2>&1 & started+=($!)
for model in swift paced; do
  printf -- '- model_name: %s\n  litellm_params: {model: openai/%s, api_base: "http://127.0.0.1:%s/v1", api_key: none}\n' \
    "$model" "$model" "$server"
done | sed '1i model_list:' > "$folder/litellm.yaml"
cat >> "$folder/litellm.yaml" <<'YAML'
litellm_settings: {callbacks: [], num_retries: 0, request_timeout: 30, telemetry: false, drop_params: true}
general_settings: {dangerously_permit_weak_or_unset_master_key: true}
YAML
LITELLM_LOCAL_MODEL_COST_MAP=True "$gateways/bin/litellm" --config "$folder/litellm.yaml" --host 127.0.0.1 \
  --port "$litellm" > "$folder/litellm.log" 2>&1 & started+=($!)
await sglang-router "$router" "$folder/router.log"
await LiteLLM "$litellm" "$folder/litellm.log"
sleep 2
"$docket" bench --dialect credits --rounds "${ROUNDS:-3}" --seconds "${SECONDS_EACH:-4}" --folder "$folder" \
  --upstream "127.0.0.1:$server" --beside "sglang-router=127.0.0.1:$router" --beside "LiteLLM=127.0.0.1:$litellm" \
  ${SCENE:+--scene "$SCENE"}
