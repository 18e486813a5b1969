#!/bin/bash
# A real Prometheus scrapes what `myrt metrics` says, through node_exporter's textfile collector.
#   RUNTIME   default: $BUILD/myrt
set -euo pipefail
cd "$(dirname "$0")/../.."
RUNTIME=$(realpath "${RUNTIME:-${BUILD:-build}/myrt}")
export RUNTIME
if [ -z "${MYRT_PRIVATE_VIEW:-}" ]; then exec tests/integration/in-private auto bash "$0"; fi
ip link set lo up 2>/dev/null || :
work=$MYRT_PRIVATE_DIR
mkdir -p "$work/text" "$work/data" "$work/bundle/rootfs/bin"
cp "$(type -P busybox)" "$work/bundle/rootfs/bin/"
"$work/bundle/rootfs/bin/busybox" --install "$work/bundle/rootfs/bin"
jq '.process.args = ["sleep", "1000"] | .linux.cgroupsPath = "/scraped"' tests/integration/config.json >"$work/bundle/config.json"
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || :; done
  "$RUNTIME" --root "$work/state" delete --force scraped 2>/dev/null || :
}
trap cleanup EXIT
"$RUNTIME" --root "$work/state" run --detach --bundle "$work/bundle" scraped </dev/null >/dev/null 2>&1
"$RUNTIME" --root "$work/state" metrics >"$work/text/myrt.prom"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
exporter=$(free_port) prometheus=$(free_port)
prometheus-node-exporter --collector.disable-defaults --collector.textfile \
  --collector.textfile.directory="$work/text" --web.listen-address="127.0.0.1:$exporter" >"$work/exporter.log" 2>&1 &
pids+=($!)
cat >"$work/prometheus.yml" <<Y
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: node
    static_configs: [{ targets: ["127.0.0.1:$exporter"] }]
Y
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
  --web.listen-address="127.0.0.1:$prometheus" >"$work/prometheus.log" 2>&1 &
pids+=($!)

# ask QUERY: the value of its one result, or nothing.
ask() {
  python3 - "$prometheus" "$1" <<'P'
import json, sys, urllib.parse, urllib.request
url = f"http://127.0.0.1:{sys.argv[1]}/api/v1/query?query={urllib.parse.quote(sys.argv[2])}"
try:
    result = json.load(urllib.request.urlopen(url, timeout=5))["data"]["result"]
except OSError:
    result = []
print(result[0]["value"][1] if result else "")
P
}
deadline=$((SECONDS + 120))
until [ "$(ask 'myrt_container_status{id="scraped",status="running"}')" = 1 ]; do
  [ $SECONDS -lt $deadline ] || { tail "$work"/*.log && exit 1; }
  sleep 0.5
done
[ "$(ask 'node_textfile_scrape_error')" = 0 ]
value=$(ask 'myrt_container_cpu_usage_seconds_total{id="scraped"}')
python3 -c "assert float('$value') >= 0"
echo "ok prometheus has myrt_container_cpu_usage_seconds_total{id=\"scraped\"} = $value"
