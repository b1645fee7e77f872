#!/usr/bin/env bash
# The test camera itself: what it sends is what the clip holds, by each codec and transport, as other
# programs receive it; its faults, judged packet by packet.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/camera_lib.sh"

CODECS="h264 h265 mpeg4 mjpeg"
SHAPES="anamorphic cropped odd interlaced slow12 variable bframes bframes265 slices"

by() { # WAY CLIP
    alone as_in_file "$2 by $1" 40 "$(clip "$2")" -rtsp_transport "$1" "rtsp://127.0.0.1:$CAMERA_PORT/x"
}

# judged packet by packet, meanwhile
clip cif >/dev/null
python3 "$VIGIE_SOURCE_DIR/tests/e2e/camera_check.py" "$CAMERA" "$(dirname "$(clip h264)")" >"$T/check" 2>&1 &
judge=$!

for name in $CODECS; do
    camera_start "$(clip "$name")" && { by tcp "$name"; by udp "$name"; }
done
all_said
for name in $SHAPES; do
    camera_start "$(clip "$name")" && by tcp "$name"
done
all_said

# parameter sets in the description alone, or in band alone
for name in h264 h265 mpeg4; do
    camera_start --out-of-band "$(clip "$name")" && by tcp "$name"
done
all_said
camera_start "$(clip h264)"
as_in_file "h264 without announced sets" 20 "$(clip h264)" -rtsp_transport tcp "rtsp://127.0.0.1:$CAMERA_PORT/x?nosprop"

# another size in mid-stream
camera_start --second "$(clip cif)" "$(clip h264)"
timeout 20 ffprobe -v error -rtsp_transport tcp -show_entries frame=width -of csv=p=0 -read_intervals '%+#40' \
    "rtsp://127.0.0.1:$CAMERA_PORT/x?second=1" >"$T/widths" 2>&1
[ "$(tr -d , <"$T/widths" | grep . | uniq | tr '\n' ' ')" = "704 352 " ] || fail "second: $(sort "$T/widths" | uniq -c)"

# TLS: the media come, and a client that looks is shown what it should refuse
certs=$(certificates)
tls() { # NAME TLS_OPTION...: what openssl says of the camera with that certificate
    local name=$1
    shift
    camera_start --cert "$certs/$name.pem" --key "$certs/$name.key" "$@" "$(clip h264)" || return
    (printf 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'; sleep 0.3) | timeout 5 openssl s_client -quiet \
        -no_ign_eof -verify_return_error -CAfile "$certs/ca.pem" -verify_hostname localhost -connect "127.0.0.1:$CAMERA_PORT" \
        $CLIENT >"$T/tls" 2>&1
}
CLIENT=""
tls server
grep -q "RTSP/1.0 200" "$T/tls" || fail "TLS: $(tail -n 2 "$T/tls")"
as_in_file "h264 by TLS" 20 "$(clip h264)" -rtsp_transport tcp "rtsps://127.0.0.1:$CAMERA_PORT/x"
for row in "wrong_name:hostname mismatch" "expired:certificate has expired" "self_signed:self-signed certificate"; do
    tls "${row%%:*}"
    grep -qi "${row#*:}" "$T/tls" || fail "TLS, ${row%%:*}: $(tail -n 2 "$T/tls")"
done
tls server --tls-max 1.1
grep -q "RTSP/1.0 200" "$T/tls" && fail "TLS 1.1 is spoken with one who refuses it"
tls server --tls-min 1.3
grep -q "RTSP/1.0 200" "$T/tls" || fail "TLS 1.3: $(tail -n 2 "$T/tls")"
tls server --client-ca "$certs/ca.pem"
grep -q "RTSP/1.0 200" "$T/tls" && fail "a client without a certificate is let in"
CLIENT="-cert $certs/client.pem -key $certs/client.key"
tls server --client-ca "$certs/ca.pem"
grep -q "RTSP/1.0 200" "$T/tls" || fail "a client with its certificate is not let in: $(tail -n 2 "$T/tls")"

wait "$judge" || fail "$(grep -v '^ok' "$T/check")"
finish
