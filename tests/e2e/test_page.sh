#!/bin/bash
# The first page in a real browser, against the whole server. Skipped (77) without node, npm,
# chromium, or the one package, which npm puts into the build folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${VIGIE_BUILD_DIR:?}
. "$here/browser.sh"
lack=$(lacks_browser)
[ -z "$lack" ] || { echo "skipped: $lack"; exit 77; }

data=$(mktemp -d /tmp/vgpage.XXXXXX)
server=
cleanup() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$data"
}
trap cleanup EXIT

password=$(head -c 18 /dev/urandom | base64)
"$VIGIE" admin init --data "$data" >/dev/null
for account in page:operator tech:technical audit:operator; do
    printf '%s\n' "$password" | "$VIGIE" admin account-create "${account%:*}" \
        --role "${account#*:}" --password-stdin --data "$data" >/dev/null
done
# a role that accounts of before may have
python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as base:
    base.execute("UPDATE account SET role = \"auditor\" WHERE name = \"audit\"")' "$data/vigie.db"
: >"$data/log" # it is read before the server may have opened it
VIGIE_LOG=info "$VIGIE" serve --data "$data" --listen 127.0.0.1:0 2>"$data/log" &
server=$!

port=
for _ in $(seq 300); do
    port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([1-9][0-9]*\).*/\1/p' "$data/log" | head -n 1)
    [ -z "$port" ] || break
    kill -0 "$server" || { cat "$data/log"; exit 1; }
    sleep 0.1
done
[ -n "$port" ] || { cat "$data/log"; exit 1; }

out=$build/page
mkdir -p "$out"
VIGIE_URL=https://127.0.0.1:$port VIGIE_NAME=page VIGIE_TECH=tech VIGIE_AUDIT=audit VIGIE_PASSWORD=$password \
    VIGIE_REDIS=$data/redis/redis.sock VIGIE_NODE=$NODE_FOLDER VIGIE_OUT=$out CHROMIUM=$CHROMIUM \
    node "$here/page_check.mjs" || { tail -n 40 "$data/log"; exit 1; }
