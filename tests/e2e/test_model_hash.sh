#!/usr/bin/env bash
# The model's file while a server runs: one that is changed is told by log, health and metrics and not
# used; at the next start it is refused in operation, and taken with a warning before it (E131).
. "$(dirname "$0")/serve_lib.sh"
export VIGIE_MODELS=$T/models VIGIE_MODEL_CHECK_S=1
SEEDS=$VIGIE_SOURCE_DIR/tests/fuzz/seeds/onnx
FILE=$VIGIE_MODELS/nanodet-g.vgm
"$VIGIE" model import "$SEEDS/nanodet.onnx" --name nanodet-g >"$T/import" || fail "import: $(cat "$T/import")"
cp "$FILE" "$T/first.vgm"
VIGIE_MODELS=$T "$VIGIE" model import "$SEEDS/shuffle.onnx" --name nanodet-g >"$T/import" || fail "import: $(cat "$T/import")"
mv "$T/nanodet-g.vgm" "$T/second.vgm"
# bright enough for the small detector, with what a view has: edges, and noise that is never the same
ffmpeg -v error -f lavfi -i color=white:s=240x320:r=10:d=3 -vf drawgrid=w=60:h=50:t=2:c=gray,noise=alls=20:allf=t \
    -pix_fmt yuv420p -c:v mpeg4 -q:v 3 "$T/test.avi" || fail "ffmpeg"

put() { cp "$1" "$T/new" && mv "$T/new" "$FILE"; }
phase() { # while no server runs; there is no other way to set it yet
    python3 -c 'import sqlite3, sys
d = sqlite3.connect(sys.argv[1])
d.execute("INSERT OR REPLACE INTO setting VALUES(?, ?)", ("phase", sys.argv[2]))
d.commit()' "$DATA/vigie.db" "$1" || fail "phase"
}
metric() { curl -sS -m 10 --cacert "$DATA/tls/cert.pem" -b "$T/cookies" "https://$ADDRESS/metrics" | grep -c "^$1\$" >/dev/null; }
says() { part analysis reason | grep -qF "$1"; }
logged() { grep -qF "$1" "$T/server.log"; }
newest_model() { api GET '/alerts?limit=1' | get 'a["items"][0]["model"]'; }

make_site
start_server || finish
sign_in
within 60 well || fail "not well: $(health)"
api POST /flux "{\"id\":\"cam-1\",\"url\":\"file:$T/test.avi\",\"rate_fps\":5}" >"$T/flux" || fail "flux: $(cat "$T/flux")"
api PUT /flux/cam-1/scene '{"version":1,"name":"t","zones":[{"id":"z","polygon":[[0,0],[1,0],[1,1],[0,1]]}],
 "rules":[{"id":"r","event":"crossing","at":"z","severity":"low","hold_s":0,"cooldown_s":1}]}' \
    -H 'If-Match: *' >"$T/scene" || fail "scene: $(cat "$T/scene")"
within 60 alerts_beyond 0 || fail "no alert: $(tail -n 5 "$T/server.log")"
within 10 metric "vigie_model_intact 1" || fail "metrics of a whole model"
within 10 metric 'vigie_model_checks_total [1-9][0-9]*' || fail "the file is not looked at"
MODEL=$(newest_model)

for change in bit other gone; do
    : >"$T/server.log"
    case $change in
    bit) python3 -c 'import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(2000); b = f.read(1)[0]; f.seek(2000); f.write(bytes([b ^ 1]))' "$FILE" ;;
    other) put "$T/second.vgm" ;;
    gone) rm "$FILE" ;;
    esac
    within 15 metric "vigie_model_intact 0" || fail "$change: the metric says nothing"
    within 10 says "the model's file is not what was loaded" || fail "$change: health: $(health)"
    logged "the analysis goes on with what it loaded" || fail "$change: no line: $(cat "$T/server.log")"
    COUNT=$(alert_count)
    within 30 alerts_beyond "$COUNT" || fail "$change: no alert after it"
    [ "$(newest_model)" = "$MODEL" ] || fail "$change: an alert of another model: $(newest_model), $MODEL"
    part_is analysis restarts 0 || fail "$change: the analysis was restarted: $(health)"
    put "$T/first.vgm"
    within 15 metric "vigie_model_intact 1" || fail "$change: put back, and the metric stays"
    within 10 well || fail "$change: put back, and not well: $(health)"
    logged "is again what was loaded" || fail "$change: put back, and no line"
done
end_server TERM

# setting up: another model is taken, and it is said
put "$T/second.vgm"
: >"$T/server.log"
start_server || finish
sign_in
within 60 well || fail "another model while setting up: $(health)"
logged "model nanodet-g is another than at the last start: sha256 " || fail "the change is not logged: $(cat "$T/server.log")"
end_server TERM

# in operation it is refused until the file is back
phase operational
put "$T/first.vgm"
start_server || finish
sign_in
within 60 logged "the model is not the one that was in use" || fail "another model in operation: $(health)"
well && fail "well with another model in operation"
put "$T/second.vgm"
within 60 well || fail "the file is back: $(health)"
end_server TERM
[ "$ENDED" -eq 0 ] || fail "the server ended with $ENDED"
finish
