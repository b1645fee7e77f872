#!/usr/bin/env bash
# vigie score as a person calls it: figures, JSON, report, refusals with their exit codes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export VIGIE_LANG=en
cd "$dir"

fail() { echo "test_score: $*" >&2; exit 1; }
has() { grep -qF -- "$2" "$1" || { cat "$1" >&2; fail "$1 lacks: $2"; }; }
refused() { # code, words, arguments
    local want=$1 words=$2 code=0
    shift 2
    "$VIGIE" score "$@" >out 2>err || code=$?
    [ "$code" = "$want" ] || { cat err >&2; fail "exit $code, not $want: $*"; }
    has err "$words"
}

printf '%s\n' 1,1,10,10,20,40,1,-1,-1,0 2,1,14,10,20,40,1,-1,-1,0 >gt.txt
printf '%s\n' 1,-1,10,10,20,40,0.9,person,-1 2,-1,300,10,20,40,0.8,person,-1 \
    2,-1,14,10,20,40,0.5,person,-1 1,-1,0,0,9,9,0.9,car,-1 >detections.csv
printf '%s\n' 1,3,10,10,20,40,0.9,person,-1 2,3,14,10,20,40,0,person,-1 2,4,1,1,9,9,0.9,car,-1 >tracks.csv
"$VIGIE" score --truth gt.txt --detections detections.csv --tracks tracks.csv >out
has out 'AP50                                     0.8333'
has out 'MOTA                            1.0000'
"$VIGIE" score --truth gt.txt --detections detections.csv --tracks tracks.csv --json >out
python3 - out <<'PY'
import json, sys
o = json.load(open(sys.argv[1]))
assert abs(o["ap50"] - 5 / 6) < 1e-6 and o["mota"] == 1 and o["idf1"] == 1, o
PY

mkdir -p results/walk results/night
printf 'file,event,start_s,end_s,how\nwalk.mp4,crossing,10,20,"by hand, twice"\nnight.mp4,,,,\n' >truth.csv
printf '{"id":"a","flux":"x/walk.mp4","event":"crossing","media_s":19,"score":0.9}\n' >results/walk/alerts.jsonl
: >results/night/alerts.jsonl
"$VIGIE" score --truth truth.csv --alerts results --duration 3600 --report report.html >out
has out 'Recall                                        1.0000'
has report.html '<td>walk.mp4</td>'
"$VIGIE" score --truth truth.csv --alerts results/walk/alerts.jsonl --after 5 --json >out
has out '"late":1'
"$VIGIE" score --truth truth.csv --alerts results --after 5 --profile overlap --json >out
has out '"true":1'
VIGIE_LANG=fr "$VIGIE" score --truth truth.csv --alerts results --report report.html >/dev/null
has report.html '<html lang="fr">'

refused 2 'a truth is needed' --alerts results
refused 2 'nothing to compare' --truth gt.txt
refused 2 'unknown profile' --truth truth.csv --alerts results --profile near
refused 2 'another truth' --truth truth.csv --alerts results --tracks tracks.csv
refused 2 'not a class' --truth gt.txt --tracks tracks.csv --class face
refused 3 'missing.csv' --truth missing.csv --alerts results
refused 3 'gt.txt:1: file' --truth gt.txt --alerts results
refused 3 'truth.csv:1: 5' --truth truth.csv --tracks tracks.csv
refused 3 'detections.csv:1' --truth gt.txt --tracks detections.csv
printf 'oops\n' >>results/walk/alerts.jsonl
refused 3 'results/walk/alerts.jsonl:2:' --truth truth.csv --alerts results
echo "score: figures, report and refusals as documented"
