#!/usr/bin/env bash
# Each process is killed while alerts come: it is started again, health recovers, alerts go on,
# none is doubled. One that hangs is found and killed. The supervisor's death ends all. Timed.
. "$(dirname "$0")/serve_lib.sh"
need_model
need_clip
make_site
start_server || finish
sign_in
add_flux
within 90 well || fail "not well: $(health)"
within 60 alerts_beyond 0 || { fail "no alert"; finish; }

signed_in_again() { sign_in >/dev/null 2>&1 && [ -n "$CSRF" ]; }
recovered() { # NAME RESTARTS_BEFORE COUNT_BEFORE
    within 30 api GET /version || { fail "$1: the API is away"; return; }
    within 10 signed_in_again || fail "$1: no session"
    within 40 well || fail "$1: not well: $(health)"
    [ "$1" = api ] || within 5 restarted "$1" "$2" || fail "$1: no restart is told: $(health)"
    within 60 alerts_beyond "$3" || fail "$1: no alert after it ($3)"
}

for name in ingest-0 analysis api redis; do
    COUNT=$(alert_count) RESTARTS=$(part "$name" restarts) OLD=$(child "$name")
    kill -9 "$OLD"
    within 5 gone "$OLD" || fail "$name is not gone"
    recovered "$name" "$RESTARTS" "$COUNT"
    [ "$(child "$name")" != "$OLD" ] || fail "$name: the same process"
done

# one that hangs gives no sign of life: killed after 10 s
COUNT=$(alert_count) RESTARTS=$(part analysis restarts) OLD=$(child analysis)
kill -STOP "$OLD"
within 20 gone "$OLD" || fail "a hanging analysis is not killed"
recovered analysis "$RESTARTS" "$COUNT"

# all children at once
COUNT=$(alert_count) RESTARTS=$(part redis restarts)
# shellcheck disable=SC2046
kill -9 $(pgrep -P "$SERVER")
recovered redis "$RESTARTS" "$COUNT"

# the supervisor itself: nothing outlives it, nothing archived is lost
COUNT=$(alert_count)
CHILDREN=$(pgrep -P "$SERVER")
kill -9 "$SERVER"
wait "$SERVER" 2>/dev/null
PIDS=()
for pid in $CHILDREN; do within 5 gone "$pid" || fail "process $pid outlives the supervisor"; done
start_server || finish
sign_in
[ "$(alert_count)" -ge "$COUNT" ] || fail "archived alerts are lost: $COUNT, then $(alert_count)"
within 90 well || fail "not well after all: $(health)"
within 60 alerts_beyond "$COUNT" || fail "no alert after all"

# none twice: every key once
[ -z "$(alert_keys | sort | uniq -d)" ] || fail "an alert is there twice"
"$VIGIE" admin audit-verify --data "$DATA" >/dev/null || fail "the audit is broken"
end_server TERM
[ "$ENDED" -eq 0 ] || fail "the server ended with $ENDED"
finish
