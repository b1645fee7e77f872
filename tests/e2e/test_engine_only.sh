#!/usr/bin/env bash
# The engine alone builds where there is neither pkg-config nor any of the product's libraries, and
# its two programs run: bench/device.sh as on a machine with a GPU, quickly. Takes long.
. "$(dirname "$0")/lib.sh"
BUILD=$VIGIE_BUILD_DIR/engine-only
MODELS=()
[ -f "$VIGIE_SOURCE_DIR/cache/models/nanodet-g.vgm" ] && MODELS=(--model cache/models/nanodet-g.vgm)

PKG_CONFIG=/nowhere bash "$VIGIE_SOURCE_DIR/bench/device.sh" --quick --device cpu --build "$BUILD" \
    ${MODELS[@]+"${MODELS[@]}"} --out "$T/device.json" >"$T/stdout" 2>"$T/stderr" ||
    { cat "$T/stdout" "$T/stderr"; fail "bench/device.sh: exit code not 0"; }
python3 - "$T/device.json" ${#MODELS[@]} <<'PY' || fail "the JSON of bench/device.sh is not as expected"
import json, sys
with open(sys.argv[1], encoding="utf-8") as f:
    d = json.load(f)
c = d["check"]
assert c["good"] >= 20 and c["wrong"] == 0 and c["failed"] == 0, c["good"]
assert len(c["cases"]) == c["good"] + c["skipped"]
if int(sys.argv[2]):
    rows = d["bench"][0]["batches"]
    assert [(r["way"], r["batch"]) for r in rows] == [("whole", 1), ("net", 1), ("whole", 2), ("net", 2)]
    assert all(r["pictures_per_s"] > 0 and r["j_per_picture"] is None for r in rows)
PY
python3 "$VIGIE_SOURCE_DIR/tests/e2e/schema_check.py" "$VIGIE_SOURCE_DIR/docs/schemas/device_bench.json" "$T/device.json" ||
    fail "the JSON of bench/device.sh is not of its schema"
for program in engine_check engine_bench; do
    if ldd "$BUILD/$program" | grep -vE 'linux-vdso|libOpenCL|libm\.|libc\.|ld-linux|libpthread|libdl|lib(a|t|ub)san|libclblast|libstdc\+\+|libgcc_s'; then
        fail "$program wants more than OpenCL, CLBlast and libc"
    fi
done
for bad in "--frob" "--model" "--include /nowhere"; do
    # shellcheck disable=SC2086
    bash "$VIGIE_SOURCE_DIR/bench/device.sh" $bad >/dev/null 2>&1 && fail "device.sh $bad: exit code 0"
done
finish
