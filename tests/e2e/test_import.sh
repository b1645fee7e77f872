#!/usr/bin/env bash
# A new user's way with a detector of one's own: one command imports the ONNX file, the next runs it on
# a clip. Small nets of each head first, which find nothing worth the name; then the real one, where
# its file is at hand.
. "$(dirname "$0")/lib.sh"
SEEDS=$VIGIE_SOURCE_DIR/tests/fuzz/seeds/onnx
export VIGIE_MODELS=$T/models
said() { grep -qF -- "$1" "$T/stdout" || fail "no \"$1\" on stdout: $(cat "$T/stdout")"; }

ffmpeg -v error -f lavfi -i testsrc=s=320x240:r=10:d=1 -pix_fmt yuv420p -c:v mpeg4 "$T/test.avi" || fail "ffmpeg"
for net in yolox nanodet fastestdet shuffle; do
    expect 0 "" "$VIGIE" model import "$SEEDS/$net.onnx" --name "$net" && said "$net imported: $VIGIE_MODELS/$net.vgm"
    expect 0 "" "$VIGIE" batch "$T/test.avi" --model "$net" --rate 0 --detections --out "$T/$net" && said "10 analysed"
    [ -e "$T/$net/test/detections.csv" ] || fail "$net: no detections.csv"
done
expect 0 "" "$VIGIE" batch "$T/test.avi" --model yolox --size auto --tiles 2x2 --rate 5 --out "$T/tiled"
expect 0 "" "$VIGIE" model list && said "shuffle"

ONNX=$(shared models/yolox_nano_416.onnx) || { echo "no real net at hand: the small ones alone"; finish; }
expect 0 "" "$VIGIE" model import "$ONNX" && said "yolox-nano imported: $VIGIE_MODELS/yolox-nano.vgm (28 of 80 classes kept, licence Apache-2.0)"
expect 0 "" "$VIGIE" model verify yolox-nano && said "yolox-nano is whole"
[ -e "$CLIP" ] || { echo "no demo clip: run ./dev clip"; finish; }
TRUTH=$(shared data/pets2009/gt.txt) || { echo "no truth of the clip"; finish; }
ffmpeg -v error -t 8 -i "$CLIP" -c copy "$T/clip.avi" || fail "ffmpeg"
expect 0 "" "$VIGIE" batch "$T/clip.avi" --model yolox-nano --rate 0 --detections --tracks --out "$T/out"
said "80 pictures, 80 analysed"
awk -F, '$1 <= 80' "$TRUTH" >"$T/truth.txt"
expect 0 "" "$VIGIE" score --truth "$T/truth.txt" --detections "$T/out/clip/detections.csv" --json
python3 - "$T/stdout" <<'P' || fail "persons of the first 80 pictures"
import json, re, sys
text = open(sys.argv[1], encoding="utf-8").read()
json.loads(text)
ap50 = float(re.search(r'"ap50": ?([0-9.]+)', text).group(1))
print("YOLOX-nano, first 80 pictures: AP50", ap50)
sys.exit(ap50 < 0.85)  # 0.902 over the whole clip
P
finish
