#!/usr/bin/env bash
# vigie bench stages: each stage of the code that the product runs has its time, and they add up to
# no more than what the process took.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
SCENE="$VIGIE_SOURCE_DIR/docs/examples/vtest.json"
ffmpeg -v error -t 4 -i "$CLIP" -c:v libx264 -pix_fmt yuv420p "$T/clip.mp4"

expect 0 "" "$VIGIE" bench stages --model nanodet-g --scene "$SCENE" --json "$T/clip.mp4"
python3 - "$T/stdout" <<'PY' || fail "the JSON of bench stages is not as expected: $(cat "$T/stdout")"
import json, sys
told = json.load(open(sys.argv[1], encoding="utf-8"))
stages = told["stages"]
assert list(stages) == ["decode", "convert", "prepare", "infer", "looks", "track", "view", "maps",
                        "maps_small", "maps_ground", "maps_flow", "maps_flame", "rules"], stages
assert told["decoded"] == 40 and told["analysed"] == 20 and told["looks"] == 0, told
for name in ("decode", "convert", "infer", "track", "view", "maps_small", "maps_ground", "maps_flame", "rules"):
    assert stages[name]["us_per_picture"] > 0, name
per_second = {name: 10 if name == "decode" else 5 for name in stages}
for name, of in stages.items():
    want = of["us_per_picture"] * per_second[name] / 1e4
    assert abs(of["core_percent_at_5fps"] - want) <= 1e-6 + want / 1e6, name
assert stages["infer"]["us_per_picture"] > stages["track"]["us_per_picture"]
PY
expect 0 "" "$VIGIE" bench stages --model nanodet-g --rate 1 "$T/clip.mp4"
grep -q "^maps_ground .* of a core at 5 analysed a second" "$T/stdout" || fail "no line of maps_ground: $(cat "$T/stdout")"
expect 2 "wrong number of arguments" "$VIGIE" bench stages --model nanodet-g
expect 2 "wrong number of arguments" "$VIGIE" bench stages "$T/clip.mp4"
expect 2 "rate" "$VIGIE" bench stages --model nanodet-g --rate fast "$T/clip.mp4"
expect 3 "no-such-clip" "$VIGIE" bench stages --model nanodet-g "$T/no-such-clip.mp4"
finish
