#!/usr/bin/env bash
# Stop is obeyed within 2 s with the api and Redis hanging, survives a restart, and is taken
# back; by flux and by event as well. Timed.
. "$(dirname "$0")/serve_lib.sh"
need_model
need_clip
make_site
start_server || finish
sign_in
add_flux

# ingest holds the clip open while the flux runs
running() { ls -l "/proc/$(child ingest-0)/fd" 2>/dev/null | grep -qF "$CLIP"; }
stopped() { ! running; }
# a stop is obeyed within 2 s: measured in milliseconds from the command's start. The command itself may
# take longer: its audit row waits for a database that a hanging api was just writing
obeyed() {
    local start end command
    start=$(date +%s%3N)
    "$VIGIE" "$@" --data "$DATA" >"$T/stop.out" 2>&1 &
    command=$!
    within 3 stopped || fail "$*: still running after 3 s"
    end=$(date +%s%3N)
    wait "$command" || fail "$*: $(cat "$T/stop.out")"
    [ $((end - start)) -le 2000 ] || fail "$*: obeyed after $((end - start)) ms"
    echo "$*: obeyed after $((end - start)) ms"
}

within 90 well || fail "not well: $(health)"
within 30 running || { fail "the flux does not run"; finish; }
within 60 alerts_beyond 0 || fail "no alert before the stop"

kill -STOP "$(child api)" "$(child redis)"
obeyed stop
STOPPED=$(date +%s.%N)
kill -CONT "$(child api)" "$(child redis)"
# what was raised before may still be on its way to the archive: its time tells
within 30 spool_empty || fail "alerts are stuck in the spool"
sleep 3
[ -z "$(alerts_after "$STOPPED")" ] || fail "alerts raised while stopped: $(alerts_after "$STOPPED")"

# as after a reboot: all killed, then started again
kill -9 "$SERVER"
wait "$SERVER" 2>/dev/null
PIDS=()
start_server || finish
sign_in
within 90 well || fail "not well after the restart: $(health)"
sleep 2
stopped || fail "the stop was forgotten over a restart"
[ "$(api GET /stop | get 'a["all"]')" = True ] || fail "the api does not tell of the stop"

kill -STOP "$(child api)"
"$VIGIE" resume --data "$DATA" >/dev/null 2>&1 || fail "resume"
within 10 running || fail "not taken up again"
kill -CONT "$(child api)"
BEFORE=$(alert_count)
within 60 alerts_beyond "$BEFORE" || fail "no alert after the resume"

obeyed stop --flux cam-1
"$VIGIE" resume --flux cam-1 --data "$DATA" >/dev/null || fail "resume --flux"
within 10 running || fail "the flux is not taken up again"

# an event: the flux runs on, its alerts cease
"$VIGIE" stop --event crossing --data "$DATA" >/dev/null || fail "stop --event"
sleep 3
COUNT=$(alert_count)
sleep 8
[ "$(alert_count)" -eq "$COUNT" ] || fail "alerts of a stopped event: $COUNT, then $(alert_count)"
"$VIGIE" resume --event crossing --data "$DATA" >/dev/null || fail "resume --event"
within 60 alerts_beyond "$COUNT" || fail "no alert after the event was resumed"
end_server TERM
[ "$ENDED" -eq 0 ] || fail "the server ended with $ENDED"
finish
