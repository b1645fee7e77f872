#!/usr/bin/env bash
# Live pictures and the clips of alerts, from cameras to a client and to a browser (without node or
# chromium: to the client alone). Timed.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
. "$VIGIE_SOURCE_DIR/tests/e2e/browser.sh"
lack=$(lacks_browser)
[ -z "$lack" ] || echo "no browser: $lack"
[ -n "$lack" ] && NODE_FOLDER=""
python3 "$VIGIE_SOURCE_DIR/tests/e2e/live_video_check.py" "$T" ${NODE_FOLDER:+"$NODE_FOLDER"} || fail "see above"
finish
