#!/usr/bin/env bash
# Will it fit: asked of the whole server before a flux is saved. Runs alone.
. "$(dirname "$0")/lib.sh"
export VIGIE_LANG=fr # the reason is for a person
need_model
need_clip
python3 "$VIGIE_SOURCE_DIR/tests/e2e/fit_check.py" "$T" || fail "see above"
finish
