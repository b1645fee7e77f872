#!/usr/bin/env bash
# Bad input of batch: the exit code of the contract and a sentence that names the place.
. "$(dirname "$0")/lib.sh"
need_model
S=$VIGIE_SOURCE_DIR/docs/examples/vtest.json
batch() { "$VIGIE" batch --out "$T/out" "$@"; }

: >"$T/empty.mp4"
echo "not a video at all" >"$T/text.mp4"
ffmpeg -v error -f lavfi -i sine=d=1 "$T/sound.wav"
ffmpeg -v error -f lavfi -i testsrc=s=320x240:r=10:d=4 -pix_fmt yuv420p -c:v mpeg4 "$T/good.avi"
head -c $(($(stat -c %s "$T/good.avi") / 2)) "$T/good.avi" >"$T/cut.avi"

expect 2 "no clip was given" batch
expect 2 "unknown option" batch --nonsense "$T/good.avi"
expect 2 "--rate x" batch --rate x "$T/good.avi"
expect 2 "not a time" batch --start yesterday "$T/good.avi"
expect 3 "$T/missing.mp4" batch "$T/missing.mp4"
expect 3 "$T/empty.mp4" batch "$T/empty.mp4"
expect 3 "$T/text.mp4" batch "$T/text.mp4"
expect 3 "$T/sound.wav" batch "$T/sound.wav"
expect 3 "no-such-model" batch --model no-such-model "$T/good.avi"
expect 4 "no-such-device" batch --device no-such-device "$T/good.avi"
expect 3 "$T/none.json" batch --scene "$T/none.json" "$T/good.avi"
mkdir "$T/folder"
expect 3 "$T/folder" batch "$T/folder"

scene() { printf '%s' "$1" >"$T/s.json"; }
scene '{"version":1,"name":"x","zoness":[]}'
expect 3 "$T/s.json:1:34: /zoness" batch --scene "$T/s.json" "$T/good.avi"
scene '{"version":1,"name":"x","zones":[{"id":"a","polygon":[[0,0],[1,1],[1,0],[0,1]]}]}'
expect 3 "/zones/0/polygon" batch --scene "$T/s.json" "$T/good.avi"
scene '{"version":1,"name":"x","lines":[{"id":"a","points":[[0.5,0.5],[0.5,0.5]]}]}'
expect 3 "/lines/0/points" batch --scene "$T/s.json" "$T/good.avi"
scene '{"version":1,"name":"x","rules":[{"id":"r","event":"crossing","at":"nowhere","severity":"low"}]}'
expect 3 "/rules/0/at" batch --scene "$T/s.json" "$T/good.avi"
scene '{"version":1,"name":"x","rules":[{"id":"sol","event":"loitering","severity":"low"}]}'
expect 3 "this event does not exist" batch --scene "$T/s.json" "$T/good.avi"

# what could be read of a cut clip is kept, and the next clip is still analysed
expect 1 "$T/cut.avi" batch --detections "$T/cut.avi" "$T/good.avi"
[ -f "$T/out/cut/detections.csv" ] || fail "the results of the cut clip are gone"
[ -f "$T/out/good/alerts.jsonl" ] || fail "the clip after the cut one was not analysed"
expect 3 "$T/missing.mp4" batch "$T/missing.mp4" "$T/good.avi" "$T/cut.avi"

# the code is that of the first failing clip, whoever analyses it; a folder without clips is one
mkdir -p "$T/none"
expect 3 "no clip in this folder" batch "$T/none" "$T/cut.avi" "$T/good.avi"
expect 3 "" batch --jobs 2 "$T/good.avi" "$T/missing.mp4" "$T/cut.avi" "$T/good.avi"
expect 1 "" batch --jobs 2 "$T/good.avi" "$T/cut.avi" "$T/missing.mp4" "$T/good.avi"

# an interruption is one, also while the device opens
timeout --preserve-status -s INT 0.2 "$VIGIE" batch --out "$T/out" "$T/good.avi" >/dev/null 2>&1
[ $? -eq 130 ] || fail "an interrupted batch did not end with 130"

# a name that would leave the folder, and one that is not plain JSON
cp "$T/good.avi" "$T/...avi"
cp "$T/good.avi" "$T/q\"x.avi"
rm -rf "$T/out"
expect 0 "" batch --json "$T/...avi" "$T/q\"x.avi"
python3 -c 'import json, sys; [json.loads(l) for l in open(sys.argv[1])]' "$T/stdout" || fail "--json is not JSON"
[ -d "$T/out/clip" ] || fail "a clip named ...avi has no folder of its own"

# the rate is never below what the scene's events need, and it is said
expect 0 "the rate is raised from 1 to 4" batch --rate 1 --scene "$S" "$T/good.avi"

# a stem met twice gets its own folder
cp "$T/good.avi" "$T/folder/good.avi"
rm -rf "$T/out"
expect 0 "" batch "$T/good.avi" "$T/folder"
[ -d "$T/out/good" ] && [ -d "$T/out/good-2" ] || fail "two clips of one name"
[ -z "$(find "$T/out" -name '*.part')" ] || fail "half-written files were left"

# times and calendars are those of --start, whatever zone the machine has
need_clip
ffmpeg -v error -t 4 -i "$CLIP" -c copy "$T/four.avi"
sed 's/"severity"/"calendar":{"days":["sat"],"from":"07:00","to":"08:00"},"severity"/' "$S" >"$T/calendar.json"
for zone in UTC Europe/Paris; do
    TZ=$zone expect 0 "" "$VIGIE" batch --out "$T/${zone##*/}" --scene "$T/calendar.json" \
        --start 2026-11-21T07:30:00+01:00 "$T/four.avi"
done
diff -r "$T/UTC" "$T/Paris" || fail "the machine's zone changes the results"
grep -q '07:30:0[0-9.]*+01:00' "$T/UTC/four/alerts.jsonl" || fail "no alert within the calendar"

# a folder that cannot be made, and a disk that is full
: >"$T/plain"
expect 4 "$T/plain" "$VIGIE" batch --out "$T/plain/x" "$T/good.avi"
if [ "$(id -u)" -eq 0 ] && mkdir "$T/small" && mount -t tmpfs -o size=4k none "$T/small" 2>/dev/null; then
    expect 4 "disk is full" "$VIGIE" batch --out "$T/small" --rate 0 --threshold 0.01 --detections "$CLIP"
    umount "$T/small"
fi
[ -f "$S" ] && expect 0 "" "$VIGIE" scene check "$S"
finish
