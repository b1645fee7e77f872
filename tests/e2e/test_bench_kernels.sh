#!/usr/bin/env bash
# vigie bench kernels from outside: JSON whose numbers agree with each other, the table, the choice of
# one kernel, what it refuses. No figure is judged: other tests run beside.
. "$(dirname "$0")/lib.sh"
need_model
bench() { "$VIGIE" bench kernels --pictures 352x288 "$@"; }

expect 0 "" bench --runs 5 --seed 7 --json
python3 - "$T/stdout" <<'PY' || fail "the JSON of bench kernels is not as expected: $(cat "$T/stdout")"
import json, sys
with open(sys.argv[1], encoding="utf-8") as f:
    r = json.load(f)
def near(a, b, part=1e-4):
    assert abs(a - b) <= part * max(abs(a), abs(b), 1e-9), (a, b)
assert r["model"] == "nanodet-g" and r["size"] == "416x416" and r["batch"] == 1 and r["runs"] == 5
assert r["pictures"] == "352x288" and r["seed"] == 7 and r["peak_gflop_per_s"] > 0 and r["peak_gbyte_per_s"] > 0
kernels = r["kernels"]
names = [k["kernel"] for k in kernels]
assert len(set(names)) == len(names) and {"prepare", "nanodet_boxes"} <= set(names), names
assert {k["part"] for k in kernels} == {"prepare", "net", "boxes", "maps"}
assert {k["kernel"] for k in kernels if k["part"] == "maps"} == {"map_small", "map_ground", "map_flame", "map_flow"}
assert [k["median_us"] for k in kernels] == sorted((k["median_us"] for k in kernels), reverse=True)
near(sum(k["median_us"] for k in kernels), r["kernels_us"])
near(sum(k["picture_share"] for k in kernels), 1)
for k in kernels:
    assert k["steps"] == len(k["shapes"]) and 0 < k["least_us"] <= k["median_us"] and k["peak_frac"] > 0, k
    near(sum(s["median_us"] for s in k["shapes"]), k["median_us"])
    near(sum(s["least_us"] for s in k["shapes"]), k["least_us"])
    near(k["gbyte_per_s"], 1e3 * k["mbytes"] / k["median_us"])
    if k["gflop"]:
        near(k["gflop_per_s"], 1e6 * k["gflop"] / k["median_us"])
    else:
        assert k["gflop_per_s"] is None, k
    near(k["picture_share"], k["median_us"] / r["kernels_us"])
    assert all(0 < s["least_us"] <= s["median_us"] for s in k["shapes"]), k
PY

# the operations are the model's, whatever the kernels do with them
python3 - "$T/stdout" <<PY || fail "the operations are not the model's"
import json, subprocess, sys
with open(sys.argv[1], encoding="utf-8") as f:
    kernels = json.load(f)["kernels"]
info = json.loads(subprocess.check_output(["$VIGIE", "model", "info", "nanodet-g", "--json"]))
gflop = sum(k["gflop"] for k in kernels if k["kernel"].startswith("conv_"))
assert 0.5 * 2e-9 * info["multiply_adds"] < gflop <= 1.001 * 2e-9 * info["multiply_adds"], gflop
PY

# one kernel: its line and its shapes, its share still that of the whole picture
expect 0 "" bench --runs 3 --kernel prepare
[ "$(grep -c '^prepare' "$T/stdout")" -eq 2 ] || fail "one kernel: $(cat "$T/stdout")"
grep -q '^all kernels of a picture: ' "$T/stdout" || fail "no sum: $(cat "$T/stdout")"
expect 0 "" bench --runs 1 --batch 3 --kernel prepare --json
[ "$(python3 -c 'import json,sys; r=json.load(sys.stdin); print(r["batch"], len(r["kernels"]), r["kernels"][0]["picture_share"] < 1)' <"$T/stdout")" = "3 1 True" ] ||
    fail "a batch of one kernel: $(cat "$T/stdout")"

expect 2 "no-such" bench --runs 1 --kernel no-such
expect 2 "runs" bench --runs 0
expect 2 "batch" bench --batch 65
expect 2 "even" bench --pictures 351x288
expect 2 "precision" bench --precision f8
expect 2 "wrong number of arguments" bench x
expect 3 "no-such-model" bench --model no-such-model
expect 4 "no-such-device" bench --device no-such-device
finish
