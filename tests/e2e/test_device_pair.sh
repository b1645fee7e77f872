#!/usr/bin/env bash
# A server on two devices (PoCL shows the processor twice): both are opened, each has a flux, both are
# told of. A device that is not there, and one that is named twice, are refused.
. "$(dirname "$0")/serve_lib.sh"
need_model
need_clip
export POCL_DEVICES="pthread pthread" VIGIE_DEVICE=0,1
[ "$("$VIGIE" device list 2>/dev/null | grep -c '^[0-9] ')" = 2 ] ||
    { echo "skipped: PoCL does not show the processor twice"; exit 77; }

metrics() { curl -sS -m 10 --cacert "$DATA/tls/cert.pem" -b "$T/cookies" "https://$ADDRESS/metrics" >"$T/metrics"; }
# value NAME LABELS: as /metrics has it now
value() { metrics && sed -n "s/^$1{$2} //p" "$T/metrics" | grep .; }
analysed_beyond() { [ "$(value vigie_pictures_total "flux=\"$1\",fate=\"analysed\"")" -gt "$2" ]; }
wells() { metrics && [ "$(grep -c '^vigie_device_well{.*} 1$' "$T/metrics")" = 2 ]; }
each_has_one() { metrics && [ "$(grep -c '^vigie_device_flux{device="[01]"} 1$' "$T/metrics")" = 2 ]; }

make_site
start_server
sign_in
add_flux
within 120 wells || fail "not both devices work: $(grep '^vigie_device' "$T/metrics") $(grep device "$T/server.log" | tail -n 3)"
api POST "/flux?admit=degraded" "{\"id\":\"cam-2\",\"url\":\"file:$CLIP\",\"rate_fps\":2}" >"$T/flux" || fail "flux: $(cat "$T/flux")"
within 30 each_has_one || fail "the flux are not on one device each: $(grep '^vigie_device' "$T/metrics")"
for flux in cam-1 cam-2; do
    within 60 analysed_beyond "$flux" 5 || fail "$flux is not analysed: $(tail -n 3 "$T/server.log")"
done
for device in 0 1; do
    busy=$(value vigie_device_busy_ratio "device=\"$device\"")
    python3 -c 'import sys; sys.exit(not 0 < float(sys.argv[1]) < 1.1)' "${busy:-0}" || fail "device $device is busy for $busy"
    [ "$(value vigie_device_failures_total "device=\"$device\"")" = 0 ] || fail "device $device has failed"
done
end_server
[ "$ENDED" -eq 0 ] || fail "the server ended with $ENDED"

# what cannot be had is said by the analysis
refused() {
    VIGIE_DEVICE=$1 start_server
    within 30 grep -q "$2" "$T/server.log" || fail "$1: no \"$2\": $(tail -n 3 "$T/server.log")"
    end_server
    : >"$T/server.log"
}
refused 0,7 "no OpenCL device of this name.*7"
refused 0,0 "this OpenCL device is named twice"

# who works on one device alone takes the first one that the variable names
timeout 120 "$VIGIE" bench model --model nanodet-g --runs 1 >"$T/stdout" 2>"$T/stderr" ||
    fail "bench model, VIGIE_DEVICE=$VIGIE_DEVICE: $(tail -n 2 "$T/stderr")"
finish
