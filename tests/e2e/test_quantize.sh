#!/usr/bin/env bash
# vigie model quantize: pictures in, a model in two precisions out, and what is refused.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
cp "$VIGIE_MODELS/nanodet-g.vgm" "$T/"
export VIGIE_MODELS=$T
said() { grep -qF -- "$1" "$T/stdout" || fail "no \"$1\" on stdout: $(tail -n 3 "$T/stdout")"; }
quantize() { expect "$1" "$2" "$VIGIE" model quantize "${@:3}"; }

quantize 2 "a model is wanted" "$CLIP"
quantize 2 "pictures are wanted" --model nanodet-g
quantize 3 "there is no such model" --model nanodet-x "$CLIP"
quantize 3 "$T/none.jpg" --model nanodet-g "$T/none.jpg"
quantize 2 "is no name" --model nanodet-g --out "$T/a/b" "$CLIP"
mkdir "$T/empty"
quantize 2 "too few pictures" --model nanodet-g --size 96x96 "$T/empty"
[ -e "$T/nanodet-g-int8.vgm" ] && fail "a refused call left a model"

# a clip gives 32 pictures; the name is the model's with -int8
quantize 0 "" --model nanodet-g --size 160x128 "$CLIP"
said "nanodet-g-int8 written: $T/nanodet-g-int8.vgm (3"
said " of 34 convolutions in 8 bits)"
quantize 3 "another model has this name" --model nanodet-g "$CLIP"
quantize 3 "another model has this name" --model nanodet-g --out nanodet-g "$CLIP"
quantize 1 "quantised already" --model nanodet-g-int8 --out again "$CLIP"
expect 0 "" "$VIGIE" model verify nanodet-g-int8
expect 0 "" "$VIGIE" model info nanodet-g-int8
said "f32, and int8 for 3"
expect 0 "" "$VIGIE" model info nanodet-g-int8 --json && said '"quantised":true'

# both precisions of one file; the plans differ; a model without the other says so
for p in f32 int8; do
    expect 0 "" "$VIGIE" model run --model nanodet-g-int8 --precision $p --size 160x128 --json "$CLIP"
    said "\"precision\":\"$p\""
    grep -o '"plan":"[0-9a-f]*"' "$T/stdout" >"$T/plan.$p"
done
cmp -s "$T/plan.f32" "$T/plan.int8" && fail "both precisions have one plan"
expect 2 "make one: vigie model quantize" "$VIGIE" model run --model nanodet-g --precision int8 "$CLIP"
expect 2 "there is no such precision" "$VIGIE" model run --model nanodet-g --precision int4 "$CLIP"
expect 2 "there is no such precision" "$VIGIE" batch --precision half "$CLIP"
expect 0 "" "$VIGIE" bench model --model nanodet-g-int8 --precision int8 --size 96x96 --runs 1 --json
said '"precision":"int8"'
finish
