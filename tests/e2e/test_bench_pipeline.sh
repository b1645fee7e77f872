#!/usr/bin/env bash
# vigie bench pipeline: the JSON of the contract, the table, what it refuses, and that nothing of it
# stays when it ends, by a signal too. No figure is judged: other tests run beside.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/camera_lib.sh"
need_model
need_clip
export TMPDIR=$T
ffmpeg -v error -t 8 -i "$CLIP" -c:v libx264 -g 20 -bf 0 -pix_fmt yuv420p "$T/clip.mp4"

nothing_left() {
    [ -z "$(ls -d "$T"/vigie-bench-* 2>/dev/null)" ] || fail "$1: its folder is still there"
    ! pgrep -f -- "$T/vigie-bench-" >/dev/null || fail "$1: processes of it still run"
}

expect 0 "" "$VIGIE" bench pipeline --flux 2 --rate 5 --seconds 6 --settle 1 --json "$T/clip.mp4"
python3 - "$T/stdout" <<'PY' || fail "the JSON of bench pipeline is not as expected: $(cat "$T/stdout")"
import json, sys
r = json.load(open(sys.argv[1], encoding="utf-8"))
assert r["flux"] == r["opened"] == 2 and r["wanted_fps"] == 5 and 6 <= r["seconds"] < 30, r
# a busy machine may shed a flux, an alert may raise its rate
assert 0 <= r["worst_flux_fps"] <= r["mean_flux_fps"] < 26
for name in ("latency_ms", "picture_latency_ms", "due_latency_ms"):
    q = r[name]
    assert (q["p50"] > 0) == (r["analysed"] > 0) and q["p50"] <= q["p95"] <= q["p99"] < 60000, name
assert list(r["drops"]) == ["rate", "newest", "corrupt", "pool", "overload", "still", "stopped", "decoder", "shutdown"]
assert min(r["drops"].values()) >= 0 and 30 < r["rss_mb"] < 8000 and 0 < r["cpu_cores"] < 64
assert r["held"] == (r["lacks"] == []) and set(r["lacks"]) <= {"rate", "latency", "unanalysed"}
assert len(r["minutes"]) == 1 and 0 <= r["minutes"][0]["worst_share"] < 6
assert r["scene"] == "five events" and r["source"]["kind"] == "file" and r["source"]["fps"] == 10
PY
nothing_left "a run to its end"

# from RTSP, the table in words, a scene of one's own
FILE=$(clip h264) || { fail "no clip"; finish; }
camera_start "$FILE" || finish
expect 0 "" "$VIGIE" bench pipeline --flux 2 --rate 4 --seconds 3 --settle 0 \
    --scene "$VIGIE_SOURCE_DIR/docs/examples/vtest.json" --rtsp "rtsp://127.0.0.1:$CAMERA_PORT/{}"
grep -q "^2 flux at 4.00 pictures a second" "$T/stdout" || fail "the table: $(cat "$T/stdout")"
camera_stop
nothing_left "RTSP"

# a signal: what runs is ended, the code says so
for signal in INT TERM; do
    "$VIGIE" bench pipeline --flux 1 --seconds 600 "$T/clip.mp4" >"$T/stdout" 2>"$T/stderr" &
    BENCH=$!
    PIDS+=("$BENCH")
    for _ in $(seq 300); do ls "$T"/vigie-bench-*/redis/redis.sock >/dev/null 2>&1 && break; sleep 0.1; done
    kill -"$signal" "$BENCH"
    wait "$BENCH"
    code=$?
    [ "$code" -eq 130 ] || fail "SIG$signal: code $code: $(tail -n 2 "$T/stderr")"
    nothing_left "SIG$signal"
done

expect 2 "wrong number of arguments" "$VIGIE" bench pipeline "$T/clip.mp4"
expect 2 "wrong number of arguments" "$VIGIE" bench pipeline --flux 2
expect 2 "flux" "$VIGIE" bench pipeline --flux 0 "$T/clip.mp4"
expect 2 "rate" "$VIGIE" bench pipeline --flux 1 --rate 100 "$T/clip.mp4"
expect 2 "precision" "$VIGIE" bench pipeline --flux 1 --precision f8 "$T/clip.mp4"
expect 3 "no-such" "$VIGIE" bench pipeline --flux 1 "$T/no-such.mp4"
echo '{"version":9,"name":"x"}' >"$T/bad.json"
expect 3 "bad.json" "$VIGIE" bench pipeline --flux 1 --scene "$T/bad.json" "$T/clip.mp4"
expect 3 "takes no source of this kind" "$VIGIE" bench pipeline --flux 1 --rtsp "http://x" "$T/clip.mp4"
expect 4 "no-such-device" "$VIGIE" bench pipeline --flux 1 --device no-such-device "$T/clip.mp4"
nothing_left "refusals"
finish
