#!/usr/bin/env bash
# More flux than the device has time for: rates fall by priority, and every picture has its fate. Runs alone.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
python3 "$VIGIE_SOURCE_DIR/tests/e2e/overload_check.py" "$T" || fail "see above"
finish
