#!/bin/bash
# vigie scene: exit codes, words and the PNG it draws. $VIGIE is the program.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export VIGIE_LANG=en
failed=0

# expect CODE ARGUMENTS...: runs it; stdout in out, stderr in err
expect() {
    local want=$1 got=0
    shift
    "$VIGIE" scene "$@" >out 2>err || got=$?
    if [ "$got" != "$want" ]; then
        echo "scene $*: exit $got, not $want: $(cat err)"
        failed=1
    fi
}

# has FILE TEXT
has() {
    if ! grep -qF -- "$2" "$1"; then
        echo "no \"$2\" in: $(cat "$1")"
        failed=1
    fi
}

good=$here/scenes/good/contract.json
expect 0 check "$good"
has out "masks: 1, zones: 1, lines: 1, rules: 3"
has out "points of the ground"
expect 0 check --json "$good"
has out '"rules":3'
expect 0 explain "$good"
has out 'crosses the line "portique" towards its left'
[ "$(wc -l <out)" = 3 ] || { echo "explain: not a line for each rule"; failed=1; }

cp "$here"/scenes/bad/polygon_bow_tie.json .
expect 3 check polygon_bow_tie.json
has err "vigie: $(cat "$here"/scenes/bad/polygon_bow_tie.expect)"
expect 3 check nowhere.json
has err "nowhere.json"
expect 2 check
expect 2 draw "$good"
has err "--on"
expect 2 paint "$good"
expect 0 --help
has out "explain"

# a picture of one grey: what is drawn on it must change it
{ printf 'P6\n320 180\n255\n'; head -c $((320 * 180 * 3)) /dev/zero | tr '\0' '\200'; } >grey.ppm
# a calibration: what it says, and one from persons who walk towards the camera
expect 0 check "$here/scenes/good/calibrated.json" --on grey.ppm
has out 'The zone "place" has 79.8 m² of ground'
expect 0 check --json "$here/scenes/good/calibrated.json"
has out '"residual_px"'
for id in 1 2 3 4; do
    for step in 0 1 2 3 4 5 6 7; do
        height=$((20 + 6 * step))
        foot=$((60 + 12 * step))
        echo "$((step + 1)),$id,$((40 * id)),$((foot - height)),8,$height,0.9,person,-1"
    done
done >tracks.csv
expect 0 calibrate tracks.csv --on grey.ppm
python3 - out <<'EOF' || { echo "calibrate: $(cat out)"; failed=1; }
import json, sys
persons = json.load(open(sys.argv[1]))["calibration"]["persons"]
for person in persons:  # height = foot / 2 - 10 pixels of 180
    assert abs(person["height"] * 180 - (person["at"][1] * 180 / 2 - 10)) < 1, person
scene = {"version": 1, "name": "x", "calibration": {"persons": persons}}
json.dump(scene, open("proposed.json", "w"))
EOF
expect 0 check proposed.json
head -n 8 tracks.csv >few.csv
expect 3 calibrate few.csv --on grey.ppm
has err "few.csv"
expect 2 calibrate tracks.csv

expect 0 draw "$good" --on grey.ppm
has out "contract.png"
[ "$(head -c 8 contract.png | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] ||
    { echo "contract.png is no PNG"; failed=1; }
expect 0 draw "$good" --on grey.ppm --out again.png
cmp contract.png again.png || { echo "two drawings differ"; failed=1; }
expect 0 draw "$here/scenes/good/least.json" --on grey.ppm --out least.png
if cmp -s contract.png least.png; then
    echo "nothing was drawn"
    failed=1
fi
echo "no picture" >text.txt
expect 3 draw "$good" --on text.txt
has err "neither a picture nor a clip that can be read: text.txt"
expect 3 draw "$good" --on grey.ppm --out /nowhere/x.png
exit $failed
