#!/usr/bin/env bash
# The server starts, answers, says what is unwell, refuses what it must, and leaves nothing.
. "$(dirname "$0")/serve_lib.sh"
need_model
make_site

start_server || finish
within 90 well || fail "not well: $(health)"
for name in redis ingest-0 analysis api configuration; do
    part_is "$name" up True || fail "$name is not up: $(health)"
done
grep -qF "https://$ADDRESS" "$T/server.out" || fail "the address is not said on stdout"
[ "$(wc -l <"$T/server.out")" -eq 1 ] || fail "more than the address on stdout: $(cat "$T/server.out")"
sign_in
part_is analysis restarts 0 || fail "analysis was restarted: $(tail -n 5 "$T/server.log")"

# refused, each with code 4, the place named
expect 4 "another server uses this data folder" "$VIGIE" serve --data "$DATA" --listen 127.0.0.1:0
expect 4 "the port is in use" "$VIGIE" serve --data "$T/other" --listen "$ADDRESS"
touch "$T/file"
expect 4 "$T/file" "$VIGIE" serve --data "$T/file" --listen 127.0.0.1:0
mkdir "$T/empty"
expect 4 "redis-server is missing" env PATH="$T/empty" "$VIGIE" serve --data "$T/other" --listen 127.0.0.1:0
# and wrong calls with 2
expect 2 "127.0.0.1" "$VIGIE" serve --data "$T/other" --listen 127.0.0.1
expect 2 "--redis" "$VIGIE" serve --data "$T/other" --listen 127.0.0.1:0 --redis http://somewhere
expect 2 "unknown option" "$VIGIE" serve --demo
expect 2 "serve" "$VIGIE" child analysis 1 unix:/x
expect 3 "too long" "$VIGIE" serve --data "$T/$(printf 'x%.0s' {1..90})" --listen 127.0.0.1:0

CHILDREN=$(pgrep -P "$SERVER")
[ "$(wc -w <<<"$CHILDREN")" -eq 4 ] || fail "children: $CHILDREN"
end_server TERM
[ "$ENDED" -eq 0 ] || fail "the server ended with $ENDED"
for pid in $CHILDREN; do gone "$pid" || fail "process $pid is left"; done

# the log as JSON lines: nothing else on stderr; Redis writes to a file of its own, and its last
# words are quoted when it cannot start
: >"$T/server.log"
VIGIE_LOG=json start_server || finish
sign_in
within 30 well || fail "not well: $(health)"
end_server TERM
mkdir "$T/keep" && mv "$DATA/redis/appendonlydir" "$DATA"/redis/appendonly.aof* "$T/keep/" 2>/dev/null
echo "not an append only file" >"$DATA/redis/appendonly.aof"
mkdir -p "$DATA/redis/appendonlydir"
echo "nonsense" >"$DATA/redis/appendonlydir/appendonly.aof.manifest"
VIGIE_LOG=json start_server || finish
sign_in
within 30 restarted redis 0 || fail "redis with a damaged file: $(health)"
end_server TERM
rm -r "$DATA/redis/appendonlydir" "$DATA/redis/appendonly.aof"
mv "$T"/keep/* "$DATA/redis/"
python3 -c 'import json, sys; [json.loads(line)["message"] for line in open(sys.argv[1])]' \
    "$T/server.log" || fail "not JSON lines: $(cat "$T/server.log")"
grep -q '"redis ended: .*(exit code 1): [^"]' "$T/server.log" ||
    fail "the words of redis are not quoted: $(grep redis "$T/server.log")"
[ -s "$DATA/redis/redis.log" ] || fail "no redis.log"

# without an OpenCL device the server lives and says so; Redis of others likewise
OCL_ICD_VENDORS=$T/empty start_server --redis "unix:$T/nobody.sock" || finish
sign_in
within 30 part_is analysis up False || fail "analysis without a device: $(health)"
within 30 restarted analysis 0 || fail "analysis is not tried again: $(health)"
part_is redis up False || fail "redis that is not there: $(health)"
part analysis reason | grep -qi "device" || fail "the reason is not given: $(health)"
end_server INT
[ "$ENDED" -eq 0 ] || fail "the server ended with $ENDED after SIGINT"
finish
