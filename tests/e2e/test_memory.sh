#!/usr/bin/env bash
# vigie model run: resident memory with warm caches, and pictures of several sizes in one call.
# Wants the default model.
. "$(dirname "$0")/lib.sh"
need_model
"$VIGIE" model info nanodet-g >/dev/null 2>&1 || { echo "skipped: the model is of another version"; exit 77; }
MOST_MB=150
python3 - "$T" <<'PY'
import sys
for name, w, h in (("small", 320, 240), ("large", 1500, 1100)):
    rows = bytes((3 * x + 5 * y + 37 * c) & 255 for y in range(h) for x in range(w) for c in range(3))
    open(f"{sys.argv[1]}/{name}.ppm", "wb").write(b"P6\n%d %d\n255\n" % (w, h) + rows)
PY
mb() { python3 -c 'import resource,subprocess,sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024 if code == 0 else 99999)' "$@"; }

# compiled kernels are kept a second's worth a start: until nothing is new
kept=-1
for _ in $(seq 1 40); do
    mb "$VIGIE" model run --model nanodet-g "$T/small.ppm" >/dev/null
    now=$(find "${VIGIE_CACHE:-$HOME/.cache/vigie}/programs" -type f 2>/dev/null | wc -l)
    [ "$now" -eq "$kept" ] && break
    kept=$now
done
got=$(mb "$VIGIE" model run --model nanodet-g "$T/small.ppm")
echo "resident: $got MB, $kept programs kept"
[ "$got" -le "$MOST_MB" ] || fail "model run: $got MB, at most $MOST_MB"

# an engine that was opened for the first picture takes a larger one too, and the same again
"$VIGIE" model run --model nanodet-g "$T/small.ppm" "$T/large.ppm" "$T/small.ppm" >"$T/three" || fail "three pictures: exit code"
[ "$(grep -c boxes: "$T/three")" -eq 3 ] || fail "three pictures: $(cat "$T/three")"
python3 - "$T/three" <<'PY' || fail "the first picture and the last, the same one, differ"
import re, sys
parts = re.split(r"^.*boxes:.*$", open(sys.argv[1]).read(), flags=re.M)[1:]
assert parts[0] == parts[2]
PY

# the values of each step, on a picture and without one
expect 0 "" "$VIGIE" model verify nanodet-g --run
grep -q "every step gives finite numbers" "$T/stdout" || fail "verify --run: $(cat "$T/stdout")"
expect 0 "" "$VIGIE" model verify nanodet-g --picture "$T/small.ppm"
expect 3 "the file is not there: $T/none.ppm" "$VIGIE" model verify nanodet-g --picture "$T/none.ppm"
finish
