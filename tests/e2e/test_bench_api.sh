#!/usr/bin/env bash
# vigie bench api: its JSON, whose numbers agree with each other, the table, what it refuses, and that
# nothing of it stays when it ends, by a signal too. No figure is judged: other tests run beside.
. "$(dirname "$0")/lib.sh"
need_model
export TMPDIR=$T

nothing_left() {
    [ -z "$(ls -d "$T"/vigie-bench-* 2>/dev/null)" ] || fail "$1: its folder is still there"
    ! pgrep -f -- "$T/vigie-bench-" >/dev/null || fail "$1: processes of it still run"
}

expect 0 "" "$VIGIE" bench api --clients 3 --seconds 1.5 --alerts 130 --flux 4 --json
python3 - "$T/stdout" <<'PY' || fail "the JSON of bench api is not as expected: $(cat "$T/stdout")"
import json, sys
with open(sys.argv[1], encoding="utf-8") as f:
    r = json.load(f)
assert (r["clients"], r["alerts"], r["flux"], r["seconds"]) == (3, 130, 4, 1.5) and r["tls"].startswith("TLSv1."), r
assert [x["route"] for x in r["routes"]] == ["GET /api/v1/alerts", "GET /api/v1/alerts/{id}", "GET /api/v1/flux", "GET /metrics"]
def ordered(q):
    assert 0 < q["p50"] <= q["p95"] <= q["p99"] < 60000, q
for x in r["routes"]:
    assert x["requests"] > 0 and x["refused"] == 0 and x["failed"] == 0, x
    assert 1.5 <= x["seconds"] < 30 and abs(x["requests_per_s"] * x["seconds"] - x["requests"]) < 1e-3 * x["requests"], x
    # three askers, each of whom waits for its answer before it asks again
    assert x["requests_per_s"] * x["latency_ms"]["p50"] / 1000 < 2 * 3, x
    assert 0 <= x["api_cpu_cores"] < 64
    ordered(x["latency_ms"])
size = {x["route"]: x["bytes_per_answer"] for x in r["routes"]}
assert size["GET /api/v1/alerts"] > 10 * size["GET /api/v1/alerts/{id}"] > 2000, size # a page has 50
assert size["GET /metrics"] > 1000, size
s = r["stream"]
assert s["listeners"] == 3 and s["raised"] == 15 and s["raised_per_s"] == 10, s
assert s["received"] == 3 * 15 and s["missed"] == 0, s # nothing twice, nothing left out
ordered(s["latency_ms"])
assert 5 < r["api"]["rss_mb"] < 2000 and r["api"]["cpu_s"] > 0 and 0 < r["archive_s"] < 300, r
PY
nothing_left "a run to its end"

expect 0 "" "$VIGIE" bench api --clients 1 --seconds 1 --alerts 1 --flux 1
grep -q "^1 clients on this machine, TLSv1" "$T/stdout" || fail "the table: $(cat "$T/stdout")"
grep -q "^GET /api/v1/alerts/{id} " "$T/stdout" || fail "the table: $(cat "$T/stdout")"
grep -q "^10 alerts raised, 10 a second, for 1 listeners" "$T/stdout" || fail "the table: $(cat "$T/stdout")"
nothing_left "the least of all"

# a signal while it starts, and one while clients ask: what runs is ended, the code says so
for signal in INT TERM; do
    "$VIGIE" bench api --clients 2 --seconds 4 --alerts 20 >"$T/stdout" 2>"$T/stderr" &
    BENCH=$!
    PIDS+=("$BENCH")
    for _ in $(seq 600); do
        [ $signal = INT ] && ls "$T"/vigie-bench-*/tls/cert.pem >/dev/null 2>&1 && break
        grep -qs "measuring" "$T/stderr" && break
        sleep 0.1
    done
    ends_by "$signal" "$BENCH"
    nothing_left "SIG$signal"
done

expect 2 "clients" "$VIGIE" bench api --clients 0
expect 2 "clients" "$VIGIE" bench api --clients 65
expect 2 "seconds" "$VIGIE" bench api --seconds 0
expect 2 "seconds" "$VIGIE" bench api --seconds nan
expect 2 "alerts" "$VIGIE" bench api --alerts 200001
expect 2 "flux" "$VIGIE" bench api --flux 10000
expect 2 "wrong number of arguments" "$VIGIE" bench api x
nothing_left "refusals"
finish
