#!/usr/bin/env bash
# vigie bench model --profile from outside: table, JSON by its schema, numbers that agree with each
# other, a time line as viewers want it, a picture that a browser shows as it should.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/browser.sh"
need_model
HERE=$VIGIE_SOURCE_DIR/tests/e2e
RUNS=4
bench() { "$VIGIE" bench model --model nanodet-g --profile --runs $RUNS "$@"; }

expect 0 "" bench --batch 2 --json --svg "$T/p.svg" --trace "$T/t.json"
cp "$T/stdout" "$T/p.json"
python3 "$HERE/schema_check.py" "$VIGIE_SOURCE_DIR/docs/schemas/profile.json" "$T/p.json" || fail "not of the schema"
"$VIGIE" model info nanodet-g --json >"$T/info.json" || fail "model info"

python3 - "$T" $RUNS <<'PY' || fail "the profile's numbers do not agree"
import json, sys, xml.dom.minidom
t, runs = sys.argv[1], int(sys.argv[2])
def load(name):
    with open(f"{t}/{name}", encoding="utf-8") as f:
        return json.load(f)
def near(a, b, part=1e-5):
    assert abs(a - b) <= part * max(abs(a), abs(b), 1e-9), (a, b)
p, trace, info = load("p.json"), load("t.json"), load("info.json")
steps = p["steps"]
assert p["batch"] == 2 and p["runs"] == runs and [s["step"] for s in steps] == list(range(len(steps)))
near(sum(s["us"] for s in steps), p["steps_us"])
near(sum(s["us"] / p["steps_us"] for s in steps), 1)
for s in steps:
    near(s["gflop_per_s"], 1e6 * s["gflop"] / s["us"])
    near(s["gbyte_per_s"], 1e3 * s["mbytes"] / s["us"])
    least_us = max(1e6 * s["needed_gflop"] / p["peak_gflop_per_s"], 1e3 * s["mbytes"] / p["peak_gbyte_per_s"])
    near(s["peak_frac"], least_us / s["us"])
    if "wino" in s["kernel"]: # F(4,3): 36 products in place of 144, more where a plane is no whole tiles;
        most = 0.55 if "wino2" in s["kernel"] else 0.4 # F(2,3): 16 in place of 36
        assert s["needed_gflop"] <= most * s["gflop"] or s["gflop"] == 0, s
    else:
        near(s["needed_gflop"], s["gflop"])
convolutions = sum(s["gflop"] for s in steps if s["kernel"].startswith("conv_"))
near(convolutions, 2e-9 * 2 * info["multiply_adds"])

# Trace Event Format: complete events, named tracks, in order of time on each
events = trace["traceEvents"]
names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
assert [e["args"]["name"] for e in events if e["name"] == "process_name"][0].startswith("nanodet-g 416x416 f32, ")
assert {e["ph"] for e in events} == {"M", "X"} and set(names.values()) == {"runs", "queue 0"}
spans = [e for e in events if e["ph"] == "X"]
assert len(spans) == runs * (len(steps) + 1)
end, whole = {}, {}
for e in spans:
    track = (e["pid"], e["tid"])
    assert track in names and e["ts"] >= end.get(track, 0) - 1e-6 and e["dur"] >= 0, e
    end[track] = e["ts"] + e["dur"]
    if names[track] == "runs":
        whole[e["name"]] = (e["ts"], end[track])
for e in spans:
    if "step" in e["args"]: # lies within its run, and is that step
        start, stop = whole[f'run {e["args"]["run"]}']
        assert start - 1e-3 <= e["ts"] and e["ts"] + e["dur"] <= stop + 1e-3 and e["name"] == steps[e["args"]["step"]]["name"]
for i, s in enumerate(steps): # the table's time is the median of the time line's
    us = sorted(e["dur"] for e in spans if e["args"].get("step") == i)
    near(s["us"], (us[(runs - 1) // 2] + us[runs // 2]) / 2, 1e-3)

xml.dom.minidom.parse(f"{t}/p.svg")
PY

lack=$(lacks_browser)
if [ -z "$lack" ]; then
    VIGIE_NODE=$NODE_FOLDER CHROMIUM=$CHROMIUM node "$HERE/svg_check.mjs" "$T/p.svg" "$T/p.json" || fail "the picture"
    sed 's/<rect x="360"/<rect x="500"/' "$T/p.svg" >"$T/moved.svg"
    VIGIE_NODE=$NODE_FOLDER CHROMIUM=$CHROMIUM node "$HERE/svg_check.mjs" "$T/moved.svg" "$T/p.json" >/dev/null &&
        fail "a bar that lies over the figures is not seen"
else
    echo "the picture in a browser: skipped: $lack"
fi

# the table: the same order as asked for, a last line of sums
expect 0 "" bench --sort time
python3 - "$T/stdout" <<'PY' || fail "the table is not by time"
import re, sys
with open(sys.argv[1], encoding="utf-8") as f:
    lines = f.read().splitlines()
us = [float(m.group(1)) for m in (re.match(r" *\d+  .*?  +(\d+\.\d) +\d+\.\d +", l) for l in lines[3:]) if m]
assert len(us) > 30 and us == sorted(us, reverse=True), us
assert any(re.match(r" +all steps +\d+\.\d +100\.0 ", l) for l in lines)
PY

# what cannot be written is said, with the code of the contract, and leaves nothing half-done
expect 3 "$T/none/p.svg" bench --svg "$T/none/p.svg"
expect 3 "$T/none/t.json" bench --trace "$T/none/t.json"
[ -e "$T/none" ] && fail "a folder was made"
finish
