#!/usr/bin/env bash
# The test camera over a network of its own: multicast, publishing, packets that disappear. Mostly waits.
. "$(dirname "$0")/net_lib.sh"
. "$(dirname "$0")/camera_lib.sh"
net_two
CAMERA_IN=far

# one stream for two that ask: the first sees the clip's begin, the second joins where it is
camera_start --bind 10.77.0.2 --group 239.1.2.3:6000 --interface 10.77.0.2 --log "$T/two.log" "$(clip h264)"
URL=rtsp://10.77.0.2:$CAMERA_PORT/x
alone as_in_file "h264 by multicast" 40 "$(clip h264)" -rtsp_transport udp_multicast "$URL"
within 10 grep -q PLAY "$T/two.log"
[ "$(pictures 40 -rtsp_transport udp_multicast "$URL" 2>/dev/null | wc -l)" -eq 40 ] || fail "a second one by multicast"
all_said

# joined by a description, without any request
camera_start --bind 10.77.0.2 --group 239.1.2.4:6100 --sdp "$T/group.sdp" --log "$T/group.log" "$(clip h265)"
join() {
    [ "$(pictures 50 -protocol_whitelist file,udp,rtp "$T/group.sdp" 2>/dev/null | wc -l)" -eq 50 ] || fail "joined by SDP"
    grep '[A-Z]' "$T/group.log" && fail "somebody asked the camera"
}
alone join

# MPEG-TS to a group
pushed_ts() {
    pictures 40 "udp://239.1.2.5:7000" >"$T/ts" 2>/dev/null &
    local reader=$!
    within 10 port_open udp 7000
    camera_start --push "udp://239.1.2.5:7000" "$(clip h264)"
    wait "$reader"
    [ "$(wc -l <"$T/ts")" -eq 40 ] || fail "MPEG-TS by UDP"
    camera_stop
}
alone pushed_ts

# published to a server, here ffmpeg's
publish() { # NAME PORT [--push-udp]
    local name=$1 port=$2 reader
    pictures 40 -rtsp_flags listen "rtsp://10.77.0.1:$port/x" >"$T/pushed.$port" 2>"$T/pushed.$port.err" &
    reader=$!
    within 10 port_open tcp "$port" || fail "no server for publishing"
    camera_start "${@:3}" --push "rtsp://10.77.0.1:$port/x" "$(clip "$name")"
    wait "$reader"
    [ "$(wc -l <"$T/pushed.$port")" -eq 40 ] || fail "$name published ${*:3}: $(tail -n 2 "$T/pushed.$port.err")"
    camera_stop
}
port=8554
for name in h264 h265 mpeg4 mjpeg; do
    alone publish "$name" "$port"
    alone publish "$name" $((port + 2)) --push-udp
    port=$((port + 4))
done
all_said

# what the kernel does to packets, so that other tests can rely on it
camera_start --bind 10.77.0.2 "$(clip h264)"
URL=rtsp://10.77.0.2:$CAMERA_PORT/x
open_for() { timeout 10 ffmpeg -nostdin -v error -timeout "$1" -rtsp_transport tcp -i "$URL" -frames:v 5 -f null - 2>"$T/err"; }
open_for 5000000 || fail "no picture: $(cat "$T/err")"
net_drop "$CAMERA_PORT"
open_for 500000 && fail "net_drop drops nothing"
grep -q "timed out" "$T/err" || fail "net_drop is not silent: $(cat "$T/err")"
net_undrop
open_for 5000000 || fail "net_undrop does not heal: $(cat "$T/err")"
net_down
open_for 500000 && fail "net_down lets packets by"
net_up
open_for 5000000 || fail "net_up does not heal: $(cat "$T/err")"

missed() { # how often ffmpeg says that packets were missed
    timeout 30 ffmpeg -nostdin -v warning -rtsp_transport udp -i "$URL" -t 2 -f null - 2>&1 | grep -c "missed"
}
[ "$(missed)" -eq 0 ] || fail "packets are lost though nothing drops them"
net_lossy || fail "net_lossy"
[ "$(missed)" -gt 5 ] || fail "net_lossy loses nothing"
net_wide
net_narrow 500kbit || fail "net_narrow"
[ "$(missed)" -gt 5 ] || fail "net_narrow loses nothing"
net_wide
[ "$(missed)" -eq 0 ] || fail "net_wide does not heal"
finish
