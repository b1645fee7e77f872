#!/usr/bin/env bash
# vigie model: import and its refusals, with the exit codes of the contract; nothing is ever left
# half-written. Wants the two source files that ./dev model keeps in cache/nanodet.
. "$(dirname "$0")/lib.sh"
SRC=$VIGIE_SOURCE_DIR/cache/nanodet
need "$SRC/nanodet.json" "no cache/nanodet: run ./dev model"
DESCRIPTOR=$VIGIE_SOURCE_DIR/models/descriptors/nanodet-g.json
CLASSES=$VIGIE_SOURCE_DIR/models/class_lists/coco-80.json
export VIGIE_MODELS=$T/models
model() { "$VIGIE" model "$@"; }
said() { grep -qF -- "$1" "$T/stdout" || fail "no \"$1\" on stdout"; }

expect 2 "unknown word" model frob
expect 2 "wrong number of arguments" model import
expect 3 "there is no such model" model info nanodet-g
expect 0 "" model list && said "no model is installed"

expect 0 "" model import "$SRC/nanodet.json" && said "28 of 80 classes kept, licence Apache-2.0"
expect 0 "" model import "$SRC/nanodet.json" && said "is there already, unchanged"
expect 0 "" model verify nanodet-g && said "is whole"
expect 0 "" model info nanodet-g --json && said '"multiply_adds":2090083840'
expect 0 "" model list --json && said '"name":"nanodet-g","whole":true'

# the source: changed, cut, missing
mkdir "$T/changed" "$T/cut" "$T/alone" "$T/short" "$T/other"
sed 's/LeakyRelu_1"/LeakyRelu_9"/' "$SRC/nanodet.json" >"$T/changed/nanodet.json"
expect 5 "≠ 4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d" model import "$T/changed/nanodet.json" --name a
head -c 100000 "$SRC/nanodet.json" >"$T/cut/nanodet.json"
expect 3 "$T/cut/nanodet.json: 100000 B ≠ 121604 B" model import "$T/cut/nanodet.json" --name a
cp "$SRC/nanodet.json" "$T/alone/"
expect 3 "$T/alone/nanodet.bin" model import "$T/alone/nanodet.json" --name a
cp "$SRC/nanodet.json" "$T/short/" && head -c 7000000 "$SRC/nanodet.bin" >"$T/short/nanodet.bin"
expect 3 "$T/short/nanodet.bin: 7000000 B ≠ 7574558 B" model import "$T/short/nanodet.json" --name a
printf x | dd of="$T/short/nanodet.bin" bs=1 seek=6999999 2>/dev/null
tail -c +7000001 "$SRC/nanodet.bin" >>"$T/short/nanodet.bin"
expect 5 "≠ 5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9" model import "$T/short/nanodet.json" --name a
expect 3 "neither an ONNX file nor a graph of TensorFlow.js" model import "$T/short/nanodet.bin" --name a
: >"$T/empty.onnx"
expect 3 "neither an ONNX file nor a graph of TensorFlow.js: $T/empty.onnx" model import "$T/empty.onnx"

# a descriptor of one's own, without hashes: the graph itself is judged
python3 - "$DESCRIPTOR" "$SRC/nanodet.json" "$T" "$CLASSES" <<'PY'
import json, sys
d = json.load(open(sys.argv[1])); text = open(sys.argv[2]).read(); t = sys.argv[3]
del d["source"]
d.update(json.load(open(sys.argv[4])))
def put(name, **change): json.dump({**d, **change}, open(f"{t}/{name}.json", "w"), indent=1)
put("free")
put("unmapped", map={k: v for k, v in d["map"].items() if k != "kite"})
put("plate", classes=d["classes"][:79] + ["licence plate"])
graph = json.loads(text)
next(n for n in graph["modelTopology"]["node"] if n["op"] == "LeakyRelu")["op"] = "Mish"
json.dump(graph, open(f"{t}/other/nanodet.json", "w"))
PY
cp "$SRC/nanodet.bin" "$T/other/"
cp "$SRC/nanodet.bin" "$T/cut/"
expect 3 "the operator is unknown: $T/other/nanodet.json: \"PartitionedCall/onnx_tf_prefix_LeakyRelu_1\": Mish" model import "$T/other/nanodet.json" --name a --descriptor "$T/free.json"
expect 3 "it is cut: $T/cut/nanodet.json:" model import "$T/cut/nanodet.json" --name a --descriptor "$T/free.json"
expect 3 "a class of the net is not mapped: $T/unmapped.json:" model import "$SRC/nanodet.json" --name a --descriptor "$T/unmapped.json"
grep -qF '"kite"' "$T/stderr" || fail "the class is not named"
expect 3 "\"licence plate\"" model import "$SRC/nanodet.json" --name a --descriptor "$T/plate.json"
expect 2 "\"A b\"" model import "$SRC/nanodet.json" --name "A b"
[ "$(ls -A "$VIGIE_MODELS")" = nanodet-g.vgm ] || fail "left behind: $(ls -A "$VIGIE_MODELS")"

# names, damage, removal
expect 0 "" model import "$SRC/nanodet.json" --name a --descriptor "$T/free.json"
sed 's/"nms": 0.6/"nms": 0.5/' "$T/free.json" >"$T/half.json"
expect 3 "another model has this name" model import "$SRC/nanodet.json" --name a --descriptor "$T/half.json"
printf x | dd of="$VIGIE_MODELS/a.vgm" bs=1 seek=5000 conv=notrunc 2>/dev/null
expect 5 "$VIGIE_MODELS/a.vgm: " model verify
said "nanodet-g is whole"
expect 5 "" model list
expect 0 "" model import "$SRC/nanodet.json" --name a --descriptor "$T/free.json" # mends it
head -c 6000 "$VIGIE_MODELS/a.vgm" >"$T/a.vgm"
expect 3 "the model file is cut: $T/a.vgm: 0x1770: 6000 B ≠ " model info "$T/a.vgm"
# a file of the version before: refused with what helps, and importing again mends it
cp "$VIGIE_SOURCE_DIR/tests/fuzz/seeds/model_file/version_1.vgm" "$VIGIE_MODELS/a.vgm"
expect 3 "this version of the model file is unknown: $VIGIE_MODELS/a.vgm: 0x8: version=1 ≠ 2" model verify a
grep -qF "vigie model import" "$T/stderr" || fail "no remedy is named"
expect 0 "" model import "$SRC/nanodet.json" --name a --descriptor "$T/free.json"
expect 0 "" model verify a
expect 0 "" model remove a
expect 3 "there is no such model" model remove a
expect 2 "only a model of the models' folder" model remove ../a

# running: the wrong calls that need no device
expect 2 "a model is wanted" model run x.jpg
expect 2 "wrong number of arguments" model run --model nanodet-g
expect 3 "$T/none.jpg" model run --model nanodet-g "$T/none.jpg"
expect 2 "or auto:60 were expected: --tiles 8x2" model run --model nanodet-g --tiles 8x2 x.jpg
expect 2 "or auto:60 were expected: --tiles auto:x" model run --model nanodet-g --tiles auto:x x.jpg
expect 2 "leave --tiles out" model run --model nanodet-g --tiles 2x2 --raw "$T/raw" x.jpg
expect 2 "--prepared goes with --raw" model run --model nanodet-g --prepared x.jpg
expect 2 "--size auto" model run --model nanodet-g --tensor "$T/a.vgm" --size auto
expect 2 "--size 410x416 (32)" model run --model nanodet-g --tensor "$T/a.vgm" --size 410x416
expect 3 "$T/a.vgm: 6000 B ≠ 2076672 B" model run --model nanodet-g --tensor "$T/a.vgm" --size 416x416

# the test tensor of the reference: outputs of the right size, boxes, nothing written else
python3 - "$T/formula.f32" <<'PY'
import struct, sys
mean, std = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
with open(sys.argv[1], "wb") as f:
    for c in range(3):
        for y in range(416):
            f.write(struct.pack("<416f", *(((3 * x + 5 * y + 7 * x * y // 16 + 37 * c) % 256 - mean[c]) / std[c]
                                           for x in range(416))))
PY
expect 0 "" model run --model nanodet-g --tensor "$T/formula.f32" --size 416x416 --raw "$T/raw" --threshold 0.3
said "person       0.3365"
[ "$(stat -c %s "$T/raw/Identity.f32")" -eq $((2704 * 80 * 4)) ] || fail "size of Identity.f32"
[ "$(stat -c %s "$T/raw/Identity_5.f32")" -eq $((169 * 44 * 4)) ] || fail "size of Identity_5.f32"
REF=$(shared models/outputs.json)
[ -z "$REF" ] || python3 - "$REF" "$T/raw" <<'PY' || fail "the outputs differ from the reference"
import json, struct, sys
ref = json.load(open(sys.argv[1]))
for name, key in zip(["Identity"] + [f"Identity_{i}" for i in range(1, 6)],
                     ["cls_8", "cls_16", "cls_32", "dis_8", "dis_16", "dis_32"]):
    data = open(f"{sys.argv[2]}/{name}.f32", "rb").read()
    got = struct.unpack(f"<{len(data) // 4}f", data)
    for i, want in ref["nanodet_g_416.onnx " + key]["at"].items():
        assert abs(got[int(i)] - want) < 1e-4, (key, i, got[int(i)], want)
PY
finish
