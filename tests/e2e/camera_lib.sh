# The test camera for the whole-program tests: clips, certificates, cameras in the background, pictures
# that are compared with those of the file. Sourced after lib.sh.
CAMERA=$VIGIE_BUILD_DIR/tests/camera
CAMERA_PID=0 CAMERA_PORT=0
need "$CAMERA" "no test camera built"

# clip NAME: the path of a clip of four seconds (tests/camera/clips.sh names them)
clip() { CLIP_SECONDS=4 bash "$VIGIE_SOURCE_DIR/tests/camera/clips.sh" "${VIGIE_CACHE:-$T}/clips" "$1"; }

# certificates: their folder (tests/camera/certs.sh names them)
certificates() { bash "$VIGIE_SOURCE_DIR/tests/camera/certs.sh" "$T/certs" && echo "$T/certs"; }

# within SECONDS COMMAND...: until it succeeds
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -le "$end" ] || return 1
        sleep 0.05
    done
}

# camera_start OPTION... CLIP: sets CAMERA_PID and CAMERA_PORT (0 when it publishes). CAMERA_IN may hold
# a command to run it by ("far").
camera_start() {
    local out in=${CAMERA_IN:-}
    # a function in the background is a shell between us and the camera, which would outlive it
    [ "$in" = far ] && in="nsenter -t $FAR -n"
    out=$(mktemp "$T/camera-XXXXXX")
    $in "$CAMERA" --stay "$@" >"$out" 2>&1 &
    CAMERA_PID=$!
    PIDS+=("$CAMERA_PID")
    within 10 grep -q '^p' "$out" || { fail "camera $*: $(cat "$out")"; return 1; }
    CAMERA_PORT=$(sed -n 's/^port //p;q' "$out")
}
camera_stop() { kill "$CAMERA_PID" 2>/dev/null && wait "$CAMERA_PID" 2>/dev/null; }

# pictures N INPUT_OPTION... INPUT: sums of the first N pictures, a line each; errors to stderr
pictures() {
    local n=$1
    shift
    timeout 60 ffmpeg -nostdin -v error "${@:1:$#-1}" -i "${!#}" -an -frames:v "$n" -fps_mode passthrough \
        -f framemd5 - | sed -n '/^0,/s/.*, *//p'
}

# as_in_file WHAT N FILE INPUT_OPTION... INPUT: the first N pictures are those of the file, without an error
as_in_file() {
    local what=$1 n=$2 file=$3 got
    got=$(mktemp -d "$T/pictures-XXXXXX")
    shift 3
    pictures "$n" "$file" >"$got/want"
    pictures "$n" "$@" >"$got/sums" 2>"$got/errors"
    [ "$(wc -l <"$got/sums")" -eq "$n" ] || fail "$what: $(wc -l <"$got/sums") pictures of $n: $(tail -n 2 "$got/errors")"
    cmp -s "$got/want" "$got/sums" || fail "$what: other pictures than the file's"
    [ ! -s "$got/errors" ] || fail "$what: $(tail -n 2 "$got/errors")"
}

# alone COMMAND...: in the background; all_said waits for those and takes over what failed in them
ALONE=()
alone() {
    (FAILS=0
     trap - EXIT
     "$@" >"$T/said.$BASHPID") &
    ALONE+=("$!")
}
all_said() {
    local line
    wait "${ALONE[@]}"
    while read -r line; do fail "${line#FAILED: }"; done < <(cat "$T"/said.*)
    rm -f "$T"/said.*
    ALONE=()
}
