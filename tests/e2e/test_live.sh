#!/usr/bin/env bash
# The whole server on real video: a camera and a file, an alert with its picture. Timed.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
python3 "$VIGIE_SOURCE_DIR/tests/e2e/live_check.py" "$T" || fail "see above"
finish
