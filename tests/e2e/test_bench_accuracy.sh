#!/usr/bin/env bash
# bench/accuracy.py: is its average precision that of the worked example and of the definition where
# crowds are, do its decoders say what the engine says, and does it run with programs that only pretend?
. "$(dirname "$0")/lib.sh"
cd "$VIGIE_SOURCE_DIR/bench" || exit 1

python3 - <<'P' || fail "ap50.py or heads.py"
from ap50 import ap50, matched
from heads import decode, suppressed, to_picture, yolox_box
def at(x, y, score): return (x, y, x + 20, y + 40, score)
truth = {1: [at(10, 10, 0), at(50, 10, 0)], 2: [at(10, 10, 0)], 3: [at(10, 10, 0), at(60, 10, 0)]}
found = {1: [at(10, 10, .95), at(12, 14, .9), at(52, 12, .7)], 2: [at(13, 10, .8)],
         3: [at(100, 10, .6), at(10, 20, .5), at(66, 10, .4)]}
got = ap50(truth, found)
assert abs(got["at_101"] - 0.787836) < 1e-6 and abs(got["area"] - 0.785714) < 1e-6, got  # as tests/unit/test_score_boxes.c
# a crowd takes what no true one takes, as often as it must, and by its share of the box; it is not wanted
crowd = (0, 0, 200, 200, True)
assert matched([crowd, at(10, 10, False)], [at(10, 10, .9), at(11, 10, .8), at(300, 10, .7)]) == [(.9, True), (.7, False)]
assert ap50({1: [crowd, at(10, 10, False)]}, {1: [at(10, 10, .9)]})["truths"] == 1
# 4:3 in a square, in its middle and in its corner
assert to_picture((0, 52, 416, 364, 1), (768, 576), (416, 416), "centre") == (0, 0, 768, 576, 1)
assert to_picture((0, 0, 416, 312, 1), (768, 576), (416, 416), "corner") == (0, 0, 768, 576, 1)
assert suppressed([(0, 0, 10, 10, .5), (0, 0, 10, 9, .6), (0, 0, 10, 4, .4)], 0.5) == [(0, 0, 10, 9, .6), (0, 0, 10, 4, .4)]
values = {0: 0.5, 1: 0.5, 2: 0.0, 3: 0.0}
assert yolox_box(lambda cell, c: values[c], 0, 3, 2, 8, None, None) == (24, 16, 32, 24)


class One:  # an output of one cell of stride 32, at 64x32: sides of 1, 1, 2, 2 cells by sharp bins
    size = (64, 32)
    info = {"head": "nanodet", "bins": 3, "classes": [{}, {}], "input": {"anchor": "centre"}}

    def levels(self):
        bins = [0, 90, 0] * 2 + [0, 0, 90] * 2
        yield 32, 2, 1, lambda cell, c: ([.1, .7] if cell else [.9, .2])[c] if c < 2 else bins[c - 2]


boxes = decode(One(), 0, (64, 32), 0.5, 0.6)
assert [tuple(round(v, 3) for v in b) for b in boxes] == [(0, 0, 64, 32, .9)], boxes
P

python3 - <<'P' || fail "tiles.py"
from tiles import CANVAS, MOSAICS, STEP, mosaic_truth, places
for m in MOSAICS:
    spots = places(m)
    assert len(set(spots)) == m["across"] * m["down"] and all(v % 2 == 0 for spot in spots for v in spot)
    assert all(0 <= x <= CANVAS[0] - m["size"][0] and 0 <= y <= CANVAS[1] - m["size"][1] for x, y in spots)
m = {"size": (384, 288), "across": 2, "down": 1, "shift": 3}
(x, y), (x2, _) = places(m)
# the second canvas: picture 11 on the left; on the right the one 3 steps later
truth = {STEP + 1: [(10, 20, 30, 40)], 4 * STEP + 1: [(0, 0, 768, 576)], 5: [(1, 1, 1, 1)]}
got = mosaic_truth(truth, m, (768, 576), 2)
assert got == {1: [], 2: [(x + 5, y + 10, x + 20, y + 30, False), (x2, y, x2 + 384, y + 288, False)]}, got
P

# the engine and the decoder on one picture, without ONNX Runtime: it is pretended by the engine's outputs
need_model
need_clip
mkdir -p "$T/build" "$T/onnx" "$T/stills/images" "$T/results"
ffmpeg -v error -ss 10 -i "$CLIP" -frames:v 1 "$T/stills/images/a.png" || fail "ffmpeg"
printf 'file,width,height\na.png,768,576\n' >"$T/stills/pictures.csv"
printf 'file,class,left,top,width,height,iscrowd\na.png,car,0,0,9,9,0\na.png,person,1,1,20,40,1\n' >"$T/stills/labels.csv"
"$VIGIE" model run --model nanodet-g --threshold 0.5 --json "$T/stills/images/a.png" 2>/dev/null |
    python3 -c 'import json, sys
for b in json.load(sys.stdin)["pictures"][0]["boxes"]:
    if b["class"] == "person": print("a.png,person," + ",".join(str(v) for v in b["box"]) + ",0")' >>"$T/stills/labels.csv"
[ "$(wc -l <"$T/stills/labels.csv")" -gt 4 ] || fail "no persons on the still"
touch "$T/onnx/nanodet_g_416.onnx"
ln -s "$VIGIE" "$T/build/vigie"
cat >"$T/node" <<'F'
#!/usr/bin/env bash
[ "$1" = --version ] && { echo v0; exit; }
for folder; do
    [ -d "$folder" ] || continue
    for f in "$folder"/*.f32; do [ "${f##*/}" = prepared.f32 ] || cp "$f" "${f%.f32}.ort.f32"; done
done
echo '{"runtime": "pretended"}'
F
chmod +x "$T/node"
bench() { python3 accuracy.py --build "$T/build" --onnx "$T/onnx" --node "$T/node" --results "$T/results" --name r --only nanodet-g "$@"; }
expect 2 "--clip FILE with --truth FILE" bench --clip x
expect 0 "" bench --stills "$T/stills"
grep -qE '^\| NanoDet-g 416x416 \| 1.0000 \(1.0000\) \| 1.0000 \(1.0000\) \| 1.0000 \(1.0000\) \| 0.00000 \| 0.0e\+00 \| yes \|$' "$T/stdout" ||
    fail "not the table that was expected: $(cat "$T/stdout")"
# in 8 bits against floats: the model has no such form, then one is made of eight pictures
expect 1 "" bench --precision int8 --stills "$T/stills"
grep -qF 'nanodet-g has no 8-bit form: give --calibration' "$T/stdout" || fail "what is missing is not said"
expect 2 "--calibration is of --precision int8" bench --stills "$T/stills" --calibration "$CLIP"
mkdir "$T/calibration"
ffmpeg -v error -i "$CLIP" -vf fps=1 -frames:v 8 "$T/calibration/%d.png" || fail "ffmpeg"
expect 0 "nanodet-g-int8 written" bench --precision int8 --stills "$T/stills" --calibration "$T/calibration"
grep -qE '^\| NanoDet-g 416x416 \| 34 of 34 \| 100.0% \| 1.0000 \| 1.0000 \| 0.0000 \|  \|  \|  \| yes \|$' "$T/stdout" ||
    fail "not the table that was expected: $(cat "$T/stdout")"
[ -e "$VIGIE_MODELS/nanodet-g-int8.vgm" ] && fail "the bench left a model"
rm "$T/onnx/nanodet_g_416.onnx"
expect 1 "" bench --stills "$T/stills"
grep -qF 'not measured: no nanodet_g_416.onnx in' "$T/stdout" || fail "what is missing is not said"
finish
