#!/usr/bin/env bash
# The view of capacity in a real browser, against the whole server. Twice: with measures and states that
# are written as analysis writes them (it does not run: there is no model), for 200 flux and for all that
# can be wrong with one; then with what analysis measures itself. Skipped without node, npm or chromium.
. "$(dirname "$0")/serve_lib.sh"
. "$VIGIE_SOURCE_DIR/tests/e2e/browser.sh"
export VIGIE_LANG=fr # what it answers is for a person
lack=$(lacks_browser)
[ -z "$lack" ] || { echo "skipped: $lack"; exit 77; }
MODELS=$VIGIE_MODELS

# visit PART: the page, on the server that runs
visit() {
    VIGIE_PART=$1 VIGIE_URL=https://$ADDRESS VIGIE_TECH=tester VIGIE_OPERATOR=op VIGIE_PASSWORD=$PASSWORD \
        VIGIE_REDIS=$DATA/redis/redis.sock VIGIE_CLIP=$T/clip.mp4 VIGIE_NODE=$NODE_FOLDER \
        CHROMIUM=$CHROMIUM node "$VIGIE_SOURCE_DIR/tests/e2e/capacity_page_check.mjs" || {
        fail "part $1"
        tail -n 20 "$T/server.log"
    }
}

make_site
printf '%s\n' "$PASSWORD" | "$VIGIE" admin account-create op --role operator --password-stdin \
    --data "$DATA" >"$T/account" 2>&1 || fail "account: $(cat "$T/account")"
mkdir "$T/none"
VIGIE_MODELS=$T/none start_server
visit written
end_server

if [ -e "$MODELS/nanodet-g.vgm" ]; then
    rm -rf "$DATA"
    make_site
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=352x288:rate=25:duration=8 -c:v libx264 -preset veryfast \
        -g 25 -bf 0 -pix_fmt yuv420p "$T/clip.mp4" || fail "no clip"
    start_server
    visit measured
    end_server
else
    echo "with what analysis measures: skipped: no model"
fi
finish
