#!/usr/bin/env bash
# The events on what of the clips with truth can be read in a minute: nothing falls below what was reached
# before (events_floor.json), and a floor that is too high is noticed.
. "$(dirname "$0")/lib.sh"
need_model
need_shared data/gmdcsa24/truth.csv
need_shared data/traffic/truth.csv
DATA=$(shared data)
cd "$VIGIE_SOURCE_DIR" || exit 1
FLOOR=tests/e2e/events_floor.json
SETS=gmdcsa24,aboda,fire_clips,car-detection

ln -s "$VIGIE" "$T/vigie"
python3 bench/events.py --build "$T" --data "$DATA" --sets "$SETS" --floor "$FLOOR" --keep "$T/keep" >"$T/out" 2>"$T/err" ||
    fail "$(grep 'below the floor' "$T/out"; tail -n 2 "$T/err")"
grep -E '^\| (what|person_down|wrong_way|abandoned_object|fire) ' "$T/out"

python3 - <<'P' || fail "bench/events.py or bench/degrade.py"
import json, os, sys, tempfile
sys.path.insert(0, "bench")
import degrade, events
low, high = events.garwood(0)
assert low == 0 and abs(high - 3.6889) < 1e-9
assert abs(events.rates_of(0, 3600)["per_camera_day_interval"][1] - 88.5) < 0.1  # docs: one hour shows this much
low, high = events.garwood(20)
assert abs(low - 12.217) < 0.2 and abs(high - 30.889) < 0.3, (low, high)
result = {"rate": 5, "asked": {"fire": {"sets": {"a": {"found": 1, "false": 0}, "b": {"found": 0, "false": 2}}}}}
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "floor.json")
    for floor, faults in (({"fire": {"found": 1, "false": 2}}, 0), ({"fire": {"found": 2, "false": 2}}, 1),
                          ({"fire": {"found": 1, "false": 1}}, 1), ({"fire": {"found": 1, "false": 0, "sets": ["a"]}}, 0),
                          ({"weapon": {"found": 0, "false": 0}}, 1)):
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"5": floor}, f)
        assert len(events.floor_faults(path, [result])) == faults, floor
plans = [degrade.copy_of(i, 7, f"x/{i % 5}.mp4", None) for i in range(90)]
assert plans == [degrade.copy_of(i, 7, f"x/{i % 5}.mp4", None) for i in range(90)]
assert all(sum(p["kind"] == k for p in plans) == 10 for k in degrade.KINDS)
assert len({p["name"] for p in plans}) == 90
P

# a spoilt copy of each kind can be made, twice the same, and is what it is said to be
python3 - "$DATA/aboda/video4.mp4" "$T" <<'P' || fail "degraded copies"
import os, sys
sys.path.insert(0, "bench")
import degrade
clip, folder = sys.argv[1:]
for kind in degrade.KINDS:
    plan = {"name": f"{kind}.mp4", "kind": kind, "clip": clip, "cut": 4, "seed": "1/1"}
    first = open(degrade.make(plan, folder), "rb").read()
    assert open(degrade.make(plan, folder), "rb").read() == first, kind
    assert 1 < degrade.seconds_of(os.path.join(folder, plan["name"])) < 5, kind
P
finish
