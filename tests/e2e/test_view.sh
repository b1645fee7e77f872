#!/usr/bin/env bash
# The health of views, on a whole server: cameras that turn away, go dark, stand still or fall silent
# are told within 10 s, raise nothing by it, and their rules are silent until the view is back or
# confirmed; a reference outlives the server. Timed. Takes long.
. "$(dirname "$0")/serve_lib.sh"
. "$(dirname "$0")/camera_lib.sh"
need_model
need_clip
need "$(command -v ffmpeg)" "no ffmpeg"
AFTER=22 # seconds of the view that the flux is to have

# piece NAME FROM SECONDS FILTERS: of the demo clip, as its camera saw it or turned; one quantiser, so that
# what stands still is the same in each picture
piece() {
    ffmpeg -nostdin -v error -y -ss "$2" -t "$3" -i "$CLIP" -vf "$4,scale=704:576,setsar=1,fps=12.5" \
        -c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 0 -g 25 -qp 26 "$T/$1.mp4" || fail "no clip $1"
}
piece home 20 30 "crop=608:456:0:0"
piece away 20 30 "crop=608:456:160:120"
piece dark 20 10 "crop=608:456:0:0,lutyuv=y=16:u=128:v=128"
piece still $((20 + AFTER)) 30 "crop=608:456:0:0,select=eq(n\,0),tpad=stop_mode=clone:stop_duration=30"

# scene: lines that people cross all the time
scene() {
    local lines="" rules="" i=0 line
    for line in '[[0.05,0.35],[0.95,0.35]]' '[[0.05,0.65],[0.95,0.65]]' '[[0.25,0.1],[0.25,0.95]]' '[[0.5,0.1],[0.5,0.95]]'; do
        i=$((i + 1))
        lines+="${lines:+,}{\"id\":\"l$i\",\"points\":$line}"
        rules+="${rules:+,}{\"id\":\"r$i\",\"event\":\"crossing\",\"at\":\"l$i\",\"severity\":\"low\",\"cooldown_s\":1}"
    done
    echo "{\"version\":1,\"name\":\"t\",\"lines\":[$lines],\"rules\":[$rules]}"
}

# camera ID FAULTS OPTION...: a flux from it; when it was first asked to play stands in ID.play
camera() {
    local id=$1 faults=$2
    shift 2
    camera_start --log "$T/$id.log" "$@" "$T/home.mp4"
    (within 90 grep -q PLAY "$T/$id.log" && now >"$T/$id.play") &
    api POST "/flux?admit=degraded" "{\"id\":\"$id\",\"url\":\"rtsp://127.0.0.1:$CAMERA_PORT/x?$faults\",\"rate_fps\":4}" >"$T/out" ||
        fail "flux: $(cat "$T/out")"
    api PUT "/flux/$id/scene?admit=degraded" "$(scene)" -H 'If-Match: *' >"$T/out" ||
        fail "scene: $(cat "$T/out")"
}
view_is() { [ "$(api GET "/flux/$1/view" | get 'a["state"]')" = "$2" ]; }
known() { [ "$(api GET "/flux/$1/view" | get 'a["referenced"]')" = True ]; }
state_is() { [ "$(api GET "/flux/$1/state" | get 'a["state"]')" = "$2" ]; }
metric() { curl -sS -m 10 --cacert "$DATA/tls/cert.pem" -b "$T/cookies" "https://$ADDRESS/metrics" | grep "^$1\$" >/dev/null; }
# alerts ID FROM TO: how many alerts of the flux are of that time (seconds since 1970)
alerts() {
    api GET "/alerts?limit=200&flux=$1" | get 'sum('"$2"' < __import__("datetime").datetime.fromisoformat(x["time"]).timestamp() < '"$3"' for x in a["items"])'
}
now() { date +%s.%N; }
sum() { python3 -c "print($1)"; }
left() { python3 -c "print(max(1, int($1 - $(now) + 1)))"; } # whole seconds until then
some_since() { [ "$(alerts "$1" "$2" 1e12)" -gt 0 ]; }

# a clip: the same, and the same bytes each time
piece turn 20 45 "crop=608:456:'if(between(t,15,30),160,0)':'if(between(t,15,30),120,0)'"
scene >"$T/scene.json"
for run in one two; do
    "$VIGIE" batch "$T/turn.mp4" --scene "$T/scene.json" --out "$T/$run" >"$T/out" 2>&1 || fail "batch: $(cat "$T/out")"
done
diff -r "$T/one" "$T/two" >"$T/out" || fail "two runs differ: $(head -n 3 "$T/out")"
times() { get '[sum(f <= x["media_s"] < t for x in a) for f, t in ((0, 15), (15, 30), (30, 45))]' < <(
    python3 -c 'import json, sys; print(json.dumps([json.loads(l) for l in open(sys.argv[1])]))' "$T/one/turn/alerts.jsonl"); }
times | grep '^\[[1-9][0-9]*, 0, [1-9][0-9]*\]$' >/dev/null || fail "alerts before, while turned, after: $(times)"
blind() { awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "view_s") at = i } NR > 1 { s += $at } END { print s }' "$T/one/turn/coverage.csv"; }
[ "$(sum "int(9 < $(blind) < 20)")" -eq 1 ] || fail "coverage says $(blind) s without its view"

make_site
start_server || finish
sign_in
api PUT /site '{"sources":[{"host":"127.0.0.1"}]}' -H 'If-Match: *' >"$T/out" || fail "site: $(cat "$T/out")"
camera cam-move "second=$AFTER" --second "$T/away.mp4"
MOVE_PORT=$CAMERA_PORT
camera cam-dark "second=$AFTER" --second "$T/dark.mp4"
camera cam-still "second=$AFTER" --second "$T/still.mp4"
camera cam-stall "freeze=8"
within 60 test -s "$T/cam-move.log" || fail "nobody asks the camera: $(tail -n 5 "$T/server.log")"

# without pictures on a connection that lives
within 40 state_is cam-stall stalled || fail "cam-stall: $(api GET /flux/cam-stall/state)"

# the first view is taken; then it is gone, which is told within 10 s, and nothing was raised by it
within 60 test -s "$T/cam-still.play" || fail "no PLAY: $(cat "$T/cam-still.log")"
within 25 known cam-move || fail "no reference: $(api GET /flux/cam-move/view)"
view_is cam-move good || fail "before: $(api GET /flux/cam-move/view)"
gone() { sum "$(cat "$T/$1.play") + $AFTER"; }
for row in "cam-move moved 10" "cam-dark black 10" "cam-still frozen 18"; do # 10 s the same is frozen
    read -r id want seconds <<<"$row"
    within "$(left "$(gone "$id") + $seconds")" view_is "$id" "$want" ||
        fail "$id is not $want: $(api GET "/flux/$id/view") $(api GET "/flux/$id/state")"
    state_is "$id" live || fail "$id: $(api GET "/flux/$id/state")"
done
[ "$(api GET /flux/cam-move/view | get 'a["homography"] is not None and 0.1 < abs(a["homography"][0][2]) < 0.4')" = True ] ||
    fail "homography: $(api GET /flux/cam-move/view)"
api GET /flux/cam-move/state | grep -q '"view_reason": *"shift 0' || fail "no reason: $(api GET /flux/cam-move/state)"
# who has just passed when the picture stands still is told of by its first look
for row in "cam-move moved 0" "cam-dark black 0" "cam-still frozen 1.5"; do
    read -r id want late <<<"$row"
    within 5 metric "vigie_flux_view{flux=\"$id\",view=\"$want\"} 1" || fail "$id: no metric"
    grep -q "flux $id: view $want (" "$T/server.log" || fail "$id: no log line"
    [ "$(alerts "$id" 0 "$(gone "$id")")" -gt 0 ] || fail "$id: no alert before, so nothing is shown"
    [ "$(alerts "$id" "$(sum "$(gone "$id") + $late")" 1e12)" -eq 0 ] || fail "$id: alerts while it does not show its view"
done

# a person confirms the new view: its rules speak of it
api PUT /flux/cam-move/view '{"confirm": false}' >/dev/null 2>&1 && fail "false is taken"
api PUT /flux/nobody/view '{"confirm": true}' >/dev/null 2>&1 && fail "an unknown flux is taken"
api PUT /flux/cam-move/view '{"confirm": true}' >"$T/out" || fail "confirmation: $(cat "$T/out")"
confirmed=$(now)
within 6 view_is cam-move good || fail "confirmed: $(api GET /flux/cam-move/view)"
[ "$(api GET /flux/cam-move/view | get 'a["pending"]')" = False ] || fail "it is pending still: $(api GET /flux/cam-move/view) $(cat "$T/cam-move.log" "$T/server.log")"
within 40 some_since cam-move "$confirmed" || fail "no alert of the confirmed view"
[ "$(api GET '/flux/cam-move/coverage?step=minute' | get 'a["causes"].get("view", 0) > 0')" = True ] ||
    fail "coverage: $(api GET '/flux/cam-move/coverage')"

# a restart: the camera is seen to show another view than the confirmed one, until it does again
end_server
[ -s "$DATA/state/cam-move.view" ] || fail "no kept view"
start_server || finish
sign_in
again=$(now)
within 30 view_is cam-move moved || fail "after a restart: $(api GET /flux/cam-move/view)"
within 50 view_is cam-move good || fail "back again: $(api GET /flux/cam-move/view)"
back=$(now)
[ "$(alerts cam-move "$again" "$(sum "$back - 4")")" -eq 0 ] || fail "alerts of the wrong view"
within 40 some_since cam-move "$back" || fail "the rules do not go on"

# another address is another view
version=$(api GET /flux/cam-move | get 'a["version"]')
api PATCH /flux/cam-move "{\"url\":\"rtsp://127.0.0.1:$MOVE_PORT/x\"}" -H "If-Match: \"$version\"" >"$T/out" ||
    fail "address: $(cat "$T/out")"
unknown() { ! known cam-move; }
within 10 unknown || fail "the view of the old address is kept: $(api GET /flux/cam-move/view)"
end_server
[ "$ENDED" -eq 0 ] || fail "the server ended with $ENDED"
finish
