#!/usr/bin/env bash
# Decoders that fail and hang, and an ingest process that is killed, under a real server on the test
# driver of tests/va: the flux goes on within 3 s, the other process's without a gap. Runs alone: mostly it
# waits, so its parts stand side by side, each with a server, a camera and a driver's orders of its own.
#   test_decoder.sh [PART...]      killed, late, start, hangs, overload
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

export LIBVA_DRIVERS_PATH=$VIGIE_BUILD_DIR/tests/va LIBVA_DRIVER_NAME=vigietest LIBVA_MESSAGING_LEVEL=0
export VIGIE_TEST_VA=""
ffmpeg -nostdin -v error -t 40 -i "$CLIP" -vf scale=384:288 -c:v libx264 -preset veryfast -g 10 -bf 0 \
    -pix_fmt yuv420p "$T/clip.mp4" || { fail "no clip"; finish; }

lane() { # lane PART...: a server for them
    local folder=$T/$1
    mkdir -p "$folder/late"
    VIGIE_TEST_VA_LATE=$folder/late python3 "$VIGIE_SOURCE_DIR/tests/e2e/decoder_check.py" "$folder" \
        ":$(cat "$T/display")" "$T/clip.mp4" "$@" >"$folder/said" 2>&1
}
# three on two cores: a server takes 0.4 of one here, and each has its times to hold
if [ $# -gt 0 ]; then LANES=("$*"); else LANES=("killed overload" "late hangs" start); fi
NUMBERS=()
for parts in "${LANES[@]}"; do
    # shellcheck disable=SC2086
    lane $parts &
    NUMBERS+=("$!")
done
for i in "${!LANES[@]}"; do
    wait "${NUMBERS[i]}" || fail "${LANES[i]}: see below"
    printf -- '---- %s\n' "${LANES[i]}"
    cat "$T/${LANES[i]%% *}/said"
done
finish
