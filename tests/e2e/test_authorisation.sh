#!/usr/bin/env bash
# The authorisation's first and last moment, on the whole server. Mostly waits.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
python3 "$VIGIE_SOURCE_DIR/tests/e2e/authorisation_check.py" "$T/data" || fail "see above"
finish
