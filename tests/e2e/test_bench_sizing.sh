#!/usr/bin/env bash
# vigie bench sizing: the JSON of the contract with what was measured marked so and nothing invented,
# the words, what it refuses. No figure is judged: other tests run beside.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
export TMPDIR=$T
ffmpeg -v error -t 8 -i "$CLIP" -c:v libx264 -g 20 -bf 0 -pix_fmt yuv420p "$T/clip.mp4"
cat >"$T/profile.json" <<'JSON'
{ "version": 1, "name": "essai",
  "classes": [ { "name": "places", "share": 2, "width": 768, "height": 576, "fps": 10, "clip": "CLIP" },
               { "name": "quais", "share": 1, "width": 768, "height": 576, "fps": 10, "rate_fps": 1,
                 "events": ["density"] } ] }
JSON
sed -i "s|CLIP|$T/clip.mp4|" "$T/profile.json"

expect 0 "" "$VIGIE" bench sizing --profile "$T/profile.json" --tiers 1,2,50,5000 --max 2 --settle 0 --measure 3 \
    --idle 1 --power-cmd "echo 42" --json --csv "$T/sizes.csv" "$T/clip.mp4"
cp "$T/stdout" "$T/sizes.json"
python3 - "$T/sizes.json" "$T/sizes.csv" <<'PY' || fail "the JSON of bench sizing is not as expected: $(cat "$T/sizes.json")"
import csv, json, sys
r = json.load(open(sys.argv[1], encoding="utf-8"))
m = r["machine"]
assert m["cores"] >= 1 and m["threads"] >= m["cores"] and m["memory_mb"] > 100 and m["kernel"].startswith("Linux ")
assert len(m["devices"]) >= 1 and all(d["name"] and d["driver"] for d in m["devices"]) and isinstance(m["decoders"], list)
assert [(c["name"], c["rate_fps"], len(c["events"])) for c in r["profile"]["classes"]] == [("places", 5, 5), ("quais", 1, 1)]
runs = r["runs"]
assert runs[0]["flux"] == 1 and all(x["held"] == (x["lacks"] == []) for x in runs)
assert r["held"] == max([x["flux"] for x in runs if x["held"]], default=0) <= 2
assert [t["flux"] for t in r["tiers"]] == [1, 2, 50, 5000]
failed = min([x["flux"] for x in runs if not x["held"]], default=None)
known = r["costs"]["status"] == "measured"
assert known == (r["costs"]["why"] is None)
if known:
    d = r["costs"]["device"]
    assert d["start_ms"] >= 0 and d["job_ms"] >= 0 and d["start_ms"] + d["job_ms"] > 0 and d["batch_max"] >= 1
    assert 0 < d["cpu_cores"] <= 1.1 * r["costs"]["cores_here"] # those of its batches alone
alone = r["batches_alone"] # on the device, before the measures and after: more pictures take longer
assert [b["pictures"] for b in alone] == [1, 2, 4]
assert all(0 < alone[0][k] < alone[2][k] for k in ("before_ms", "after_ms"))
for c in r["costs"]["classes"]: # known where decoding hardware tells how busy it is
    assert (c["decoder"] is None) == (c["core_percent"] is None) and (c["ceiling_flux"] is None) == bool(c["ceiling_why"])
    assert c["decoder"] != "software" or c["ceiling_flux"] is None
for x in runs: # what was predicted stands beside what was measured
    assert (x["predicted_p99_ms"] is None or x["predicted_p99_ms"] > 0) and x["predicted_held"] in (True, False, None)
    assert known or x["predicted_held"] is None
    assert x["foreign_cores"] is None or x["foreign_cores"] >= 0
    for e in x["meters"]: # a machine may have meters of its own
        assert e["status"] == "not_measured" and e["why"] or e["status"] == "measured" and e["gross_w"] > 0 and e["scope"]
def figure(f):
    assert f["status"] in ("measured", "extrapolated", "not_known")
    unknown = f["status"] == "not_known"
    assert unknown == (f["value"] is None) and unknown == (f["bare"] is None) and unknown == (f["why"] is not None)
    assert unknown or f["value"] >= f["bare"] >= 0
names = ("cpu_cores decode_cores analysis_cores decode_engines device_speed devices device_memory_mb memory_mb "
         "network_mbit disk_gb_per_day").split()
for t in r["tiers"]:
    n = t["needs"]
    assert n["headroom"] == r["method"]["headroom"] == 0.3
    for name in names:
        figure(n[name])
    if t["flux"] <= r["held"]:
        assert t["held"] is True and t["status"] == "measured" and t["latency_ms"]["p95"] > 0
        assert n["measured_flux"] >= t["flux"] and n["cpu_cores"]["status"] == "measured" and n["cpu_cores"]["bare"] > 0
        continue
    assert n["measured_flux"] is None and all(n[k]["status"] != "measured" for k in names)
    assert t["energy"]["status"] == "not_measured" and t["energy"]["why"]
    if failed is not None and t["flux"] >= failed:
        assert t["held"] is False and t["status"] == "measured" and t["latency_ms"] is None
    elif t["flux"] == 5000 or not known: # more than can be simulated
        assert t["held"] is None and t["status"] is None and t["why"] and t["latency_ms"] is None
    else:
        assert t["status"] == "extrapolated" and t["held"] is (t["latency_ms"] is not None)
p = r["predicted"] # by the simulation, whatever was measured
assert (p["held"] is None) == (p["why"] is not None) and (known or p["held"] is None) and (p["held"] or 0) <= 200 and 0 < len(p["flux"]) <= 64
assert all(x["held"] in (True, False, None) and (x["p99_ms"] is None or x["p99_ms"] > 0) for x in p["flux"])
if known and p["held"]:
    assert any(x["flux"] == p["held"] and x["held"] and x["p99_ms"] for x in p["flux"])
assert r["method"]["raise"] is False and r["method"]["device"] in [d["name"] for d in m["devices"]]
assert r["method"]["begun_at"][:2] == "20" and r["method"]["measure_s"] == 3 and r["method"]["quick"] is False and r["method"]["idle_s"] == 1
rows = list(csv.DictReader(open(sys.argv[2], encoding="utf-8")))
assert [(x["kind"], int(x["flux"])) for x in rows] == [("run", x["flux"]) for x in runs] + [("tier", t["flux"]) for t in r["tiers"]]
assert all(len(x) == len(rows[0]) and None not in x for x in rows)
PY
expect 0 "" "$VIGIE" bench sizing --profile "$T/profile.json" --tiers 1 --max 1 --settle 0 --measure 2 \
    --watts-assumed 40,120 --json "$T/clip.mp4"
python3 - "$T/stdout" <<'PY' || fail "what is assumed is not told: $(cat "$T/stdout")"
import json, sys
for x in json.load(open(sys.argv[1], encoding="utf-8"))["runs"]:
    e = x["energy"]
    assert e["status"] == "estimated" or x["meters"] or x["analysed_fps"] == 0 # a meter goes first
    if e["status"] == "estimated":
        assert (e["assumption"]["idle_w"], e["assumption"]["full_w"]) == (40, 120)
        assert 40 <= e["gross_w"] <= 120 and e["interval"] is None
PY
expect 0 "1 flux: " "$VIGIE" bench sizing --profile "$T/profile.json" --tiers 1 --max 1 --settle 0 --measure 2 "$T/clip.mp4"
grep -q "^profile essai: [01] flux held" "$T/stdout" || fail "the words: $(cat "$T/stdout")"

expect 0 "" "$VIGIE" bench sizing --profile "$T/profile.json" --only 2 --tiers 1,2 --raise --settle 0 --measure 2 \
    --watts-assumed 40,120 --json "$T/clip.mp4"
python3 - "$T/stdout" <<'PY' || fail "only what is asked is measured: $(cat "$T/stdout")"
import json, sys
r = json.load(open(sys.argv[1], encoding="utf-8"))
assert [x["flux"] for x in r["runs"]] == [2] and r["method"]["raise"] is True
assert r["held"] == (2 if r["runs"][0]["held"] else None) # of one flux nothing was measured
energy = [t["energy"]["status"] for t in r["tiers"]] # nor what it takes: two are no measure of one
assert energy[0] == "not_measured" and (energy[1] == r["runs"][0]["energy"]["status"] or not r["held"])
assert r["runs"][0]["energy"]["status"] == "estimated" or r["runs"][0]["meters"] or r["runs"][0]["analysed_fps"] == 0
PY

# the costs are those of one device: the first of several that are there, and none of two that are asked for
if [ "$(POCL_DEVICES="pthread pthread" "$VIGIE" device list 2>/dev/null | grep -c '^[0-9] ')" = 2 ]; then
    for device in "" "--device 0,1"; do
        # shellcheck disable=SC2086
        expect 0 "" env POCL_DEVICES="pthread pthread" VIGIE_DEVICE=0,1 "$VIGIE" bench sizing --profile "$T/profile.json" \
            --only 2 --tiers 2 $device --settle 0 --measure 3 --json "$T/clip.mp4"
        python3 - "$T/stdout" "$device" <<'PY' || fail "two devices, $device: $(cat "$T/stdout")"
import json, sys
r = json.load(open(sys.argv[1], encoding="utf-8"))
run, costs = r["runs"][0], r["costs"]
assert ("more than one device" in (costs["why"] or "")) == bool(sys.argv[2]) or run["analysed_fps"] == 0
assert r["predicted"]["held"] is None or not sys.argv[2]
assert bool(r["batches_alone"]) == (not sys.argv[2])
assert r["method"]["device"] == "0,1" if sys.argv[2] else r["method"]["device"] == r["machine"]["devices"][0]["name"]
PY
    done
fi

# a signal that comes before the measures, while batches run alone, is heard between them: nothing was opened
for signal in INT TERM; do
    timeout 300 "$VIGIE" bench sizing --profile "$T/profile.json" --only 2 --settle 600 "$T/clip.mp4" >"$T/stdout" 2>"$T/stderr" &
    PIDS+=("$!")
    for _ in $(seq 500); do # until it holds HUP, INT, TERM and CHLD
        BENCH=$(pgrep -P "${PIDS[-1]}")
        [ -n "$BENCH" ] && grep -q "^SigBlk:.*014003$" "/proc/$BENCH/status" && break
        sleep 0.02
    done
    ends_by "$signal" "$BENCH" "${PIDS[-1]}"
    grep -q "bench pipeline" "$T/stderr" && fail "SIG$signal was heard by a measure: $(cat "$T/stderr")"
done

expect 3 "not of this class" "$VIGIE" bench sizing "$T/clip.mp4"
expect 2 "a clip is wanted" "$VIGIE" bench sizing
expect 2 "no tiers" "$VIGIE" bench sizing --tiers 8,x "$T/clip.mp4"
expect 2 "no tiers" "$VIGIE" bench sizing --tiers 0 "$T/clip.mp4"
expect 2 "no numbers" "$VIGIE" bench sizing --only 4,,5 "$T/clip.mp4"
expect 2 "no numbers" "$VIGIE" bench sizing --only 0 "$T/clip.mp4"
expect 2 "no assumption" "$VIGIE" bench sizing --watts-assumed 120 "$T/clip.mp4"
expect 2 "no assumption" "$VIGIE" bench sizing --watts-assumed 120,40 "$T/clip.mp4"
expect 2 "scope" "$VIGIE" bench sizing --power-cmd "echo 1" --power-scope moon "$T/clip.mp4"
expect 2 "max" "$VIGIE" bench sizing --max 0 "$T/clip.mp4"
echo '{"version":1,"name":"p","classes":[{"name":"a","share":0}]}' >"$T/bad.json"
expect 3 "bad.json:1:" "$VIGIE" bench sizing --profile "$T/bad.json" "$T/clip.mp4"
[ -z "$(ls -d "$T"/vigie-bench-* 2>/dev/null)" ] || fail "a folder is still there"
finish
