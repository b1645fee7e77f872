#!/usr/bin/env bash
# The figures that are promised on PETS09-S2L1, from the program's own files.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
need_shared data/pets2009/gt.txt
TRUTH=$(shared data/pets2009/gt.txt)

"$VIGIE" batch "$CLIP" --out "$T" --rate 0 --threshold 0.05 --nms 0.6 --detections --tracks \
    >"$T/log" 2>&1 || fail "batch: $(tail -n 2 "$T/log")"
"$VIGIE" score --truth "$TRUTH" --detections "$T/vtest/detections.csv" --json >"$T/ap.json" || fail "score"
"$VIGIE" score --truth "$TRUTH" --tracks "$T/vtest/tracks.csv" --json >"$T/mot.json" || fail "score"
python3 - "$T/ap.json" "$T/mot.json" <<'P' || fail "below what is promised"
import json, sys
def find(o, key):
    if isinstance(o, dict):
        for k, v in o.items():
            if k.lower() == key and isinstance(v, (int, float)):
                return v
            r = find(v, key)
            if r is not None:
                return r
    return None
ap, mot = (json.load(open(p)) for p in sys.argv[1:3])
got = {"ap50": find(ap, "ap50"), "mota": find(mot, "mota"), "idf1": find(mot, "idf1")}
print(got)
# 0.9119: the same net, letterbox and NMS under a reference runtime (docs/bench.md)
ok = got["ap50"] >= 0.91 and abs(got["ap50"] - 0.9119) <= 0.002 and got["mota"] >= 0.80 and got["idf1"] >= 0.55
sys.exit(not ok)
P
finish
