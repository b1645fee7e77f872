#!/usr/bin/env bash
# The ledger of coverage: of clips, and of a flux through a stop, a kill and a restart. Whatever
# happens, the causes add up to the nominal time, and that to the time that passed.
. "$(dirname "$0")/serve_lib.sh"
need_model

ffmpeg -v error -f lavfi -i testsrc=s=320x240:r=10:d=64 -pix_fmt yuv420p -c:v mpeg4 "$T/good.avi"
head -c $(($(stat -c %s "$T/good.avi") / 2)) "$T/good.avi" >"$T/cut.avi"

# ---- clips
"$VIGIE" batch --json --rate 2 --out "$T/one" "$T/good.avi" >"$T/json" 2>/dev/null || fail "batch"
[ "$(get 'a["coverage"] == {"nominal_s": 64, "analysed_s": 64}' <"$T/json")" = True ] ||
    fail "a good clip: $(cat "$T/json")"
expect 1 "" "$VIGIE" batch --rate 2 --out "$T/one" "$T/cut.avi"
"$VIGIE" batch --rate 2 --jobs 2 --out "$T/two" "$T/good.avi" "$T/cut.avi" >/dev/null 2>&1
for stem in good cut; do
    cmp "$T/one/$stem/coverage.csv" "$T/two/$stem/coverage.csv" || fail "$stem: other bytes"
done
python3 - "$T/one" >"$T/said" 2>&1 <<'PY' || fail "coverage.csv: $(cat "$T/said")"
import csv, decimal, sys
for stem, lost in ("good", False), ("cut", True):
    rows = list(csv.DictReader(open(f"{sys.argv[1]}/{stem}/coverage.csv")))
    D = decimal.Decimal
    parts = [k for k in rows[0] if k.endswith("_s") and k not in ("time_s", "nominal_s")]
    assert [r["time_s"] for r in rows] == ["0", "60"], rows
    assert [D(r["nominal_s"]) for r in rows] == [60, 4], rows
    for r in rows:
        assert sum(D(r[p]) for p in parts) == D(r["nominal_s"]), r
    assert (D(rows[1]["lost_s"]) > 3) == lost, rows
    assert lost or [r["wanted"] for r in rows] == [r["analysed"] for r in rows] == ["120", "8"], rows
PY

# ---- a flux
make_site
start_server || finish
sign_in
within 90 well || fail "not well: $(health)"
api POST /flux "{\"id\":\"cam-1\",\"url\":\"file:$T/good.avi\",\"rate_fps\":2}" >"$T/flux" ||
    fail "flux: $(cat "$T/flux")"
coverage() { api GET "/flux/cam-1/coverage?step=minute"; }
seconds() { coverage | get "a['analysed_s'] if '$1' == 'analysed' else a['causes'].get('$1', 0)"; }
more() { [ "$(seconds "$1")" -ge "$2" ]; }
within 60 more analysed 8 || fail "not analysed: $(coverage)"
FIRST=$(coverage | get 'next(i["time"] for i in a["items"] if i["nominal_s"])')

"$VIGIE" stop --data "$DATA" >/dev/null 2>&1 || fail "stop"
within 30 more stopped 4 || fail "the stop is not told: $(coverage)"
"$VIGIE" resume --data "$DATA" >/dev/null 2>&1 || fail "resume"
kill -9 "$(child analysis)"
within 60 more down 1 || fail "the kill is not told: $(coverage)"
api PUT /flux/cam-1/active false >/dev/null || fail "switch off"
within 30 more off 4 || fail "off is not told: $(coverage)"
api PUT /flux/cam-1/active true >/dev/null || fail "switch on"
BEFORE=$(seconds analysed)
within 60 more analysed $((BEFORE + 5)) || fail "not analysed again: $(coverage)"
end_server TERM
sleep 3
start_server || finish
sign_in
DOWN=$(seconds down)
within 90 more down $((DOWN + 3)) || fail "the restart is not told: $(coverage)"
BEFORE=$(seconds analysed)
within 60 more analysed $((BEFORE + 5)) || fail "not analysed after the restart: $(coverage)"
coverage >"$T/coverage"
python3 - "$T/coverage" "$FIRST" >"$T/said" 2>&1 <<'PY' || fail "sums: $(cat "$T/said"): $(cat "$T/coverage")"
import datetime, json, sys
a = json.load(open(sys.argv[1]))
def total(x):
    return x["analysed_s"] + sum(v for k, v in x["causes"].items() if k != "off")
for x in a["items"] + [a]:
    assert total(x) == x["nominal_s"], x
told = [x for x in a["items"] if x["nominal_s"] + x["causes"].get("off", 0)]
assert told[0]["time"] == sys.argv[2], told[0]
for x in told[1:-1]: # whole minutes
    assert x["nominal_s"] + x["causes"].get("off", 0) == 60, x
assert not any(x["clock_set"] for x in told), told
PY
curl -sS --cacert "$DATA/tls/cert.pem" -b "$T/cookies" "https://$ADDRESS/metrics" |
    grep -c >/dev/null '^vigie_coverage_seconds_total{flux="cam-1",cause="analysed"} [0-9]' || fail "no metric"
api GET "/flux/cam-1/coverage?format=csv" | grep -c >/dev/null '^time,nominal_s,wanted' || fail "no table"
end_server TERM
finish
