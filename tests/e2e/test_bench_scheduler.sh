#!/usr/bin/env bash
# vigie bench scheduler: every picture has its one fate, the JSON and the table, what it refuses, and
# that nothing of it stays when it ends, by a signal too. No figure is judged: other tests run beside.
. "$(dirname "$0")/lib.sh"
export TMPDIR=$T
bench() { timeout 120 "$VIGIE" bench scheduler "$@"; }
nothing_left() { [ -z "$(ls -d "$T"/vigie-bench-* 2>/dev/null)" ] || fail "$1: its folder is still there"; }

expect 0 "" bench --flux 5 --rate 5 --seconds 3 --settle 1 --load 0.3 --json
python3 - "$T/stdout" <<'PY' || fail "the JSON of bench scheduler is not as expected: $(cat "$T/stdout")"
import json, sys
r = json.load(open(sys.argv[1], encoding="utf-8"))
assert r["flux"] == 5 and r["wanted_fps"] == 5 and len(r["rates"]) == 5 and r["seconds"] >= 3, r
fates = ["analysed", "rate", "newest", "corrupt", "pool", "overload", "still", "stopped", "decoder", "shutdown"]
assert list(r["fates"]) == list(r["fates_in_all"]) == fates
# conservation: what was made met one fate each
assert r["decoded_in_all"] == sum(r["fates_in_all"].values()) > 5 * 25 and r["without_fate"] == 0
assert r["fates"]["analysed"] > 0 and r["fates"]["rate"] > 0
assert 0 < r["worst_share"] <= r["mean_share"] < 2 and 0 < r["worst_minute_share"] < 2
q = r["due_latency_ms"]
assert 0 < q["p50"] <= q["p95"] <= q["p99"] <= q["max"]
d = r["device"]
# 25 pictures a second in full batches of four are 30 %: 1000 / 4 + 11750 us each
assert (d["start_us"], d["job_us"], d["batch_max"]) == (1000, 11750, 4) and 0 < d["busy"] < 1.1
assert 1 <= r["batch_size"] <= 4 and r["loop_percent_per_1000"] > 0 and r["device_percent_per_1000"] > 0
assert r["dispatch"]["count"] > 0 and r["share_out"]["count"] > 0
assert r["memory"]["own_mb"] > 5 and r["attack"] is None
m = r["by_minute"]
assert r["minutes"] == 1 == len(m["worst_share"]) == len(m["p99_ms"]) == len(m["own_mb"])
assert m["worst_share"][0] == r["worst_minute_share"] and m["p99_ms"][0] > 0 and m["own_mb"][0] > 5
assert len(m["speed_probe_ms"]) == 1 and m["speed_probe_ms"][0] > 0.01, m
PY
nothing_left "a run to its end"

# the table; one flux that costs more than its load; more than one ingest's worth of flux
expect 0 "" bench --flux 30 --seconds 2 --settle 0 --start-us 500 --job-us 2000 --batch 8 --attack 3
grep -q "^30 flux at 5.00 pictures a second" "$T/stdout" || fail "the table: $(cat "$T/stdout")"
grep -q "^attack: f0 costs 3 times as much" "$T/stdout" || fail "no attack: $(cat "$T/stdout")"
nothing_left "an attack"

# more than one device: each has its part
expect 0 "" bench --flux 6 --seconds 2 --settle 1 --load 0.3 --devices 2 --json
python3 - "$T/stdout" <<'PY' || fail "two devices: $(cat "$T/stdout")"
import json, sys
r = json.load(open(sys.argv[1], encoding="utf-8"))
assert r["device"]["count"] == 2 and len(r["device"]["jobs"]) == 2 and min(r["device"]["jobs"]) > 0, r
assert r["decoded_in_all"] == sum(r["fates_in_all"].values()) and r["without_fate"] == 0
PY

# a signal: what runs is ended, the code says so
for signal in INT TERM; do
    "$VIGIE" bench scheduler --flux 3 --seconds 600 >"$T/stdout" 2>"$T/stderr" &
    BENCH=$!
    PIDS+=("$BENCH")
    for _ in $(seq 300); do ls "$T"/vigie-bench-*/state >/dev/null 2>&1 && break; sleep 0.1; done
    ends_by "$signal" "$BENCH"
    nothing_left "SIG$signal"
done

expect 2 "wrong number of arguments" bench
expect 2 "wrong number of arguments" bench --flux 2 clip.mp4
expect 2 "flux" bench --flux 0
expect 2 "flux" bench --flux 201
expect 2 "rate" bench --flux 1 --rate 26
expect 2 "load" bench --flux 1 --load 0
expect 2 "batch" bench --flux 1 --batch 65
expect 2 "job-us" bench --flux 1 --job-us 0
expect 2 "attack" bench --flux 1 --attack 0
expect 2 "begin too slowly" bench --flux 200 --start-us 100000
expect 2 "1920x1088" bench --flux 1 --size 175x144
expect 2 "size" bench --flux 1 --size big
expect 2 "workers" bench --flux 1 --workers 17
expect 2 "devices" bench --flux 1 --devices 9
nothing_left "refusals"
finish
