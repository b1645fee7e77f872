#!/usr/bin/env bash
# Energy on a whole server, whose processors' counter is a file that grows by 50 W: watts and joules in
# /metrics, joules for each picture, the flux's watts those of the meter; a counter that is gone is said,
# and nothing else minds. Mostly waits.
. "$(dirname "$0")/serve_lib.sh"
need_model
need_clip
export VIGIE_METERS_ROOT=$T/root
zone=$VIGIE_METERS_ROOT/sys/class/powercap/intel-rapl:0
mkdir -p "$zone"
echo package-0 >"$zone/name"
echo 262143328850 >"$zone/max_energy_range_uj"
echo 0 >"$zone/energy_uj"
python3 - "$zone" <<'PY' &
import os, sys, time
zone, start = sys.argv[1], time.monotonic()
while True:
    if not os.path.exists(zone + "/gone"):
        with open(zone + "/new", "w") as f:
            f.write(f"{int((time.monotonic() - start) * 50e6)}\n")
        os.rename(zone + "/new", zone + "/energy_uj")
    time.sleep(0.05)
PY
WRITER=$!
PIDS+=("$WRITER")

metrics() { curl -sS -m 10 --cacert "$DATA/tls/cert.pem" -b "$T/cookies" "https://$ADDRESS/metrics" >"$T/metrics"; }
# value NAME LABELS: of the line
value() { metrics && sed -n "s/^$1{$2} //p" "$T/metrics" | grep .; }
# between LEAST MOST NUMBER
between() { python3 -c "import sys; sys.exit(not $1 <= float(sys.argv[1]) <= $2)" "$3"; }
RAPL='scope="package",meter="rapl:package"'

make_site
start_server || finish
sign_in
add_flux
within 60 value vigie_power_watts "$RAPL" || fail "no watts: $(grep energy "$T/server.log")"
watts=$(value vigie_power_watts "$RAPL")
between 40 60 "$watts" || fail "$watts W instead of 50"
within 90 value vigie_flux_power_watts "flux=\"cam-1\",$RAPL" || fail "no watts of the flux"
flux=$(value vigie_flux_power_watts "flux=\"cam-1\",$RAPL")
between 47.5 52.5 "$flux" || fail "$flux W of the only flux instead of 50"
joules=$(value vigie_picture_joules "$RAPL")
between 2.5 50 "$joules" || fail "$joules J for a picture, at 1 to 20 a second"
[ "$(value vigie_energy_meter_well "$RAPL")" = 1 ] || fail "the meter is not well"
touch "$zone/gone"
sleep 0.2
rm "$zone/energy_uj"
unwell() { [ "$(value vigie_energy_meter_well "$RAPL")" = 0 ]; }
within 20 unwell || fail "a counter that is gone is not said"
value vigie_power_watts "$RAPL" && fail "watts of a counter that is gone"
well || fail "the server is not well"
kill "$WRITER" && wait "$WRITER" 2>/dev/null
end_server
[ "$ENDED" -eq 0 ] || fail "ended with $ENDED"
finish
