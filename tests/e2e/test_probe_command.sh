#!/usr/bin/env bash
# vigie probe: one source and a list, for a person, for machines and for a spreadsheet; what it costs a
# caller to be wrong; that neither address nor password is ever told. Mostly waits.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/camera_lib.sh"
export CLIP_SECONDS=4
schema=$VIGIE_SOURCE_DIR/docs/schemas/probe.json
probe() { timeout 60 "$VIGIE" probe --seconds 1 --no-persons "$@"; }
# told WORDS: on stdout
told() { grep -qF -- "$1" "$T/stdout" || fail "no \"$1\" in: $(head -n 12 "$T/stdout")"; }
not_told() { grep -qF -- "$1" "$T/stdout" "$T/stderr" && fail "\"$1\" is told: $(cat "$T/stdout" "$T/stderr")"; }
# is JSON-FILE EXPRESSION of d (the whole) and s (sources by id)
is() {
    python3 -c 'import json, sys
d = json.load(open(sys.argv[1])); s = {x["id"]: x for x in d["sources"]}
sys.exit(not eval(sys.argv[2]))' "$1" "$2" || fail "not so: $2: $(cut -c1-600 "$1")"
}
valid() { python3 "$VIGIE_SOURCE_DIR/tests/e2e/schema_check.py" "$schema" "$1" || fail "$1 is not what the schema says"; }

camera_start "$(clip h264)" && PLAIN=$CAMERA_PORT
camera_start -a "$(printf 'zoe:S3CRET' | base64)" "$(clip h264)" && GUARDED=$CAMERA_PORT
camera_start "$(clip cif)" && SMALL=$CAMERA_PORT
certs=$(certificates)
camera_start --cert "$certs/server.pem" --key "$certs/server.key" "$(clip h264)" && SECURE=$CAMERA_PORT
printf 'v=0\r\no=- 0 0 IN IP4 239.1.2.3\r\ns=x\r\nc=IN IP4 239.1.2.3/1\r\nt=0 0\r\nm=video 5004 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n' >"$T/vp8.sdp"

# one source, in both languages; the address is in neither
expect 0 "" probe --lang en "rtsp://127.0.0.1:$PLAIN/x"
told "source: can be analysed" && told "704x576" && told "transport tcp, in the clear" && told "- it comes in the clear"
not_told 127.0.0.1
expect 0 "" probe --lang fr "rtsp://127.0.0.1:$PLAIN/x"
told "704x576"
[ -s "$VIGIE_BUILD_DIR/locale/fr/LC_MESSAGES/vigie.mo" ] && { grep -q "can be analysed" "$T/stdout" && fail "English in French"; }
not_told 127.0.0.1

# the verdict is the exit code, of a single source
expect 0 "" probe "rtsp://127.0.0.1:$SMALL/x"
told "can be analysed, less well" && told "352x288"
expect 3 "" probe --transport tcp "rtsp://127.0.0.1:$PLAIN/x?nodata"
told "cannot be analysed" && told "it opens, but nothing comes (h264)"
expect 3 "" probe "sdp:$T/vp8.sdp"
told "it is no video that can be read" && told "VP8"
expect 3 "" probe "rtsp://zoe:S3CRET@127.0.0.1:$PLAIN/x"
not_told S3CRET && not_told 127.0.0.1

# what is sent to us, and not asked for: waited for, and known once it comes
port() { python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_'"$1"'); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
pushed() { # udp|tcp PORT PROBED PUSHED
    local listener
    probe "$3" >"$T/pushed" 2>&1 &
    listener=$!
    within 20 grep -qi ": 0100007F:$(printf %04X "$2") " "/proc/net/$1"
    camera_start --push "$4" "$(clip h264)"
    wait "$listener" || fail "$3 is not probed: $(cat "$T/pushed")"
    grep -q 704x576 "$T/pushed" || fail "$3: no size: $(cat "$T/pushed")"
    camera_stop
}
TS=$(port DGRAM) PUSHED=$(port STREAM)
pushed udp "$TS" "mpegts://127.0.0.1:$TS" "udp://127.0.0.1:$TS?pkt_size=1316"
pushed tcp "$PUSHED" "rtsp-listen://127.0.0.1:$PUSHED/x" "rtsp://127.0.0.1:$PUSHED/x"
mkdir "$T/deposit"
expect 3 "" probe "folder:$T/deposit"
told "nothing was sent while it was waited for"
cp "$(clip h264)" "$T/deposit/a.mp4"
touch -d "1 minute ago" "$T/deposit/a.mp4"
expect 0 "" probe "folder:$T/deposit"
told "704x576"

# an account: its password by stdin alone, told nowhere, in the log neither
guarded() { VIGIE_LOG=debug probe "$@" "rtsp://127.0.0.1:$GUARDED/x"; }
with_password() { printf '%s\n' "$1" | guarded --user zoe --password-stdin; }
expect 0 "" with_password S3CRET
told "can be analysed"
not_told S3CRET; not_told 127.0.0.1; not_told zoe
expect 3 "" with_password WR0NG
told "it refuses this account"
not_told WR0NG; not_told 127.0.0.1
expect 3 "" guarded
expect 3 "no password could be read from stdin" guarded --user zoe --password-stdin </dev/null

# TLS: believed, not believed, of another name
expect 0 "" probe --ca "$certs/ca.pem" --json "rtsps://127.0.0.1:$SECURE/x"
cp "$T/stdout" "$T/secure.json"
valid "$T/secure.json"
is "$T/secure.json" 's["source"]["encrypted"] and s["source"]["transport"] == "tcp" and s["source"]["reasons"] == []'
expect 3 "" probe "rtsps://127.0.0.1:$SECURE/x"
told "its certificate is not believed"
expect 3 "" probe --ca "$certs/other_ca.pem" "rtsps://127.0.0.1:$SECURE/x"
expect 3 "" probe --ca "$certs/ca.pem" --tls-name elsewhere.test "rtsps://127.0.0.1:$SECURE/x"
expect 3 "" probe --ca "$T/none.pem" "rtsps://127.0.0.1:$SECURE/x"

# a list: good, small, dead, of a codec that is not read, guarded; in its order, whatever comes first
cat >"$T/list.csv" <<L
id;url;user;password;transport
morte;rtsp://127.0.0.1:1/x;;;tcp
parvis nord;rtsp://127.0.0.1:$PLAIN/x;;;
quai;rtsp://127.0.0.1:$SMALL/x;;;udp
vieux codec;sdp:$T/vp8.sdp;;;
hall;rtsp://127.0.0.1:$GUARDED/x;zoe;S3CRET;
faux;rtsp://127.0.0.1:$GUARDED/x;zoe;WR0NG;
L
for jobs in 1 6; do
    expect 0 "" env VIGIE_LOG=debug timeout 90 "$VIGIE" probe --seconds 1 --no-persons --json --jobs $jobs --csv "$T/$jobs.csv" "$T/list.csv"
    cp "$T/stdout" "$T/list.json"
    valid "$T/list.json"
    is "$T/list.json" '[(x["id"], x["verdict"]) for x in d["sources"]] == [("morte", "incompatible"), ("parvis nord", "compatible"),
        ("quai", "degraded"), ("vieux codec", "incompatible"), ("hall", "compatible"), ("faux", "incompatible")]'
    is "$T/list.json" '[s[n]["reasons"][0]["code"] for n in ("morte", "quai", "vieux codec", "faux")] == ["unreachable", "small_picture", "not_video", "account"]'
    is "$T/list.json" 's["quai"]["transport"] == "udp" and s["hall"]["transport"] == "tcp" and s["morte"]["transport"] == ""'
    is "$T/list.json" '20 < s["hall"]["fps"] < 30 and s["hall"]["codec"] == "h264" and s["hall"]["profile"] == "High"'
    for word in 127.0.0.1 S3CRET WR0NG; do
        not_told $word
        grep -qF $word "$T/$jobs.csv" && fail "\"$word\" stands in the CSV"
    done
done
python3 - "$T/6.csv" "$T/list.json" <<'P' || fail "the CSV is not what JSON says: $(cat "$T/6.csv")"
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8"), delimiter=";"))
sources = json.load(open(sys.argv[2]))["sources"]
assert len(rows) == len(sources) == 6
for row, source in zip(rows, sources):
    assert None not in row and None not in row.values()
    assert set(row) == set(source) - {"status"} | {"ask"}, set(row) ^ set(source)
    assert row["id"] == source["id"] and row["verdict"] == source["verdict"]
    assert row["reasons"].split() == [r["code"] for r in source["reasons"]]
    assert row["codec"] == source["codec"] and int(row["width"]) == source["width"]
    assert abs(float(row["fps"]) - source["fps"]) < 0.001
P
# as text, with commas, to stdout
printf 'url,id\nrtsp://127.0.0.1:%s/x,=cmd\nrtsp://127.0.0.1:%s/x,"a ""b"""\n' "$PLAIN" "$SMALL" >"$T/two.csv"
expect 0 "" probe --csv - "$T/two.csv"
[ "$(head -n 1 "$T/stdout" | cut -d, -f1-5)" = id,verdict,reasons,ask,message ] && [ "$(wc -l <"$T/stdout")" = 3 ] || fail "$(cat "$T/stdout")"
told "\"'=cmd\",\"compatible\"" # no formula in a spreadsheet
told '"a ""b""","degraded","small_picture'
expect 0 "" probe "$T/two.csv"
told 'a "b": can be analysed, less well'
told "2 sources: 1 can be analysed, 1 less well, 0 cannot"
# far off a terminal, a line now and then says how far it is
for i in 1 2 3 4 5 6; do echo "rtsp://127.0.0.1:$PLAIN/x"; done >"$T/urls"
(echo url; cat "$T/urls") >"$T/six.csv"
expect 0 " of 6 sources" probe --jobs 1 --json "$T/six.csv"

# wrong calls and lists: nothing is probed, the place is named, no field is told
refused() { # CODE WORDS LIST
    printf '%b' "$3" >"$T/bad.csv"
    expect "$1" "$2" probe "$T/bad.csv"
    not_told S3CRET
    [ -s "$T/stdout" ] && fail "a list that is refused was probed: $(cat "$T/stdout")"
}
refused 3 "the list is empty" ""
refused 3 "the list is empty" "id,url\n"
refused 3 "bad.csv:1: 1" "cam,rtsp://S3CRET/,S3CRET\n"
refused 3 "bad.csv:3: transport" "url,password,transport\nrtsp://127.0.0.1:$PLAIN/x,,\nrtsp://S3CRET/,S3CRET,S3CRET\n"
refused 3 "bad.csv:2: id" "id,url\ncaf\\0351,rtsp://S3CRET/\n"
expect 3 "none.csv" probe "$T/none.csv"
expect 2 "wrong number of arguments" probe
expect 2 "--transport smoke" probe --transport smoke "rtsp://127.0.0.1:$PLAIN/x"
expect 2 "jobs" probe --jobs 0 "$T/two.csv"
expect 2 "these two do not go together" probe --json --csv - "$T/two.csv"
expect 3 "" timeout 60 "$VIGIE" probe --seconds 1 --model nosuch "rtsp://127.0.0.1:$PLAIN/x"
expect 3 "none/x.csv" probe --csv "$T/none/x.csv" "rtsp://127.0.0.1:$PLAIN/x"
[ -s "$T/stdout" ] && fail "it was probed, though the CSV cannot be written: $(cat "$T/stdout")"

# persons, where there is a detector and a clip with some
if [ -e "$VIGIE_MODELS/nanodet-g.vgm" ] && [ -e "$CLIP" ]; then
    expect 0 "" timeout 120 "$VIGIE" probe --seconds 2 --json "file:$CLIP"
    cp "$T/stdout" "$T/persons.json"
    valid "$T/persons.json"
    is "$T/persons.json" '(lambda x: x["persons"] > 0 and 40 < x["person_height_px"] < 250 and x["person_height_network_px"] > 15)(s["source"])'
    printf 'id,url\na,file:%s\nb,file:%s\nc,file:%s\n' "$CLIP" "$CLIP" "$(clip cif)" >"$T/persons.csv"
    expect 0 "" timeout 120 "$VIGIE" probe --seconds 2 --json "$T/persons.csv"
    cp "$T/stdout" "$T/persons.json"
    is "$T/persons.json" 's["a"]["persons"] > 0 and s["b"]["persons"] > 0'
else
    echo "persons are not measured: no model or no demo clip"
fi
expect 0 "the height of persons is not measured" env VIGIE_MODELS="$T" timeout 60 "$VIGIE" probe --seconds 1 "rtsp://127.0.0.1:$PLAIN/x"
finish
