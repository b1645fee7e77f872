# Common to the whole-program tests: a folder of one's own, checks that name what they expect.
# VIGIE, VIGIE_SOURCE_DIR and VIGIE_BUILD_DIR come from CTest.
set -uo pipefail
T=$(mktemp -d /tmp/vigie-e2e-XXXXXX)
PIDS=()
cleanup() {
    local p
    for p in "${PIDS[@]}"; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null; done
    pkill -KILL -f -- "$T/" 2>/dev/null # what was started out of sight: our folder stands in its call
    rm -rf "$T"
}
trap cleanup EXIT
export VIGIE_MODELS=${VIGIE_MODELS:-$VIGIE_SOURCE_DIR/cache/models}
export VIGIE_LANG=en
CLIP=$VIGIE_SOURCE_DIR/cache/vtest.avi
FAILS=0

fail() { echo "FAILED: $*"; FAILS=$((FAILS + 1)); }
finish() { [ "$FAILS" -eq 0 ] && echo "all as expected"; exit $((FAILS > 0)); }
need() { [ -e "$1" ] || { echo "skipped: $2"; exit 77; }; }
need_model() { need "$VIGIE_MODELS/nanodet-g.vgm" "no model: run ./dev model"; }
# shared NAME: prints the path of test data that the project does not carry, if it is there
shared() { local p=$VIGIE_SOURCE_DIR/../shared/$1; [ -e "$p" ] && echo "$p"; }
need_shared() { shared "$1" >/dev/null || { echo "skipped: no ../shared/$1"; exit 77; }; }
need_clip() { need "$CLIP" "no demo clip: run ./dev clip"; }

# expect CODE "PART OF STDERR" COMMAND...
expect() {
    local code=$1 words=$2 got
    shift 2
    "$@" >"$T/stdout" 2>"$T/stderr"
    got=$?
    [ "$got" -eq "$code" ] || fail "$*: code $got, expected $code: $(tail -n 2 "$T/stderr")"
    [ -z "$words" ] || grep -qF -- "$words" "$T/stderr" ||
        fail "$*: no \"$words\" in: $(tail -n 2 "$T/stderr")"
}

# ends_by SIGNAL PID [WAITED]: told to end, it does, and its code (or that of WAITED, which runs it) says so
ends_by() {
    local code
    kill -"$1" "$2"
    wait "${3:-$2}"
    code=$?
    [ "$code" -eq 130 ] || fail "SIG$1: code $code: $(tail -n 2 "$T/stderr")"
}
