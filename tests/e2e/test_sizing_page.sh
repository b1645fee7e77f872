#!/usr/bin/env bash
# The page of a sizing result in a real browser: a kept result in both languages, one beside another of a
# bigger machine, one of a measure just made; results that cannot be laid beside each other are refused;
# nothing that a result says is forgotten.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/browser.sh"
trap 'rm -rf "$T"' EXIT # nothing of ours outlives its call
HERE=$VIGIE_SOURCE_DIR/tests/e2e
SEEDS=$VIGIE_SOURCE_DIR/tests/fuzz/seeds/sizing_page
cp "$SEEDS/whole" "$T/kept.json"
lack=$(lacks_browser)
[ -z "$lack" ] || echo "the pages in a browser: skipped: $lack"
look() { # PAGE RESULT
    [ -n "$lack" ] && return 0
    VIGIE_NODE=$NODE_FOLDER CHROMIUM=$CHROMIUM node "$HERE/sizing_page_check.mjs" "$1" "$2" || fail "$1"
}

for language in fr en; do
    VIGIE_LANG=$language expect 0 "" "$VIGIE" bench report "$T/kept.json" --report "$T/$language.html"
    look "$T/$language.html" "$T/kept.json"
done

# without a meter, by an assumption
expect 0 "" "$VIGIE" bench report "$SEEDS/estimated" --report "$T/estimated.html"
look "$T/estimated.html" "$SEEDS/estimated"
grep -qF 'assumed: 40 W at rest, 120 W at full load' "$T/estimated.html" || fail "the assumption is not said"

# of numbers that were asked for (--only), and of two devices, of which nothing is foretold
for language in fr en; do
    for kept in only devices; do
        VIGIE_LANG=$language expect 0 "" "$VIGIE" bench report "$SEEDS/$kept" --report "$T/$kept.html"
        look "$T/$kept.html" "$SEEDS/$kept"
    done
done
grep -qF 'measured here, it holds 1 flux (extrapolated)' "$T/only.html" || fail "what is foretold is not said"
grep -qF 'changed by +20 % over the measures' "$T/only.html" || fail "that the machine's speed changed is not said"
grep -qF "machine's speed" "$T/devices.html" && fail "a speed is told that was not measured"
grep -qF 'Nothing is foretold: the server worked on more than one device: name one with --device.' "$T/devices.html" ||
    fail "why nothing is foretold is not said"
expect 0 "" "$VIGIE" bench report "$SEEDS/devices" --against "$SEEDS/only" --report "$T/against.html"
look "$T/against.html" "$SEEDS/devices"
grep -qF 'of another device: pthread-skylake' "$T/against.html" || fail "the other device is not named"
grep -qF 'class="d">The other result: 1 flux.' "$T/against.html" || fail "what is foretold of the other is not said"
expect 0 "" "$VIGIE" bench report "$SEEDS/only" --against "$SEEDS/only" --report "$T/against.html"
grep -qF 'of another device' "$T/against.html" && fail "a device is another one than itself"

# those that the guide of sizing rests on
for kept in "$VIGIE_SOURCE_DIR"/bench/results/sizing-*.json; do
    expect 0 "" "$VIGIE" bench report "$kept" --report "$T/guide.html"
    look "$T/guide.html" "$kept"
done

# a bigger machine, with devices of other names and texts that want to be markup
python3 - "$T" <<'PY'
import json, sys
t = sys.argv[1]
with open(f"{t}/kept.json", encoding="utf-8") as f:
    r = json.load(f)
def keep(name):
    with open(f"{t}/{name}.json", "w", encoding="utf-8") as f:
        json.dump(r, f)
r["machine"].update(cpu='Big <script>alert(1)</script> & "Co"', cores=64)
r["held"] = 120
for tier in r["tiers"]:
    if tier["needs"]:
        tier["needs"]["cpu_cores"]["value"] *= 2
for run in r["runs"]:
    run["latency_ms"] = {q: v / 4 for q, v in run["latency_ms"].items()}
keep("big")
r["profile"]["classes"][0]["rate_fps"] = 6
keep("faster")
del r["profile"]
keep("unsaid")
# what an older bench did not say
for run in r["runs"]:
    for key in ("analysed_fps", "energy", "meters", "predicted_p99_ms"):
        run.pop(key, None)
r.pop("costs")
for tier in r["tiers"]:
    tier["needs"] = {"measured_flux": 8, "cpu_cores": 1.7, "memory_mb": 480} if tier["flux"] == 8 else None
    tier["energy"] = {"status": "not_measured"}
keep("old")
r["runs"] = []
r["tiers"] = [{}]
r.pop("machine")
keep("bare")
PY
expect 0 "" "$VIGIE" bench report "$T/kept.json" --against "$T/big.json" --report "$T/both.html"
look "$T/both.html" "$T/kept.json"
grep -qF 'same way: raise' "$T/both.html" && fail "what neither says is a difference"
grep -qF 'another machine: Big &lt;script&gt;' "$T/both.html" || fail "the other machine is not named"
[ "$(grep -oF '(-50' "$T/both.html" | wc -l)" -eq 3 ] || fail "half the cores are not said for three tiers"
grep -qF '<script' "$T/both.html" && fail "markup out of a text"
expect 0 "" "$VIGIE" bench report "$T/old.json" --report "$T/old.html"
look "$T/old.html" "$T/old.json"
expect 0 "" "$VIGIE" bench report "$T/bare.json" --report "$T/bare.html"
grep -q "not measured" "$T/bare.html" || fail "nothing was measured, and the page does not say so"

expect 3 "/profile/classes/0/rate_fps: 5, 6" "$VIGIE" bench report "$T/kept.json" --against "$T/faster.json" --report "$T/no.html"
expect 3 "does not say its profile" "$VIGIE" bench report "$T/kept.json" --against "$T/unsaid.json" --report "$T/no.html"
expect 3 "no result of bench sizing" "$VIGIE" bench report "$SEEDS/empty" --report "$T/no.html"
expect 2 "number of arguments" "$VIGIE" bench report "$T/kept.json"
[ -e "$T/no.html" ] && fail "a refused page was written"
expect 3 "$T/none" "$VIGIE" bench report "$T/kept.json" --report "$T/none/page.html"

# the page sees a point that is not where its number is, and a mark that is gone
if [ -z "$lack" ]; then
    export VIGIE_NODE=$NODE_FOLDER CHROMIUM
    sed '0,/cx="316/s/cx="316/cx="326/' "$T/en.html" >"$T/moved.html"
    node "$HERE/sizing_page_check.mjs" "$T/moved.html" "$T/kept.json" >/dev/null && fail "a point that was moved is not seen"
    sed 's/<span class="m extrapolated">[^<]*<\/span>//' "$T/en.html" >"$T/bare.html"
    node "$HERE/sizing_page_check.mjs" "$T/bare.html" "$T/kept.json" >/dev/null && fail "a mark that is gone is not seen"
fi

# a measure just made
if [ -e "$VIGIE_MODELS/nanodet-g.vgm" ] && [ -e "$CLIP" ]; then
    export TMPDIR=$T
    ffmpeg -v error -t 8 -i "$CLIP" -c:v libx264 -g 20 -bf 0 -pix_fmt yuv420p "$T/clip.mp4"
    cat >"$T/profile.json" <<'JSON'
{ "version": 1, "name": "essai", "classes": [ { "name": "places", "share": 1, "width": 768, "height": 576, "fps": 10 } ] }
JSON
    expect 0 "" "$VIGIE" bench sizing --profile "$T/profile.json" --tiers 1,50 --max 1 --settle 0 --measure 2 \
        --json --report "$T/live.html" "$T/clip.mp4"
    cp "$T/stdout" "$T/live.json"
    look "$T/live.html" "$T/live.json"
    made=$T/live.json
else
    echo "a measure just made: skipped: no model or no clip"
fi

# all that a result says is on the page, or left out for a reason
python3 "$HERE/report_keys_check.py" "$VIGIE" ${made:+"$made"} "$SEEDS/only" "$SEEDS/whole" "$SEEDS/estimated" \
    "$SEEDS/devices" || fail "keys of the results"
finish
