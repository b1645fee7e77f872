#!/usr/bin/env bash
# The real server with a flux of each transport that needs no network of its own; what it is refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/camera_lib.sh"
need_model
certificates >/dev/null
CLIPS=$(dirname "$(clip cif)") && clip h264 >/dev/null
timeout 90 python3 "$VIGIE_SOURCE_DIR/tests/e2e/transports_check.py" loopback "$T" "$CLIPS" || fail "see above"
finish
