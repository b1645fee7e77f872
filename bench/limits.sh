#!/usr/bin/env bash
# What two hundred flux must hold, measured in turn, with nothing beside it: two hours and a quarter.
#
#   bench/limits.sh CLIP OUT [BUILD]    CLIP: as for predict.py; OUT: a folder; BUILD: build
#
# In OUT: hour.json, attack.json (bench scheduler), day.txt (24 simulated hours), pipeline_f32.json,
# pipeline_int8.json (8 and 17 live flux), predict.json and predict.md (ten configurations), and codes.txt: the
# code of each, and when it ended. What is there already is not measured again. Wants nanodet-g and
# nanodet-g-int8 among the models (`vigie model quantize --model nanodet-g CLIP`).
# Code 0: each was measured and held; 1: one was not; 2: a wrong call.
set -uo pipefail
if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
clip=$1 out=$2 build=${3:-build} bad=0
here=$(dirname "$0")
for file in "$clip" "$build/vigie" "$build/tests/test_simulation"; do
    [ -e "$file" ] || { printf 'limits: there is no %s\n' "$file" >&2; exit 2; }
done
mkdir -p "$out" || exit 2

measure() { # measure RESULT COMMAND...: its output, once
    local result=$1 code=0
    shift
    [ -s "$out/$result" ] && return
    "$@" >"$out/$result.part" 2>"$out/$result.err" || code=$?
    printf '%s %s: code %d\n' "$(date -u +%FT%TZ)" "$result" "$code" >>"$out/codes.txt"
    if [ "$code" -eq 0 ]; then mv "$out/$result.part" "$out/$result"; else bad=1; fi
}

scheduler() { "$build/vigie" bench scheduler --flux 200 --rate 5 --settle 20 --json "$@"; }
pipeline() { "$build/vigie" bench pipeline --model nanodet-g --rate 5 --settle 15 --json "$@" "$clip"; }
day() { VIGIE_HOURS=24 "$build/tests/test_simulation"; }
predict() {
    python3 "$here/predict.py" --clip "$clip" --build "$build" --state "$out/predict_state.json" \
        --out "$out/predict.json" --anyway
}

# kernels that are compiled in the process count as its memory: once before
pipeline --flux 2 --seconds 2 >"$out/warm.txt" 2>&1
pipeline --flux 2 --seconds 2 --precision int8 >>"$out/warm.txt" 2>&1
measure pipeline_f32.json pipeline --flux 8 --seconds 60
measure pipeline_int8.json pipeline --flux 17 --seconds 60 --precision int8
measure attack.json scheduler --seconds 180 --attack 10
measure day.txt day
measure hour.json scheduler --seconds 3600
measure predict.md predict
exit "$bad"
