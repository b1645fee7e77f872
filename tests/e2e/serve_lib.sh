# A server for the whole-program tests: its site, its start, its API, its processes.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
DATA=$T/data
PASSWORD=correct-horse-battery-staple
SERVER=0 ADDRESS="" CSRF=""

make_site() {
    "$VIGIE" admin init --data "$DATA" >"$T/init" 2>&1 || fail "admin init: $(cat "$T/init")"
    printf '%s\n' "$PASSWORD" | "$VIGIE" admin account-create tester --role technical \
        --password-stdin --data "$DATA" >"$T/account" 2>&1 || fail "account: $(cat "$T/account")"
}

# within SECONDS COMMAND...: until it succeeds
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -le "$end" ] || return 1
        sleep 0.1
    done
}

address_known() { ADDRESS=$(sed -n 's/.*"listen":"\([^"]*\)".*/\1/p' "$DATA/vigie.lock") && [ -n "$ADDRESS" ]; }

# start_server [OPTIONS]: runs it in the background until its API answers
start_server() {
    rm -f "$DATA/vigie.lock"
    "$VIGIE" serve --data "$DATA" --listen 127.0.0.1:0 "$@" >>"$T/server.out" 2>>"$T/server.log" &
    SERVER=$!
    PIDS+=("$SERVER")
    within 20 address_known || { fail "no address: $(tail -n 3 "$T/server.log")"; return 1; }
    within 60 api GET /version || { fail "no API: $(tail -n 3 "$T/server.log")"; return 1; }
}

# ends the server in order: its code in ENDED
end_server() {
    kill -"${1:-TERM}" "$SERVER"
    wait "$SERVER"
    ENDED=$?
    PIDS=()
}

# api METHOD PATH [BODY] [CURL OPTIONS]: the answer on stdout; fails on 4xx and 5xx
api() {
    local method=$1 path=$2 body=${3-}
    shift $(($# > 2 ? 3 : 2))
    curl -sS --fail-with-body -m 10 --cacert "$DATA/tls/cert.pem" -b "$T/cookies" -c "$T/cookies" \
        -X "$method" -H "X-CSRF-Token: $CSRF" -H 'Content-Type: application/json' \
        ${body:+--data-binary "$body"} "$@" "https://$ADDRESS/api/v1$path"
}

# get EXPRESSION: of the JSON on stdin, as Python sees it in `a`
get() { python3 -c 'import json, sys; a = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

sign_in() {
    CSRF=""
    CSRF=$(api POST /session "{\"name\":\"tester\",\"password\":\"$PASSWORD\"}" | get 'a["csrf"]')
    [ -n "$CSRF" ] || fail "no session"
}

# health speaks also when it is unwell (503)
health() { api GET /health 2>/dev/null || true; }
well() { [ "$(health | get 'a["status"]')" = ok ]; }
# part NAME KEY: one field of one part
part() { health | get "next(p for p in a['parts'] if p['part'] == '$1').get('$2')"; }
part_is() { [ "$(part "$1" "$2")" = "$3" ]; }
restarted() { [ "$(part "$1" restarts)" -gt "$2" ]; }

# child NAME: its process
child() {
    case $1 in
    redis) pgrep -P "$SERVER" -x redis-server ;;
    ingest-*) pgrep -P "$SERVER" -f "child ingest ${1#ingest-}\$" ;;
    *) pgrep -P "$SERVER" -f "child $1 " ;;
    esac
}
gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }

# The demo clip as a live flux with lines that people cross all the time.
add_flux() {
    local line lines="" rules="" i=0
    for line in '[[0.05,0.35],[0.95,0.35]]' '[[0.05,0.5],[0.95,0.5]]' '[[0.05,0.65],[0.95,0.65]]' \
        '[[0.25,0.1],[0.25,0.95]]' '[[0.5,0.1],[0.5,0.95]]' '[[0.75,0.1],[0.75,0.95]]'; do
        i=$((i + 1))
        lines+="${lines:+,}{\"id\":\"l$i\",\"points\":$line}"
        rules+="${rules:+,}{\"id\":\"r$i\",\"event\":\"crossing\",\"at\":\"l$i\",\"severity\":\"low\",\"cooldown_s\":1}"
    done
    api POST "/flux?admit=degraded" "{\"id\":\"cam-1\",\"url\":\"file:$CLIP\",\"rate_fps\":5}" >"$T/flux" ||
        fail "flux: $(cat "$T/flux")"
    api PUT "/flux/cam-1/scene?admit=degraded" "{\"version\":1,\"name\":\"t\",\"lines\":[$lines],\"rules\":[$rules]}" \
        -H 'If-Match: *' >"$T/scene" || fail "scene: $(cat "$T/scene")"
}

# alert_keys: one line per archived alert, page by page
alert_keys() {
    local page after=""
    while page=$(api GET "/alerts?limit=200$after"); do
        get '"\n".join(x["key"] for x in a["items"])' <<<"$page" | sed '/^$/d'
        after=$(get '"&after=" + a["next"] if a.get("next") else ""' <<<"$page")
        [ -n "$after" ] || break
    done
}
alert_count() { alert_keys | wc -l; }
alerts_beyond() { [ "$(alert_count)" -gt "$1" ]; }
# alerts_after SECONDS_SINCE_1970: ids of the newest alerts raised later than that
alerts_after() {
    api GET '/alerts?limit=200' | get '"\n".join(x["id"] for x in a["items"] if __import__("datetime").datetime.fromisoformat(x["time"]).timestamp() > '"$1"')'
}
# nothing waits for the archive: a segment whose alerts are all archived is deleted
spool_empty() { [ -z "$(find "$DATA/spool" -name '*.spool' -size +16c 2>/dev/null)" ]; }
