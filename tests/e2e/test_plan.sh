#!/usr/bin/env bash
# A plan is pinned: batch and serve take the kernels of the file that `device tune --file` wrote, the
# plan's hash stands in each alert, and a file that does not fit is refused with the reason.
. "$(dirname "$0")/serve_lib.sh"
export VIGIE_MODELS=$T/models VIGIE_CACHE=$T/cache
SEEDS=$VIGIE_SOURCE_DIR/tests/fuzz/seeds/onnx
"$VIGIE" model import "$SEEDS/nanodet.onnx" --name nanodet-g >"$T/import" || fail "import: $(cat "$T/import")"
"$VIGIE" model import "$SEEDS/shuffle.onnx" --name shuffle >"$T/import" || fail "import: $(cat "$T/import")"
# bright enough for the small detector, with what a view has: edges, and noise that is never the same
ffmpeg -v error -f lavfi -i color=white:s=240x320:r=10:d=3 -vf drawgrid=w=60:h=50:t=2:c=gray,noise=alls=20:allf=t \
    -pix_fmt yuv420p -c:v mpeg4 -q:v 3 "$T/test.avi" || fail "ffmpeg"
# this net of random weights sees somebody in every white picture
cat >"$T/scene.json" <<'S'
{"version":1,"name":"t","zones":[{"id":"z","polygon":[[0,0],[1,0],[1,1],[0,1]]}],
 "rules":[{"id":"r","event":"crossing","at":"z","severity":"low","hold_s":0,"cooldown_s":1}]}
S
run() { # run FOLDER OPTIONS...: analyses the clip; the plan of its alerts in PLAN
    local out=$T/$1
    shift
    expect 0 "" "$VIGIE" batch "$T/test.avi" --scene "$T/scene.json" --out "$out" "$@"
    PLAN=$(python3 -c 'import json, sys
plans = {json.loads(line)["plan"] for line in open(sys.argv[1])}
print(plans.pop() if len(plans) == 1 else plans)' "$out/test/alerts.jsonl")
    [[ $PLAN =~ ^[0-9a-f]{64}$ ]] || fail "the plan of the alerts: $PLAN"
}

expect 0 "" "$VIGIE" device tune nanodet-g --file "$T/plan"
# one need's kernel by hand, two ways; and what does not fit
python3 - "$T/plan" "$T/one.plan" "$T/two.plan" "$T/foreign" "$T/short" "$T/wrong" <<'P'
import hashlib, re, sys
def write(path, lines):
    text = "".join(l + "\n" for l in lines)
    open(path, "w").write(text + "sha256 " + hashlib.sha256(text.encode()).hexdigest() + "\n")
lines = open(sys.argv[1]).read().splitlines()[:-1]
at = next(i for i, l in enumerate(lines) if ":12-44:" in l)  # of boxes: the same with and without dropped classes
need, variant, us = re.match(r"(\S+) (.*) (\S+)$", lines[at]).groups()
def with_variant(v):
    return lines[:at] + ["%s %s %s" % (need, v, us)] + lines[at + 1:]
write(sys.argv[2], with_variant("direct 6x1"))
write(sys.argv[3], with_variant("direct 13x1"))
write(sys.argv[4], lines[:1] + ["device A calculator"] + lines[2:])
write(sys.argv[5], lines[:at] + lines[at + 1:])
write(sys.argv[6], with_variant("warp drive"))
P
run one --plan "$T/one.plan" && ONE=$PLAN
run again --plan "$T/one.plan" --jobs 2
[ "$ONE" = "$PLAN" ] || fail "one plan, two hashes"
cmp -s "$T/one/test/alerts.jsonl" "$T/again/test/alerts.jsonl" || fail "one plan, two results"
# what is tuned later changes the device's own choice, not a pinned one
expect 0 "" "$VIGIE" device tune nanodet-g
run later --plan "$T/one.plan"
[ "$PLAN" = "$ONE" ] || fail "tuning changes a pinned plan"
if "$VIGIE" bench model --model nanodet-g --runs 1 --plan "$T/two.plan" >"$T/said" 2>&1; then
    run two --plan "$T/two.plan"
    [ "$PLAN" != "$ONE" ] || fail "the pinned plan changes nothing"
else
    echo "this device has one kernel alone for these nets: $(cat "$T/said")"
fi
run found --plan "$T/plan"
# a plan for a precision of its own, and no other word is taken for one
expect 0 "" "$VIGIE" device tune nanodet-g --precision f32 --lane cpu --threads 1 --file "$T/f32.plan"
expect 0 "" "$VIGIE" bench model --model nanodet-g --runs 1 --precision f32 --lane cpu --plan "$T/f32.plan"
expect 2 "there is no such precision: --precision f64" "$VIGIE" device tune nanodet-g --precision f64
expect 2 "there is no such lane: --lane slow" "$VIGIE" device tune nanodet-g --lane slow
expect 2 "there is no such precision: --precision f64" "$VIGIE" serve --data "$T/served" --precision f64

for command in "batch $T/test.avi --out $T/x --model" "bench model --runs 1 --model"; do
    # shellcheck disable=SC2086
    refused() { expect "$1" "$2" "$VIGIE" $command "$3" --plan "$4"; }
    refused 3 "the plan was made on another device or driver: $T/foreign: A calculator" nanodet-g "$T/foreign"
    refused 3 "the plan says nothing of a need of the net: $T/short: conv:" nanodet-g "$T/short"
    refused 3 "the plan's kernel cannot be taken on this device: $T/wrong: conv:" nanodet-g "$T/wrong"
    refused 3 "the plan says nothing of a need of the net: $T/plan: " shuffle "$T/plan"
    refused 3 "the file is not there: $T/none" nanodet-g "$T/none"
    refused 3 "not a tuner's file" nanodet-g "$T/scene.json"
    sed 's/direct/durect/' "$T/plan" >"$T/damaged"
    refused 5 "the tuner's file is damaged: $T/damaged" nanodet-g "$T/damaged"
done

# the server: a file that is none ends it before it starts; one that does not fit is told by health
make_site
expect 3 "$T/none" "$VIGIE" serve --data "$DATA" --listen 127.0.0.1:0 --plan "$T/none"
expect 5 "$T/damaged" "$VIGIE" serve --data "$DATA" --listen 127.0.0.1:0 --plan "$T/damaged"
start_server --plan "$T/short" || finish
sign_in
# health may say just then that the next try opens its device
within 60 grep -qF "the plan says nothing of a need of the net" "$T/server.log" || fail "health of a plan that does not fit: $(health)"
end_server TERM
start_server --plan "$T/one.plan" || finish
sign_in
within 60 well || fail "not well: $(health)"
api POST /flux "{\"id\":\"cam-1\",\"url\":\"file:$T/test.avi\",\"rate_fps\":5}" >"$T/flux" || fail "flux: $(cat "$T/flux")"
api PUT /flux/cam-1/scene "$(cat "$T/scene.json")" -H 'If-Match: *' >"$T/answer" || fail "scene: $(cat "$T/answer")"
within 60 alerts_beyond 0 || fail "no alert: $(tail -n 5 "$T/server.log")"
LIVE=$(api GET '/alerts?limit=1' | get 'a["items"][0]["plan"]')
[[ $LIVE =~ ^[0-9a-f]{64}$ ]] || fail "the live alert's plan: $LIVE"
grep -qF "plan ${LIVE:0:12}" "$T/server.log" || fail "the log names another plan: $(grep plan "$T/server.log")"
end_server TERM
finish
