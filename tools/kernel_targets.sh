#!/usr/bin/env bash
# Every kernel compiled for the processors of GPUs that this machine does not have: to PTX for
# NVIDIA, to machine code for AMD, to SPIR's intermediate code for Intel and others. Nothing is run.
#   tools/kernel_targets.sh [FILE.cl...]     default: kernels/*.cl
# A name that ends in _x86 holds instructions of that processor and is compiled for it alone, one
# that ends in _ptx for NVIDIA alone. CLANG: another compiler than clang-14.
# Prints file, target and options of each failure with the compiler's words; exit code 1 if any.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 4
export CLANG=${CLANG:-clang-14}
command -v "$CLANG" >/dev/null || { echo "kernel_targets.sh: no $CLANG" >&2; exit 4; }

# name, triple and what clang makes there (it has no code generator of its own for SPIR; for NVIDIA it
# declares vload_half, which every device has, only with the extension for arithmetic in halves; the
# functions of Intel's sub-groups stand in its longer header alone)
TARGETS="nvidia nvptx64-nvidia-nvcl -march=sm_60,-Xclang,-cl-ext=+cl_khr_fp16,-S
amd amdgcn-amd-amdhsa -mcpu=gfx906,-nogpulib,-S
spir spir64-unknown-unknown -include,opencl-c.h,-emit-llvm,-c
x86 x86_64-pc-linux-gnu -mavx512f,-mavx512vnni,-S"
# what the plans build with, beside the defaults that stand in each file
OPTIONS="-DDEFAULTS=1
-DHALF_STORAGE=1
-DSPREAD=1"
grep -q '^#ifndef VG_BLOCK' kernels/kernel_sizes.h && OPTIONS+=$'\n-DVG_BLOCK=8'
# kernel and options: other tiles of src/engine/conv_variants.c, with what else a store may do
TILES="conv_tile -DP=128 -DOB=4 -DHALF_STORAGE=1
conv_tile -DP=128 -DOB=4 -DACT=VG_ACT_CODE_SILU -DADD=VG_ADD_CODE_LINEAR
conv_tile -DP=64 -DOB=1 -DACT=VG_ACT_CODE_HARD_SWISH -DADD=VG_ADD_CODE_AFTER
conv_tile -DP=32 -DOB=1 -DX_PIXEL=4 -DS_Y=2 -DS_X=2
conv_mma_ptx -DP=16 -DOB=1
conv_mma_ptx -DP=16 -DOB=2 -DACT=VG_ACT_CODE_SILU -DADD=VG_ADD_CODE_LINEAR
conv_mma_ptx -DP=32 -DOB=2
conv_subgroup -DP=2 -DOB=1 -DACT=VG_ACT_CODE_CLIP -DADD=VG_ADD_CODE_NEAREST
conv_subgroup -DP=4 -DOB=1 -DHALF_STORAGE=1"

fits() { # fits FILE TARGET
    case "$1" in
    *_x86.cl) [ "$2" = x86 ] ;;
    *_ptx.cl) [ "$2" = nvidia ] ;;
    *) [ "$2" != x86 ] ;;
    esac
}

takes() { # takes FILE OPTION: kernels for GPUs have a spread form (kernels/map.clh)
    [ "$2" != -DSPREAD=1 ] || grep -q '^GROUP __kernel' "$1"
}

options() { # options FILE: a line for each compilation
    local option name more
    while read -r option; do
        takes "$1" "$option" && echo "$option"
    done <<<"$OPTIONS"
    while read -r name more; do
        [ "$(basename "$1" .cl)" != "$name" ] || echo "$more"
    done <<<"$TILES"
}

one() { # one FILE TARGET TRIPLE FLAGS OPTIONS
    local words
    # shellcheck disable=SC2046,SC2086
    words=$("$CLANG" -x cl -cl-std=CL1.2 -O1 -Wall -Werror -Xclang -finclude-default-header -D__OPENCL_VERSION__=120 -I kernels \
        -target "$3" $(tr ',' ' ' <<<"$4") $5 -o /dev/null "$1" 2>&1) && return 0
    printf '%s for %s with %s:\n%s\n' "$1" "$2" "$5" "$words"
    return 1
}
export -f one

files=("$@")
[ ${#files[@]} -gt 0 ] || files=(kernels/*.cl)
LIST=$(mktemp)
trap 'rm -f "$LIST"' EXIT
while read -r name triple flags; do
    for f in "${files[@]}"; do
        fits "$f" "$name" || continue
        while read -r option; do
            printf '%s\0%s\0%s\0%s\0%s\0' "$f" "$name" "$triple" "$flags" "$option"
        done < <(options "$f")
    done
done <<<"$TARGETS" >"$LIST"
jobs=$(($(tr -dc '\000' <"$LIST" | wc -c) / 5))
xargs -0 -n 5 -P "$(nproc)" bash -c 'one "$@"' one <"$LIST" || { echo "kernel_targets.sh: not all of $jobs compile" >&2; exit 1; }
echo "kernel_targets.sh: $jobs compilations, all good"
