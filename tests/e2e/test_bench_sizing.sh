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

expect 0 "" "$VIGIE" bench sizing --profile "$T/profile.json" --tiers 1,2,50 --max 2 --settle 0 --measure 3 \
    --json "$T/clip.mp4"
python3 - "$T/stdout" <<'PY' || fail "the JSON of bench sizing is not as expected: $(cat "$T/stdout")"
import json, socket, sys
text = open(sys.argv[1], encoding="utf-8").read()
r = json.loads(text)
m = r["machine"]
assert m["cores"] >= 1 and m["threads"] >= m["cores"] and m["memory_mb"] > 100 and m["kernel"].startswith("Linux ")
assert len(m["devices"]) >= 1 and all(d["name"] and d["driver"] for d in m["devices"]) and isinstance(m["decoders"], list)
assert [(c["name"], c["rate_fps"], len(c["events"])) for c in r["profile"]["classes"]] == [("places", 5, 5), ("quais", 1, 1)]
runs = r["runs"]
assert runs[0]["flux"] == 1 and all(x["held"] == (x["lacks"] == []) for x in runs)
assert r["held"] == max([x["flux"] for x in runs if x["held"]], default=0) <= 2
assert [t["flux"] for t in r["tiers"]] == [1, 2, 50]
failed = min([x["flux"] for x in runs if not x["held"]], default=None)
for t in r["tiers"]:
    assert t["energy"]["status"] == "not_measured"
    if t["flux"] <= r["held"]:
        assert t["held"] is True and t["status"] == "measured" and t["latency_ms"]["p95"] > 0
        assert t["needs"]["measured_flux"] >= t["flux"] and t["needs"]["cpu_cores"] > 0
    elif failed is not None and t["flux"] >= failed:
        assert t["held"] is False and t["status"] == "measured" and t["needs"] is None
    else:
        assert t["held"] is None and t["status"] is None and t["latency_ms"] is None and t["needs"] is None
assert r["method"]["measure_s"] == 3 and r["method"]["quick"] is False
PY
expect 0 "1 flux: " "$VIGIE" bench sizing --profile "$T/profile.json" --tiers 1 --max 1 --settle 0 --measure 2 "$T/clip.mp4"
grep -q "^profile essai: [01] flux held" "$T/stdout" || fail "the words: $(cat "$T/stdout")"

expect 3 "not of this class" "$VIGIE" bench sizing "$T/clip.mp4"
expect 2 "a clip is wanted" "$VIGIE" bench sizing
expect 2 "no tiers" "$VIGIE" bench sizing --tiers 8,x "$T/clip.mp4"
expect 2 "no tiers" "$VIGIE" bench sizing --tiers 0 "$T/clip.mp4"
expect 2 "max" "$VIGIE" bench sizing --max 0 "$T/clip.mp4"
echo '{"version":1,"name":"p","classes":[{"name":"a","share":0}]}' >"$T/bad.json"
expect 3 "bad.json:1:" "$VIGIE" bench sizing --profile "$T/bad.json" "$T/clip.mp4"
[ -z "$(ls -d "$T"/vigie-bench-* 2>/dev/null)" ] || fail "a folder is still there"
finish
