#!/usr/bin/env bash
# Correctness and speed of the engine on whatever OpenCL device stands in a machine, with nothing but
# a C compiler, cmake and an OpenCL loader (headers may come from a CUDA toolkit). Writes one JSON.
#
#   bench/device.sh [--model FILE.vgm]... [--device WORD] [--batches 1,2,4] [--seconds S] [--out FILE]
#                   [--include DIR] [--library FILE] [--build DIR] [--quick] [--untuned]
#
# Every kernel in all its forms against its twin; then for each net a table by batch (pictures a second,
# median, p99 and joules a picture, with upload, preparation and boxes, and the net alone) of what the
# device takes by itself, of floats, of halves, of any GPU's kernels, on NVIDIA without its matrix
# instruction, and with the fastest kernels looked for.
#
# --model    which nets to time; default: cache/models/*.vgm
# --device   number, cpu, gpu or a part of the name; default: gpu, or the first where there is none
# --include  folder that holds CL/cl.h; --library: libOpenCL.so.1; found by themselves where usual
# --out      default: device-NAME.json in $OUT, or in bench/results where $OUT is not set
# --quick    small cases and two batches, of which the tuner looks at one: does everything run?
# --untuned  the tuner is left out, which takes minutes
# Exit code 0; 1 when a kernel is wrong or a net failed (the JSON says which); 2 when nothing was run.
set -euo pipefail
cd "$(dirname "$0")/.."
command_line="bench/device.sh $*"
models=() device="" batches=1,8,32 seconds=3 out="" include="" library="" build=build-device quick="" untuned=""
die() { printf 'device.sh: %s\n' "$*" >&2; exit 2; }
while [ $# -gt 0 ]; do
    case "$1" in
    --quick) quick=1; shift; continue ;;
    --untuned) untuned=1; shift; continue ;;
    --model|--device|--batches|--seconds|--out|--include|--library|--build)
        [ $# -gt 1 ] || die "$1 wants a value" ;;
    *) die "$1: not an option (see the head of this file)" ;;
    esac
    case "$1" in
    --model) models+=("$2") ;;
    --device) device=$2 ;;
    --batches) batches=$2 ;;
    --seconds) seconds=$2 ;;
    --out) out=$2 ;;
    --include) include=$2 ;;
    --library) library=$2 ;;
    --build) build=$2 ;;
    esac
    shift 2
done
if [ ${#models[@]} -eq 0 ]; then
    for m in cache/models/*.vgm; do [ -f "$m" ] && models+=("$m"); done
fi
if [ -n "$quick" ]; then batches=1,2 seconds=0.2; fi

# ---- what the machine has -----------------------------------------------------------------------
first_of() { # first_of TEST FILE...: the first that stands the test
    local how=$1 f
    shift
    for f in "$@"; do if [ "$how" "$f" ]; then printf '%s' "$f"; return; fi; done
}
if [ -z "$include" ]; then
    header=$(first_of -f /usr/include/CL/cl.h /usr/local/include/CL/cl.h /usr/local/cuda*/include/CL/cl.h \
        /usr/local/cuda*/targets/*/include/CL/cl.h /opt/*/include/CL/cl.h \
        /opt/*/.venv/lib/python3*/site-packages/nvidia/*/include/CL/cl.h)
    include=${header%/CL/cl.h}
fi
[ -f "$include/CL/cl.h" ] || die "CL/cl.h is nowhere: give --include DIR (Debian: opencl-c-headers)"
if [ -z "$library" ]; then
    library=$(ldconfig -p 2>/dev/null | sed -n 's/.*libOpenCL\.so\.1 .*=> //p' | head -n 1)
    [ -n "$library" ] || library=$(first_of -f /usr/lib/*/libOpenCL.so.1 /usr/local/nvidia/lib*/libOpenCL.so.1 \
        /usr/local/cuda*/lib64/libOpenCL.so.1 /usr/local/cuda*/targets/*/lib/libOpenCL.so.1 /opt/rocm*/lib/libOpenCL.so.1)
fi
[ -f "$library" ] || die "libOpenCL.so.1 is nowhere: give --library FILE (Debian: ocl-icd-libopencl1)"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# a driver whose loader was never told of it, as in many containers
nvidia=$(first_of -f /usr/lib/*/libnvidia-opencl.so.1 /usr/lib64/libnvidia-opencl.so.1 /usr/local/nvidia/lib*/libnvidia-opencl.so.1)
if [ -n "$nvidia" ] && ! grep -qs nvidia /etc/OpenCL/vendors/*.icd; then
    mkdir "$tmp/vendors"
    cp /etc/OpenCL/vendors/*.icd "$tmp/vendors/" 2>/dev/null || true
    printf '%s\n' "$nvidia" >"$tmp/vendors/nvidia.icd"
    export OCL_ICD_VENDORS="$tmp/vendors" OPENCL_VENDOR_PATH="$tmp/vendors" # ocl-icd's and Khronos' words
fi
LD_LIBRARY_PATH=$(dirname "$library")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
[ -z "$nvidia" ] || LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$(dirname "$nvidia")
export LD_LIBRARY_PATH

# ---- build ----------------------------------------------------------------------------------------
printf 'device.sh: headers %s, loader %s\n' "$include" "$library"
cmake -S . -B "$build" -DVG_ENGINE_ONLY=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DVIGIE_WERROR=OFF \
    -DVG_OPENCL_INCLUDE="$include" -DVG_OPENCL_LIBRARY="$library" >"$tmp/cmake.log" 2>&1 ||
    { cat "$tmp/cmake.log"; die "cmake failed"; }
cmake --build "$build" --parallel "$(nproc)" >"$tmp/build.log" 2>&1 || { tail -n 40 "$tmp/build.log"; die "the build failed"; }

# ---- run --------------------------------------------------------------------------------------------
bad=0
check() { "$build/engine_check" -d "$1" ${quick:+-s} -o "$tmp/check.json"; }
rc=0
check "${device:-gpu}" || rc=$?
if [ "$rc" -eq 4 ] && [ -z "$device" ]; then
    printf 'device.sh: no GPU here: the first device is taken\n'
    device=0 rc=0
    check 0 || rc=$?
fi
device=${device:-gpu}
[ "$rc" -le 1 ] || die "the check could not run (exit code $rc)"
[ "$rc" -eq 0 ] || bad=1
count=0
bench() { # bench MODEL OPTION...: one more table
    local model=$1
    shift
    count=$((count + 1))
    printf 'device.sh: engine_bench %s\n' "$*"
    "$build/engine_bench" -m "$model" -d "$device" -b "$batches" -t "$seconds" ${quick:+-r 3} "$@" \
        -o "$tmp/bench-$count.json" || bad=1
}
for m in ${models[@]+"${models[@]}"}; do
    # what the device takes by itself, with the steps' times; then as it would be otherwise
    bench "$m" -p
    bench "$m" -f f32
    bench "$m" -f f16
    bench "$m" -l any -f f16
    if [ -n "$nvidia" ]; then bench "$m" -l nvidia -f f16; fi
    if [ -z "$untuned" ]; then bench "$m" ${quick:+-b 1} -u; fi
done
[ "$count" -gt 0 ] || printf 'device.sh: no model: correctness alone\n'

# ---- one JSON -----------------------------------------------------------------------------------------
text() { printf '"%s"' "$(printf '%s' "$1" | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g')"; }
field() { sed -n "s/^$1[[:space:]]*: *//p" /proc/cpuinfo | head -n 1; }
name=$(sed -n 's/^{"device": "\([^"]*\)".*/\1/p' "$tmp/check.json" | head -n 1 | tr -cs 'A-Za-z0-9' '-' | sed 's/^-*//; s/-*$//')
if [ -z "$out" ]; then
    folder=${OUT:-bench/results}
    mkdir -p "$folder"
    out=$folder/device-${name:-unknown}.json
fi
{
    printf '{"what": "bench/device.sh", "command": %s, "date": %s,\n' "$(text "$command_line")" "$(text "$(date -u +%Y-%m-%dT%H:%M:%SZ)")"
    printf '"commit": %s, "cpu": %s, "cores": %s, "kernel": %s, "compiler": %s,\n' "$(text "$(git rev-parse HEAD 2>/dev/null || true)")" \
        "$(text "$(field 'model name')")" "$(nproc)" "$(text "$(uname -r)")" "$(text "$(cc --version 2>/dev/null | head -n 1)")"
    printf '"check":\n'
    cat "$tmp/check.json"
    printf ', "bench": [\n'
    for i in $(seq 1 "$count"); do
        [ "$i" -eq 1 ] || printf ','
        [ -s "$tmp/bench-$i.json" ] && cat "$tmp/bench-$i.json" || printf 'null\n'
    done
    printf ']}\n'
} >"$out"
printf 'device.sh: %s\n' "$out"
exit "$bad"
