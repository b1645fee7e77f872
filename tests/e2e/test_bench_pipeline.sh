#!/usr/bin/env bash
# vigie bench pipeline: the JSON of the contract, the table, what it refuses, and that nothing of it
# stays when it ends, by a signal too. No time is judged, since other tests run beside; but figures of
# one answer have to agree with each other.
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
assert r["admitted"] is None or r["flux"] <= r["admitted"] < 1000 # by what this server measured of itself
assert r["held"] == (r["lacks"] == []) and set(r["lacks"]) <= {"rate", "latency", "unanalysed"}
assert len(r["minutes"]) == 1 and 0 <= r["minutes"][0]["worst_share"] < 6
# wanted is what was asked for, by the analysis' clock; each picture met one fate; what is missing
# is missing: to one picture of each flux that may be under way at either end
wanted, served = r["flux"] * r["wanted_fps"] * r["seconds"], r["analysed"] + r["drops"]["still"]
edge = 2 * r["flux"] + 1
assert abs(r["mean_flux_fps"] * r["flux"] * r["seconds"] - served) < 1e-3 * (served + 1), r
assert 0 <= r["unanalysed_share"] <= 1 and r["unanalysed_share"] * wanted >= wanted - served - edge, r
lost = sum(n for fate, n in r["drops"].items() if fate != "still") + served
assert lost + edge >= r["worst_flux_fps"] * r["seconds"] * r["flux"], r # no flux got less than the worst
assert abs(sum(m["seconds"] for m in r["minutes"]) - r["seconds"]) < 0.01 * r["seconds"] + 0.01, r
if len(r["minutes"]) == 1: # the whole is its one minute
    assert abs(r["minutes"][0]["worst_share"] * r["wanted_fps"] - r["worst_flux_fps"]) < 0.02 * r["wanted_fps"], r
# what is said to be judged is, and by its own criteria
assert r["latency_of"] == ("alerts" if r["latency_ms"] == r["alert_latency_ms"] else "pictures"), r
assert r["latency_ms"] == r["alert_latency_ms" if r["latency_of"] == "alerts" else "picture_latency_ms"], r
lacks = set()
if min(m["worst_share"] for m in r["minutes"]) < 0.95: lacks.add("rate")
if max(r["latency_ms"]["p95"], r["picture_latency_ms"]["p95"]) > 1000 or r["picture_latency_ms"]["p50"] == 0: lacks.add("latency")
if r["unanalysed_share"] > 0.001: lacks.add("unanalysed")
assert lacks == set(r["lacks"]), (lacks, r["lacks"])
assert 1 <= r["batch_size"] <= 64 and r["opened_s"] > 0, r
assert r["model"] == "nanodet-g" and r["precision"] == "auto", r
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
    ends_by "$signal" "$BENCH"
    nothing_left "SIG$signal"
done

# 8 bits: found beside the model that has none; an analysis that refuses to work ends the bench at once
mkdir "$T/models" && cp "$VIGIE_MODELS/nanodet-g.vgm" "$T/models/"
VIGIE_MODELS=$T/models expect 0 "" "$VIGIE" model quantize --model nanodet-g --size 160x128 "$CLIP"
VIGIE_MODELS=$T/models expect 0 "" "$VIGIE" bench pipeline --flux 1 --seconds 3 --settle 0 --precision int8 --json "$T/clip.mp4"
python3 -c 'import json,sys; r=json.load(sys.stdin); sys.exit(not (r["model"] == "nanodet-g-int8" and r["precision"] == "int8" and r["opened"] == 1))' \
    <"$T/stdout" || fail "8 bits: $(cat "$T/stdout")"
echo '{}' >"$T/no.plan"
VIGIE_PLAN=$T/no.plan expect 3 "analysis refuses to work" timeout 60 "$VIGIE" bench pipeline --flux 1 --open 600 "$T/clip.mp4"
nothing_left "an analysis that refuses"

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
