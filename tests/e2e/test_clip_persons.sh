#!/usr/bin/env bash
# What is learnt of the persons in a clip: a calibration for its scene, and where they were.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
said() { grep -qF -- "$1" "$T/stdout" || fail "no \"$1\" on stdout"; }
warned() { grep -qF -- "$1" "$T/stderr" || fail "no \"$1\" on stderr"; }

# calibrate: wrong calls, and clips that cannot serve
for call in "" "--clip $CLIP x.csv" "--clip $CLIP --on $CLIP" "--clip $CLIP --scene x.json" "x.csv" \
    "x.csv --on $CLIP --out y.json"; do
    # shellcheck disable=SC2086
    expect 2 "" "$VIGIE" scene calibrate $call
done
expect 2 "out of range: --rate 999" "$VIGIE" scene calibrate --clip "$CLIP" --rate 999
expect 3 "$T/none.mp4" "$VIGIE" scene calibrate --clip "$T/none.mp4"
echo "no clip" >"$T/text.mp4"
expect 3 "$T/text.mp4" "$VIGIE" scene calibrate --clip "$T/text.mp4"
expect 3 "nosuch" "$VIGIE" scene calibrate --clip "$CLIP" --model nosuch
cp "$VIGIE_SOURCE_DIR/tests/scenes/bad/polygon_bow_tie.json" "$T/bad.json"
expect 3 "bad.json:" "$VIGIE" scene calibrate --clip "$CLIP" --scene "$T/bad.json" --out "$T/s.json"
expect 3 "too few standing persons were seen to propose a calibration: $CLIP" \
    "$VIGIE" scene calibrate --clip "$CLIP" --rate 0.1 --out "$T/s.json"
[ -e "$T/s.json" ] && fail "a refused call wrote a scene"

# into a scene: what was there stays, and far zones are warned of
cat >"$T/scene.json" <<'EOF'
{ "version": 1, "name": "Passage", "zones": [
  { "id": "far", "polygon": [[0.3,0.1],[0.7,0.1],[0.7,0.2],[0.3,0.2]] },
  { "id": "near", "polygon": [[0.1,0.6],[0.9,0.6],[0.9,0.95],[0.1,0.95]] } ],
  "rules": [ { "id": "r", "event": "density", "at": "near", "over": 3, "severity": "low" } ] }
EOF
export TMPDIR=$T
expect 0 "" "$VIGIE" scene calibrate --clip "$CLIP" --rate 1 --scene "$T/scene.json" --out "$T/s.json"
said "The calibration is written in $T/s.json."
warned "zone far"
warned "px of the net's input"
grep -qF "zone near" "$T/stderr" && fail "the near zone is warned of"
ls -d "$T"/vigie-calibrate-* 2>/dev/null && fail "a folder is left"
expect 0 "" "$VIGIE" scene check "$T/s.json" --model nanodet-g --on "$CLIP"
python3 - "$T" <<'EOF' || fail "not the scene with persons: $(cat "$T/s.json")"
import json, sys
before, after = (json.load(open(f"{sys.argv[1]}/{n}.json")) for n in ("scene", "s"))
persons = after.pop("calibration")["persons"]
assert after == before
for foot, least, most in ((0.3, 0.08, 0.12), (0.9, 0.22, 0.28)):  # annotated: 0.098, 0.247
    a, b = persons
    slope = (b["height"] - a["height"]) / (b["at"][1] - a["at"][1])
    assert least < a["height"] + slope * (foot - a["at"][1]) < most, foot
EOF

# where they were: the cells add up to what was seen
expect 0 "" "$VIGIE" batch "$CLIP" --rate 1 --heat --out "$T/out"
python3 - "$T/out/vtest" <<'EOF' || fail "heat: $(head -c 300 "$T/out/vtest/heat.json")"
import json, struct, sys
heat = json.load(open(sys.argv[1] + "/heat.json"))
assert (heat["columns"], heat["rows"], len(heat["seconds"]), len(heat["seconds"][0])) == (64, 48, 48, 64)
assert abs(sum(map(sum, heat["seconds"])) - heat["person_s"]) < 1e-6
assert 75 < heat["watched_s"] < 80 and heat["pictures"] == 80, heat["pictures"]
assert 2 < heat["person_s"] / heat["watched_s"] < 9
assert sum(map(sum, heat["seconds"][:6])) == 0  # nobody walks above the trees
png = open(sys.argv[1] + "/heat.png", "rb").read()
assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) == (768, 576)
EOF
finish
