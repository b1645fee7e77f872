#!/usr/bin/env bash
# What the program does not hold: nothing that recognises a person, and nothing that learns. Looked for
# among its symbols, kernels, libraries, the words of its API, the classes of every net it knows.
. "$(dirname "$0")/lib.sh"
command -v nm >/dev/null || { echo "skipped: no nm"; exit 77; }
cd "$VIGIE_SOURCE_DIR" || exit 1
PERSONS="face|faces|facial|visage|faceid|reid|reidentification|embedding|embeddings|landmark|landmarks|gait|iris|fingerprint|palmprint|biometric|biometrics|biometry|gender|ethnicity|emotion|plate|plates|anpr|alpr|lpr|ocr"
LEARNING="gradient|gradients|backward|backprop|optimizer|optimiser|sgd|adam|finetune|training|trainer"
# found FILE: names in it of which a word is one of those
found() { grep -iE "(^|[^A-Za-z])($PERSONS|$LEARNING)([^A-Za-z]|$)" "$1"; }

nm -a "$VIGIE" | awk '{print $NF}' | grep -E '^(vg_|[a-z])' | tr '_.' '  ' | sort -u >"$T/symbols"
[ "$(wc -l <"$T/symbols")" -gt 1000 ] || fail "the program's symbols cannot be seen"
ldd "$VIGIE" | awk '{print $1}' | tr '_.' '  ' >"$T/libraries"
for f in kernels/*.cl; do basename "$f" .cl; done | tr '_' ' ' >"$T/kernels"
grep -hoE '"/[a-z/{}_-]+"' api/*.c | sort -u >"$T/paths"
for list in symbols libraries kernels paths; do
    [ -s "$T/$list" ] || fail "$list: none found"
    if found "$T/$list"; then fail "$list: the above is not to be there"; fi
done
if grep -iE 'opencv.*(face|objdetect|dnn)|dlib|torch|tensorflow|onnxruntime|openvino' "$T/libraries"; then
    fail "a library that recognises persons, or learns"
fi
python3 - "$PERSONS" <<'PY' || fail "a class of a net that is known names a person's trait"
import glob, json, re, sys
bad = re.compile(rf"(^|[^A-Za-z])({sys.argv[1]})([^A-Za-z]|$)", re.I)
words = []
for file in glob.glob("models/descriptors/*.json") + glob.glob("models/class_lists/*.json"):
    with open(file, encoding="utf-8") as f:
        d = json.load(f)
    words += d["classes"] if isinstance(d["classes"], list) else []
    words += d.get("map", {}).keys()
assert len(words) >= 80, len(words)
assert not [w for w in words if bad.search(w)], words
PY
for planted in vg_face_find vg_person_embedding train_gradient reid; do
    tr '_' ' ' <<<"$planted" >"$T/planted"
    found "$T/planted" >/dev/null || fail "$planted would not be seen"
done
printf 'vg surface make\nvg class TRAIN\nvg interface\n' >"$T/planted"
found "$T/planted" && fail "what is harmless is taken for something else"
finish
