#!/usr/bin/env bash
# Clips for the test camera, made by ffmpeg: tests/camera/clips.sh FOLDER NAME...
# Makes FOLDER/NAME.mp4 for each name of the table below, unless it is there already, newer than this
# script, and prints its path.
# CLIP_SECONDS (8) and CLIP_FROM (a video to take the pictures from, else a test pattern with noise)
# may be given; a folder holds clips of one kind. All have a key frame every two seconds unless said.
set -euo pipefail
folder=${1:?FOLDER}
shift
seconds=${CLIP_SECONDS:-8}
mkdir -p "$folder"

x264="-c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 0 -b:v 2M -maxrate 2M -bufsize 1M -sc_threshold 0"
x265="-c:v libx265 -preset ultrafast -pix_fmt yuv420p -b:v 1200k -tag:v hvc1"
quiet=log-level=error:bframes=0:scenecut=0:keyint=

# the chroma's table of JPEG's annex K: RFC 2435 wants two tables, and the encoder writes one if both are alike
chroma=17,18,24,47,99,99,99,99,18,21,26,66,99,99,99,99,24,26,56,99,99,99,99,99,47,66,99,99,99,99,99,99
chroma+=$(printf ',99%.0s' {1..32})

# NAME: size, pictures a second, filters after that, encoder
row() {
    case $1 in
    h264) echo "704x576 25 null $x264 -g 50" ;;
    h265) echo "704x576 25 null $x265 -x265-params ${quiet}50" ;;
    mpeg4) echo "704x576 25 null -c:v mpeg4 -b:v 2M -bf 0 -g 50" ;;
    mjpeg) echo "704x576 25 null -c:v mjpeg -huffman default -chroma_intra_matrix $chroma -pix_fmt yuvj420p -q:v 10" ;;
    anamorphic) echo "704x576 25 setsar=16/11 $x264 -g 50" ;;
    cropped) echo "702x574 25 null $x264 -g 50" ;; # not whole blocks; 4:2:0 leaves even sizes alone
    odd) echo "703x575 25 scale=703:575,setsar=1 -c:v mpeg4 -b:v 2M -bf 0 -g 50" ;;
    interlaced) echo "704x576 50 tinterlace=interleave_top $x264 -g 50 -flags +ildct+ilme -x264-params interlaced=1:tff=1" ;;
    slow12) echo "704x576 12 null $x264 -g 24" ;;
    variable) echo "704x576 25 select='mod(n,3)*gt(mod(n,50),9)+eq(mod(n,50),0)' $x264 -g 25 -vsync vfr -enc_time_base 1:90000" ;;
    bframes) echo "704x576 25 null $x264 -g 50 -bf 3 -b_strategy 0 -x264-params b-pyramid=normal" ;;
    bframes265) echo "704x576 25 null $x265 -x265-params log-level=error:bframes=3:keyint=50" ;;
    slices) echo "704x576 25 null $x264 -g 50 -x264-params slices=4" ;;
    full1080) echo "1920x1080 25 null $x264 -b:v 6M -maxrate 6M -bufsize 3M -g 50" ;;
    full1080_265) echo "1920x1080 25 null $x265 -b:v 3400k -x265-params ${quiet}50" ;;
    four_k) echo "3840x2160 5 null $x264 -b:v 12M -maxrate 12M -bufsize 6M -g 10" ;;
    cif) echo "352x288 25 null $x264 -b:v 500k -maxrate 500k -bufsize 250k -g 50" ;; # another size of h264
    cif265) echo "352x288 25 null $x265 -b:v 300k -x265-params ${quiet}50" ;;
    key_every) echo "704x576 25 null $x264 -g 1" ;;
    one_gop) echo "704x576 25 null $x264 -g 10000" ;;
    *) echo "clips.sh: no clip is called $1" >&2 && return 1 ;;
    esac
}

make() {
    local name=$1 path=$folder/$1.mp4 size rate filter encoder from
    read -r size rate filter encoder < <(row "$name")
    [ -s "$path" ] && [ "$path" -nt "${BASH_SOURCE[0]}" ] && return
    if [ -n "${CLIP_FROM:-}" ] && [ -e "$CLIP_FROM" ]; then
        from="-stream_loop -1 -i $CLIP_FROM -vf fps=$rate,scale=${size/x/:},setsar=1"
    else
        from="-f lavfi -i testsrc2=s=$size:r=$rate,noise=alls=12:allf=t -vf null"
    fi
    # shellcheck disable=SC2086
    ffmpeg -nostdin -v error -y $from,"$filter" -an -sn -t "$seconds" $encoder -f mp4 "$path.$$" ||
        { rm -f "$path.$$"; return 1; }
    mv "$path.$$" "$path"
}

for name in "$@"; do
    row "$name" >/dev/null
    make "$name"
    echo "$folder/$name.mp4"
done
