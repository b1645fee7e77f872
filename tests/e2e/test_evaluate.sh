#!/usr/bin/env bash
# A folder of clips and a truth in, the report out, by one command; what is missed or false says why.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
cd "$T" || exit 1
mkdir clips
ffmpeg -v error -nostdin -ss 10 -t 8 -i "$CLIP" -c:v libx264 -crf 20 clips/campus.mp4 || fail "ffmpeg"
# seven people from 1.5 s on; nobody passes the line in the sky; the last clip is not there
printf 'file,event,start_s,end_s\ncampus.mp4,density,1.5,4.7\ncampus.mp4,crossing,6,7\nnot-there.mp4,density,1,2\n' >truth.csv
cat >scene.json <<'S'
{ "version": 1, "name": "Campus",
  "zones": [ { "id": "all", "polygon": [[0,0],[1,0],[1,1],[0,1]] } ],
  "lines": [ { "id": "sky", "points": [[0.1,0.02],[0.9,0.02]] } ],
  "rules": [ { "id": "many", "event": "density", "at": "all", "over": 6, "classes": ["person"], "severity": "low" },
             { "id": "few", "event": "density", "at": "all", "over": 100, "severity": "low" },
             { "id": "walk", "event": "crossing", "at": "sky", "severity": "low" } ] }
S

expect 0 "" "$VIGIE" score --clips clips --truth truth.csv --scene scene.json --report report.html
for words in 'campus.mp4: Crossing or presence, missed, from 6.0 to 7.0 s' 'walk: did not pass the line' \
    'not-there.mp4: Density, missed' 'the clip was not analysed'; do
    grep -qF -- "$words" stdout || fail "not said: $words"
    grep -qF -- "$words" report.html || fail "not in the report: $words"
done
grep -qF 'many: ' stdout && fail "a rule that found its event is explained as if it had not"
grep -qF 'src="data:image/jpeg;base64,' report.html || fail "no picture of what was missed"
grep -qE 'Scene: scene.json sha256:[0-9a-f]{64}' report.html || fail "the report does not name its scene by hash"
grep -qE 'Model: nanodet-g@sha256:' report.html || fail "the report does not name its model by hash"
[ -s vigie-out/campus/explain.jsonl ] || fail "no explanations are kept"

# once more without analysing: the same figures; by JSON the same reasons
"$VIGIE" score --clips clips --truth truth.csv --scene scene.json --json 2>/dev/null >one.json || fail "JSON"
"$VIGIE" score --alerts vigie-out --truth truth.csv --scene scene.json --json >two.json || fail "JSON of alerts"
cmp one.json two.json || fail "two ways, two results"
python3 - one.json <<'P' || fail "not the JSON that was expected"
import json, sys
alerts = json.load(open(sys.argv[1]))["alerts"]
assert alerts["seconds"] > 7, alerts["seconds"]  # from coverage.csv
assert alerts["events"]["density"]["true"] == 1, alerts["events"]["density"]
assert [c["what"] for c in alerts["cases"]] == ["missed", "found", "missed"], alerts["cases"]
P

# what goes wrong: said, with its code, and without the results of an earlier run
expect 2 "a scene is needed" "$VIGIE" score --clips clips --truth truth.csv
expect 2 "leave out --clips" "$VIGIE" score --clips clips --truth truth.csv --scene scene.json --alerts vigie-out
expect 3 "truth.csv" "$VIGIE" score --clips clips --truth "$T/no/truth.csv" --scene scene.json
expect 3 "scene.json" "$VIGIE" score --clips clips --truth truth.csv --scene "$T/no/scene.json"
cp clips/campus.mp4 clips/another.mp4
head -c 1000 clips/campus.mp4 >clips/cut.mp4 && mv clips/cut.mp4 clips/campus.mp4
expect 3 "clips/campus.mp4" "$VIGIE" score --clips clips --truth truth.csv --scene scene.json
grep -qF 'campus.mp4: Density, missed, from 1.5 to 4.7 s' stdout || fail "a clip that cannot be read keeps old results"
finish
