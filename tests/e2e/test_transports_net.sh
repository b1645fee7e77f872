#!/usr/bin/env bash
# The real server and groups: by RTSP, and given to it without any request to who sends.
. "$(dirname "$0")/net_lib.sh"
. "$(dirname "$0")/camera_lib.sh"
need_model
net_two
CLIPS=$(dirname "$(clip cif)")
export FAR
timeout 90 python3 "$VIGIE_SOURCE_DIR/tests/e2e/transports_check.py" network "$T" "$CLIPS" || fail "see above"
finish
