#!/usr/bin/env bash
# vigie bench ingest: what it reports, what it says while it runs, what it refuses; and bench/ingest.py,
# so that a harness that is seldom run does not rot. No figure is judged: other tests run beside.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/camera_lib.sh"
FILE=$(clip h264) || { fail "no clip"; finish; }
camera_start "$FILE" || finish
URL=rtsp://127.0.0.1:$CAMERA_PORT

# said EXPRESSION: true of what stands in $T/stdout: `lines`, each a JSON object, the report `r` the last
said() {
    python3 - "$1" "$T/stdout" <<'P' || fail "not so: $1: $(tail -c 800 "$T/stdout")"
import json, sys
with open(sys.argv[2], encoding="utf-8") as f:
    lines = [json.loads(line) for line in f]
r = lines[-1]
changes, seconds = [x for x in lines if "connection" in x], [x for x in lines if "live" in x]
sys.exit(not eval(sys.argv[1]))
P
}

expect 0 "" "$VIGIE" bench ingest --flux 2 --seconds 1 --warm 0.5 --want 5 --transport tcp --json "$URL/{}"
said 'len(lines) == 1 and r["flux"] == r["open"] == 2 and r["lost"] == 0 and r["reconnects"] == 0'
said 'r["decoded_in_all"] >= r["decoded"] > 10 and r["packets"] > r["decoded"] and r["cpu_s"] > 0'
said '0 < r["open_ms"] <= r["open_last_ms"] < 10000 and 0 < r["mb_per_flux"] < r["rss_mb"] < 4000'
said 'r["fates"]["analysed"] > 2 and r["fates"]["rate"] > 10 and sum(r["fates"].values()) <= r["decoded_in_all"]'
said 'r["threads"] == 3 and r["descriptors"] > 4 and abs(r["seconds"] - 1) < 5'

expect 0 "" "$VIGIE" bench ingest --seconds 1 --warm 0 --decode none --keep --json "$URL/a"
said 'r["flux"] == r["open"] == 1 and r["decoded"] == 0 and r["packets"] > 0'
expect 0 "" "$VIGIE" bench ingest --seconds 0.5 --decode keys --transport udp "$URL/a"
grep -q "1 flux, 1 open" "$T/stdout" || fail "the report in words: $(cat "$T/stdout")"

# several addresses: each flux takes one; a source that is not there is said, and harms no other
expect 0 "" "$VIGIE" bench ingest --samples --open 1 --seconds 1.5 --warm 0 --json "$URL/a" rtsp://127.0.0.1:1/x "$URL/b"
said 'r["flux"] == 3 and r["open"] == 2 and {x["flux"] for x in changes} == {0, 1, 2}'
said 'sorted(x["flux"] for x in changes if x["picture"]) == [0, 2]'
said 'all(x["connection"] != "live" for x in changes if x["flux"] == 1)'
said 'len(seconds) >= 2 and seconds[-1]["live"] == seconds[-1]["open"] == 2 and seconds[-1]["hung"] == 0'
said 'all(x["threads"] > 0 and x["descriptors"] > 0 and x["rss_mb"] > 1 for x in seconds)'
said 'all(a["t_us"] <= b["t_us"] and abs(a["time_us"] / 1e6 - __import__("time").time()) < 600 for a, b in zip(lines, lines[1:-1]))'

expect 2 "wrong number of arguments" "$VIGIE" bench ingest
expect 2 "flux" "$VIGIE" bench ingest --flux 201 "$URL/a"
expect 2 "seconds" "$VIGIE" bench ingest --seconds 0 "$URL/a"
expect 2 "does not take this value" "$VIGIE" bench ingest --decode some "$URL/a"
expect 2 "does not take this value" "$VIGIE" bench ingest --transport pigeon "$URL/a"
expect 2 "more addresses" "$VIGIE" bench ingest $(seq -f "$URL/%g" 201)
expect 2 "too long" "$VIGIE" bench ingest "rtsp://127.0.0.1/$(printf 'x%.0s' {1..5000})"
camera_stop

# bench/ingest.py
harness() { python3 "$VIGIE_SOURCE_DIR/bench/ingest.py" --build "$VIGIE_BUILD_DIR" --quick "$@"; }
expect 2 "no row is called" harness --rows nonsense
expect 3 "" harness --rows killed --clip "$T/none"
grep -q "killed: not measured: no clip" "$T/stdout" || fail "what is missing is not said: $(cat "$T/stdout")"
expect 0 "" harness --rows open,idle --out "$T/r.json"
grep -q "^open: must .*; reached .*; quick, no figure" "$T/stdout" || fail "no line of open: $(cat "$T/stdout")"
python3 - "$T/r.json" <<'P' || fail "the JSON of bench/ingest.py: $(head -c 800 "$T/r.json")"
import json, sys
with open(sys.argv[1], encoding="utf-8") as f:
    r = json.load(f)
opened, idle = r["rows"]
assert [opened["row"], idle["row"]] == ["open", "idle"] and r["quick"] and r["machine"]["cores"] >= 1
assert r["versions"]["vigie"].startswith("vigie ") and "--rows open,idle" in r["command"] and r["date"]
assert len(opened["rounds"]) == 3 and 0 < opened["median_ms"] <= opened["max_ms"] < 10000
assert 0 < idle["percent"] < 100 and len(idle["rounds"]) == 1 and isinstance(idle["pass"], bool)
P

# how it judges
cd "$VIGIE_SOURCE_DIR/bench" && python3 - <<'P' || fail "slopes or judgements"
from cameras import grows, slope
import ingest
import ingest_faults as faults
flat = [(x, 50 + (x * 7) % 3) for x in range(100)]
steep = [(x, 50 + x + (x * 7) % 3) for x in range(100)]
assert not grows(slope([flat], 10)) and grows(slope([steep], 10)) and grows(slope([flat[:3]], 10)) is None
assert abs(slope([steep], 10)["slope"] - 1) < 0.01
# two runs at different levels are no slope; each grows within itself
assert not grows(slope([flat, [(x, 500 + y - 50) for x, y in flat]], 10))
assert abs(slope([steep, [(x, 500 + y) for x, y in steep]], 10)["slope"] - 1) < 0.01
# a falling line is no leak
assert not grows(slope([[(x, 50 - x) for x in range(100)]], 10))
good = {"open": 16, "lost": 0, "reconnects": 0, "decoded": 24000, "seconds": 60.0, "worst_flux_fps": 25.0,
        "fates": {"rate": 19200, "analysed": 4800, "pool": 0}}
assert ingest.judge_sixteen(good, 60) == []
for bad in ({"open": 15}, {"lost": 1}, {"reconnects": 1}, {"decoded": 23900}, {"worst_flux_fps": 24.9},
            {"fates": {"pool": 1}}, {"seconds": 30.0, "decoded": 12000}):
    assert len(ingest.judge_sixteen({**good, **bad}, 60)) == 1, bad
same = {"reconnects": 0, "decoder": "vaapi", "decoder_falls": 0}
row = {"struck": True, "alert_after_s": 1.0, "other": [same, same], "other_fps": [10.0, 9.8], "other_gap_s": 1.7,
       "other_gap_before_s": 1.6}
assert faults.judge([row])
for bad in ({"struck": False}, {"alert_after_s": None}, {"alert_after_s": 3.1}, {"other": [same, {**same, "reconnects": 1}]},
            {"other_fps": [10.0, 5.0]}, {"other_gap_s": 4.0}):
    assert not faults.judge([{**row, **bad}]), bad
assert faults.longest_gap([(2, 0), (3, 0), (9, 0)], 1, 6) == 3
P
finish
