#!/usr/bin/env bash
# Will it fit: asked of the whole server before a flux is saved. Runs alone.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
python3 "$VIGIE_SOURCE_DIR/tests/e2e/fit_check.py" "$T" || fail "see above"
finish
