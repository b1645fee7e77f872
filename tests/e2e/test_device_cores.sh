#!/usr/bin/env bash
# The cores of a machine whose device is its processor: --device-cores gives the device its part, the
# cores for decoding leave it the others, a mask of processors limits both. The log and the metrics say
# which part it has, and so many threads there are.
. "$(dirname "$0")/serve_lib.sh"
need_model
export VIGIE_DEVICE=cpu
[ "$("$VIGIE" device list 2>/dev/null | grep -c '^[0-9] .*pthread')" -ge 1 ] ||
    { echo "skipped: the processor is no device of PoCL"; exit 77; }
N=$(nproc)

expect 2 "--device-cores 1.5" "$VIGIE" serve --data "$DATA" --device-cores 1.5
expect 2 "--device-cores -1" "$VIGIE" serve --data "$DATA" --device-cores -1
expect 2 "--device-cores 1025" "$VIGIE" serve --data "$DATA" --device-cores 1025

metrics() { curl -sS -m 10 --cacert "$DATA/tls/cert.pem" -b "$T/cookies" "https://$ADDRESS/metrics" >"$T/metrics"; }
# tells NAME VALUE: as /metrics has it
tells() { metrics && grep -q "^$1 $2$" "$T/metrics"; }
# works_with CORES OF: the device's part, by the log and the metrics
works_with() {
    within 120 grep -q "works with $1 of $2 cores" "$T/server.log" ||
        fail "not $1 of $2 cores: $(grep 'works with' "$T/server.log" | tail -n 1)"
    within 30 tells 'vigie_device_cores{device="0"}' "$1" || fail "not $1 in the metrics: $(grep cores "$T/metrics")"
    within 30 tells vigie_usable_cores "$2.000" || fail "not $2 in the metrics: $(grep cores "$T/metrics")"
}
thread_count() { find "/proc/$(child analysis)/task" -mindepth 1 -maxdepth 1 | wc -l; }
has_threads() { [ "$(thread_count)" -eq "$1" ]; }
# run OPTIONS: a server whose log is its own
run() {
    : >"$T/server.log"
    start_server "$@" || finish
    sign_in
}

decode_cores() { api PUT /site "{\"decode\":{\"cores\":$1}}" -H 'If-Match: *' >"$T/out" || fail "site: $(cat "$T/out")"; }

make_site
run --device-cores 1
within 120 grep -q "works with 1 of" "$T/server.log" || fail "no device works: $(tail -n 3 "$T/server.log")"
if grep -q "cores may be used.*quota [1-9]" "$T/server.log"; then
    echo "skipped: a quota limits the cores here"
    exit 77
fi
works_with 1 "$N"
one=$(thread_count)
end_server

# nothing is said: all of them; and so many threads more
run
works_with "$N" "$N"
within 30 has_threads $((one + N - 1)) || fail "$(thread_count) threads, where one core had $one"
# another division is for the next start
decode_cores 1
if [ "$N" -gt 1 ]; then
    within 30 grep -q "other cores are for decoding now" "$T/server.log" || fail "nobody says that they are divided otherwise"
fi
end_server
run
works_with "$((N > 1 ? N - 1 : 1))" "$N"
decode_cores 0
end_server

# the mask of what starts the server is the server's
if [ "$N" -gt 1 ] && command -v taskset >/dev/null; then
    allowed=$(taskset -pc $$ | sed 's/.*: //')
    taskset -pc "${allowed%%[,-]*}" $$ >/dev/null
    run
    works_with 1 1
    within 1 grep -q "1 of the machine's .* cores may be used" "$T/server.log" || fail "the mask is not told"
    end_server
fi
[ "$ENDED" -eq 0 ] || fail "the server ended with $ENDED"
finish
