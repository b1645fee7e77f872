#!/usr/bin/env bash
# A still scene with a camera's noise: most pictures go past the detector, each under one fate and all of
# them coverage, one every two seconds at least through it; without the gate all do. Timed. Mostly waits.
. "$(dirname "$0")/serve_lib.sh"
need_model

ffmpeg -v error -f lavfi -i "smptebars=s=320x240:r=10:d=120" -vf noise=alls=5:allf=t -pix_fmt yuv420p \
    -c:v mpeg4 -q:v 3 "$T/still.avi"

expect 2 "on or off" "$VIGIE" serve --data "$DATA" --gate perhaps
expect 2 "no tiles" "$VIGIE" batch --gate --tiles 2x2 --out "$T/out" "$T/still.avi"
"$VIGIE" batch --json --gate --out "$T/out" "$T/still.avi" >"$T/json" 2>/dev/null || fail "batch"
[ "$(get 'a["analysed"] == 600 and 450 < a["still"] < 550' <"$T/json")" = True ] || fail "batch: $(cat "$T/json")"

fates() {
    curl -sS -m 10 --cacert "$DATA/tls/cert.pem" -b "$T/cookies" "https://$ADDRESS/metrics" |
        sed -n "s/^vigie_pictures_total{flux=\"cam-1\",fate=\"$1\"} //p"
}
told() { [ "$(fates "$1")" -ge "$2" ]; }

make_site
start_server --gate on || finish
sign_in
within 90 well || fail "not well: $(health)"
api POST /flux "{\"id\":\"cam-1\",\"url\":\"file:$T/still.avi\",\"rate_fps\":5}" >"$T/flux" ||
    fail "flux: $(cat "$T/flux")"
within 60 told still 10 || fail "none was still: $(fates still), analysed $(fates analysed)"
S=$(fates still) A=$(fates analysed) BEGAN=$(date +%s)
sleep 12
S=$(($(fates still) - S)) A=$(($(fates analysed) - A)) TOOK=$(($(date +%s) - BEGAN))
[ "$A" -ge $((TOOK / 2 - 2)) ] || fail "$A detected in $TOOK s"
[ "$S" -gt "$A" ] || fail "$S still, $A detected"
[ "$(api GET /flux/cam-1/state | get 'float(a["still"]) > 0')" = True ] || fail "state: $(api GET /flux/cam-1/state)"
analysed() { [ "$(api GET '/flux/cam-1/coverage?step=minute' | get 'a["analysed_s"]')" -ge "$1" ]; }
within 30 analysed 10 || fail "stills are no coverage: $(api GET '/flux/cam-1/coverage?step=minute')"
end_server TERM

start_server --gate off || finish
sign_in
# what the server before it said stands for a while
all_detected() { [ "$(fates still)" = 0 ] && told analysed 15; }
within 60 all_detected || fail "without a gate: $(fates still) still, $(fates analysed) analysed"
end_server TERM
finish
