#!/usr/bin/env bash
# The demonstration of the README ends well after its first alert.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
timeout 150 python3 "$VIGIE_SOURCE_DIR/tools/demo.py" --vigie "$VIGIE" --clip "$CLIP" \
    --scene "$VIGIE_SOURCE_DIR/docs/examples/vtest.json" --data "$T/demo" --listen 127.0.0.1:0 --once \
    >"$T/log" 2>&1 || fail "$(tail -n 5 "$T/log")"
grep -q "gravité" "$T/log" || fail "no alert was printed"
finish
