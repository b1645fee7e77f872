#!/usr/bin/env bash
# How a picture is looked at: an input of the picture's shape, and tiles for small objects.
. "$(dirname "$0")/lib.sh"
need_model
need_clip

# the clip in a corner of 1080p, at 3/5 of its size: its people are about 50 pixels high
ffmpeg -v error -t 5 -i "$CLIP" -vf "scale=460:346:flags=area,pad=1920:1080:1300:600:gray" -c:v libx264 \
    -crf 12 -pix_fmt yuv420p "$T/far.mp4" || fail "ffmpeg"
ffmpeg -v error -t 5 -i "$CLIP" -c copy "$T/near.avi" || fail "ffmpeg"

found() { # found FOLDER CLIP OPTIONS...: its detections.csv
    local out=$1 clip=$2
    shift 2
    expect 0 "" "$VIGIE" batch "$clip" --out "$T/$out" --rate 2 --detections --threshold 0.35 "$@"
    cat "$T/$out"/*/detections.csv
}
persons() { grep -c ",person," <<<"$1"; }

# 4:3: auto is 416x320; another clip of the same call gets its own
near=$(found near "$T/near.avi" --size 416x320)
[ "$near" = "$(found auto "$T/near.avi" --size auto)" ] || fail "auto is not 416x320"
[ "$near" != "$(found own "$T/near.avi")" ] || fail "the size changes nothing"
far=$(found far-480 "$T/far.mp4" --size 480x288)
expect 0 "" "$VIGIE" batch "$T/near.avi" "$T/far.mp4" --out "$T/both" --rate 2 --detections --threshold 0.35 --size auto
[ "$near" = "$(cat "$T/both/near/detections.csv")" ] || fail "the first clip of two"
[ "$far" = "$(cat "$T/both/far/detections.csv")" ] || fail "the second clip of two"

# one tile is the picture; tiles find who is too small for the whole
[ "$near" = "$(found one "$T/near.avi" --size auto --tiles 1x1)" ] || fail "1x1 is not the picture"
whole=$(persons "$(found whole "$T/far.mp4")") tiled=$(persons "$(found tiled "$T/far.mp4" --tiles 2x3)")
chosen=$(persons "$(found chosen "$T/far.mp4" --tiles auto:50)")
echo "persons found in 11 pictures: $whole whole, $tiled with 2x3 tiles, $chosen as chosen"
[ "$tiled" -gt $((whole + 10)) ] || fail "tiles find $tiled, the whole picture $whole"
[ "$chosen" -gt $((whole + 10)) ] || fail "the tiles chosen find $chosen, the whole picture $whole"
printf 'P6 4 4 255\n%048d' 0 >"$T/tiny.ppm"
expect 2 "too small for so many tiles: 7 x 7, 4 x 4: give fewer" \
    "$VIGIE" model run --model nanodet-g --tiles 7x7 "$T/tiny.ppm"
finish
