#!/usr/bin/env bash
# bench/engine.py against programs that only pretend: are the ratios right, is what is missing said,
# and is nothing claimed of a busy machine or of too few runs?
. "$(dirname "$0")/lib.sh"
mkdir "$T/build" "$T/onnx" "$T/clip"
touch "$T/onnx/nanodet_g_416.onnx" "$T/clip/c.avi"
cat >"$T/build/vigie" <<'F'
#!/usr/bin/env bash
case "$*" in
--version) echo "vigie 9.9.9" ;;
"device list --json") echo '{"devices": [{"name": "pretended", "driver": "none"}]}' ;;
"model info nanodet-g") echo ok ;;
"model info "*) echo "vigie: there is no such model: x" >&2; exit 3 ;;
"model import "*) echo "vigie: this net is refused: node Conv_7" >&2; exit 3 ;;
"bench model "*) echo '{"median_ms": 10.0, "least_ms": 9.5, "p99_ms": 12.0, "device": "pretended"}' ;;
"batch --help") printf '  --size WxH  of the net\n  --precision P\n' ;;
"batch "*"--rate 0 "*) echo '{"analysed": 801, "elapsed_s": 9.0}' ;;
"batch "*) echo '{"analysed": 1, "elapsed_s": 1.0}' ;;
*) exit 2 ;;
esac
F
printf '#!/usr/bin/env bash\n[ "$1" = --version ] && { echo v0; exit; }\necho '"'"'{"median_ms": 17.0, "least_ms": 16.0, "p99_ms": 20.0, "runtime": "pretended"}'"'"'\n' >"$T/node"
chmod +x "$T/build/vigie" "$T/node"
bench() { python3 "$VIGIE_SOURCE_DIR/bench/engine.py" --build "$T/build" --onnx "$T/onnx" --node "$T/node" --clip "$T/clip/c.avi" \
    --scene "" --results "$T/results" --name r --rounds 2 "$@"; }

expect 2 "gives no figure" bench --runs 5
expect 0 "" bench --runs 30 --anyway
said() { grep -qF -- "$1" "$T/stdout" || fail "no \"$1\" in: $(cat "$T/stdout")"; }
said '| NanoDet-g 416x416 f32 | 10.00 | 17.00 | 1.70 (1.70 to 1.70) | 1.6 / 2.0 |'
said '| NanoDet-g 416x320 f32, whole product | 100 pictures/s | - | - | 90 / 120 |'
said 'Not measured: YOLOX-nano 416x416 f32, ONNX Runtime: no yolox_nano_416.onnx in'
said 'Not measured: YOLOX-tiny shape 416x416 f32, Vigie: vigie: this net is refused: node Conv_7'
said 'Not measured: NanoDet-g 416x416 int8, Vigie: no model nanodet-g-int8: install one, or give --calibration'
expect 0 "" bench --runs 5 --anyway --only nanodet-g
grep -E '^\| NanoDet-g 416x416 f32 .* \| (too few runs|machine busy) \|$' "$T/stdout" >/dev/null || fail "a figure of 5 runs is claimed"

python3 - "$T/results/r.json" <<'PY' || fail "the JSON of bench/engine.py is not as expected"
import json, sys
with open(sys.argv[1], encoding="utf-8") as f:
    r = json.load(f)
assert [n["id"] for n in r["nets"]] == ["nanodet-g", "nanodet-g-int8"] and not r["product"]
assert abs(r["nets"][0]["ratio"] - 1.7) < 1e-9 and "ratio" not in r["nets"][1]
assert r["machine"]["cores"] >= 1 and r["versions"]["vigie"] == "vigie 9.9.9" and r["runs"] == 5
PY
finish
