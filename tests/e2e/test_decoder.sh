#!/usr/bin/env bash
# Decoders that fail and hang, and an ingest process that is killed, under a real server on the test
# driver of tests/va: the flux goes on within 3 s, the other process's without a gap. Runs alone.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
need "$VIGIE_BUILD_DIR/tests/va/vigietest_drv_video.so" "libva-dev is not installed"
command -v Xvfb >/dev/null || { echo "skipped: no Xvfb"; exit 77; }

# an X display asks nothing of libva but to be there; -noreset: else it is away for a moment whenever its
# last client has gone
Xvfb -displayfd 9 -nolisten tcp -noreset 9>"$T/display" 2>/dev/null &
PIDS+=("$!")
for _ in $(seq 200); do [ -s "$T/display" ] && break; sleep 0.05; done
[ -s "$T/display" ] || { echo "skipped: Xvfb does not start"; exit 77; }

mkdir "$T/late"
export LIBVA_DRIVERS_PATH=$VIGIE_BUILD_DIR/tests/va LIBVA_DRIVER_NAME=vigietest LIBVA_MESSAGING_LEVEL=0
export VIGIE_TEST_VA="" VIGIE_TEST_VA_LATE=$T/late
python3 "$VIGIE_SOURCE_DIR/tests/e2e/decoder_check.py" "$T" ":$(cat "$T/display")" "$@" || fail "see above"
finish
