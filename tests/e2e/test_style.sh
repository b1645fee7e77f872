#!/usr/bin/env bash
# The gates of the text: the rules of style hold, the table of requirements is true; and both
# gates do see what they are for.
. "$(dirname "$0")/lib.sh"
cd "$VIGIE_SOURCE_DIR" || exit 1

python3 tools/style.py --build "$VIGIE_BUILD_DIR" || fail "tools/style.py"
python3 tools/conformity.py --check --build "$VIGIE_BUILD_DIR" || fail "tools/conformity.py --check"
python3 tests/e2e/gates_bite.py "$T" || fail "the gates do not bite"
finish
