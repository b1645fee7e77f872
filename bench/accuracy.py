#!/usr/bin/env python3
"""Does the engine find what ONNX Runtime finds with the same net? Average precision of persons.

  bench/accuracy.py --onnx DIR --stills DIR [--clip FILE --truth gt.txt] [--build build] [--only WORD]...

Stills (a folder with images/, labels.csv and pictures.csv: file,class,left,top,width,height,iscrowd): the
engine prepares each picture and runs it; ONNX Runtime runs what the engine prepared; the raw outputs of
both go through one decoder and one suppression (bench/heads.py), and beside them stand the boxes that the
engine gives itself. AP50 of each against the labels (bench/ap50.py): the difference may be 0.003 at most.

Clip (every picture, `vigie batch`) and its truth (MOTChallenge rows): AP50 by `vigie score`, for each net
at its own size, and for the default one at the size that --size auto takes.

Prints Markdown and writes bench/results/NAME.json. DIR of --onnx as in bench/engine.py; ONNX Runtime:
bench/ort/fetch.sh. A busy machine does no harm here: nothing is timed.
"""
import argparse
import csv
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import engine  # noqa: E402
from ap50 import ap50  # noqa: E402
from heads import Outputs, decode, floats  # noqa: E402

NETS = (
    {"model": "nanodet-g", "title": "NanoDet-g", "onnx": "nanodet_g_416.onnx"},
    {"model": "nanodet-plus-m", "title": "NanoDet-Plus-m", "onnx": "nanodet_plus_m_416.onnx"},
    {"model": "yolox-nano", "title": "YOLOX-nano", "onnx": "yolox_nano_416.onnx"},
    {"model": "fastestdet", "title": "FastestDet", "onnx": "fastestdet_352.onnx"},
)
THRESHOLD, NMS = 0.05, 0.6
ALLOWED = 0.003
CHUNK = 32  # pictures whose tensors lie on the disk at a time


def labels(folder, wanted):
    """Truth of the persons, and the pictures' paths, in the order of pictures.csv."""
    with open(os.path.join(folder, "pictures.csv"), encoding="utf-8", newline="") as f:
        files = [row["file"] for row in csv.DictReader(f)]
    truth = {file: [] for file in files}
    with open(os.path.join(folder, "labels.csv"), encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            if row["class"] == wanted:
                left, top, width, height = (float(row[k]) for k in ("left", "top", "width", "height"))
                truth[row["file"]].append((left, top, left + width, top + height, row["iscrowd"] == "1"))
    return truth


def difference(info, folder):
    """The largest of any value of any output, over 1 or the value itself where that is more."""
    worst = 0.0
    for o in info["outputs"]:
        ours, theirs = (floats(os.path.join(folder, o["name"] + ending)) for ending in (".f32", ".ort.f32"))
        if len(ours) != len(theirs):
            raise engine.Missing(f'{o["name"]}: {len(ours)} values, {len(theirs)} of ONNX Runtime')
        worst = max(worst, max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(ours, theirs)))
    return worst


def boxes_of(item, wanted):
    return [(b["box"][0], b["box"][1], b["box"][0] + b["box"][2], b["box"][1] + b["box"][3], b["score"])
            for b in item["boxes"] if b["class"] == wanted]


def stills_chunk(sides, net, info, model, paths, folder, found):
    """Runs both on some pictures; adds to found[who][file]; returns the largest difference."""
    size = (info["input"]["width"], info["input"]["height"])
    person = [c["class"] for c in info["classes"]].index("person")
    folders = [os.path.join(folder, os.path.splitext(os.path.basename(p))[0]) for p in paths]
    command = [sides.args.vigie, "model", "run", "--model", model, "--raw", folder if len(paths) > 1 else folders[0],
               "--prepared", "--json", "--threshold", str(THRESHOLD), "--nms", str(NMS), *paths]
    report = engine.run_json(command, sides.env())
    engine.run_json([sides.args.node, os.path.join(engine.HERE, "ort", "detect.mjs"), sides.onnx(net), "--shape",
                     f"1,3,{size[1]},{size[0]}", *folders], sides.env())
    worst = 0.0
    for item, path, place in zip(report["pictures"], paths, folders):
        picture, file = (item["width"], item["height"]), os.path.basename(path)
        found["boxes"][file] = boxes_of(item, "person")
        for who, ending in (("outputs", ".f32"), ("ort", ".ort.f32")):
            found[who][file] = decode(Outputs(info, place, ending, size), person, picture, THRESHOLD, NMS)
        worst = max(worst, difference(info, place))
        for name in os.listdir(place):
            os.unlink(os.path.join(place, name))
    return worst


def stills_measure(sides, net, args, folder):
    result = {"net": net["title"]}
    try:
        truth = labels(args.stills, "person")
        paths = [os.path.join(args.stills, "images", file) for file in truth]
        model = sides.model({"id": net["model"], **net})
        info = engine.run_json([args.vigie, "model", "info", model, "--json"], sides.env())
        found = {"boxes": {}, "outputs": {}, "ort": {}}
        worst = 0.0
        for first in range(0, len(paths), CHUNK):
            worst = max(worst, stills_chunk(sides, net, info, model, paths[first:first + CHUNK],
                                            os.path.join(folder, net["model"]), found))
            print(f'{net["title"]}: {min(first + CHUNK, len(paths))} of {len(paths)} stills', file=sys.stderr)
        result.update({who: ap50(truth, found[who]) for who in found}, pictures=len(paths), output_difference=worst)
        result["size"] = f'{info["input"]["width"]}x{info["input"]["height"]}'
        result["differences"] = [result[who][key] - result["ort"][key] for who in ("boxes", "outputs") for key in ("at_101", "area")]
        result["holds"] = max(abs(d) for d in result["differences"]) <= ALLOWED
    except (engine.Missing, OSError) as error:
        result["missing"] = str(error)
    return result


def clip_measure(sides, net, args, size, folder):
    result = {"net": net["title"], "asked": size or "the net's own"}
    try:
        model = sides.model({"id": net["model"], **net})
        out = os.path.join(folder, f'{net["model"]}-{size}')
        command = [args.vigie, "batch", args.clip, "--model", model, "--rate", "0", "--threshold", str(THRESHOLD),
                   "--nms", str(NMS), "--detections", "--json", "--out", out, *(["--size", size] if size else [])]
        result["analysed"] = engine.run_json(command, sides.env())["analysed"]
        stem = os.path.splitext(os.path.basename(args.clip))[0]
        score = engine.run_json([args.vigie, "score", "--truth", args.truth, "--json", "--detections",
                                 os.path.join(out, stem, "detections.csv")], sides.env())
        result.update(command=engine.shown(command).replace(out, "out"), score=score)
        print(f'{net["title"]}, {result["asked"]}: {result["analysed"]} pictures', file=sys.stderr)
    except (engine.Missing, OSError) as error:
        result["missing"] = str(error)
    return result


def ap_of(score):
    """AP50 wherever `vigie score` puts it."""
    for key, value in score.items():
        if key == "ap50":
            return value
        if isinstance(value, dict) and ap_of(value) is not None:
            return ap_of(value)
    return None


def stills_table(rows):
    lines = ["| net | ONNX Runtime | engine's outputs, same decoder | engine's own boxes | largest difference of AP50 | "
             "of an output | within 0.003 |", "|---|---|---|---|---|---|---|"]
    for r in rows:
        if "missing" in r:
            lines.append(f'| {r["net"]} | not measured: {r["missing"]} | | | | | |')
            continue
        cells = [f'{r[who]["at_101"]:.4f} ({r[who]["area"]:.4f})' for who in ("ort", "outputs", "boxes")]
        lines.append(f'| {r["net"]} {r["size"]} | {" | ".join(cells)} | {max(abs(d) for d in r["differences"]):.5f} | '
                     f'{r["output_difference"]:.1e} | {"yes" if r["holds"] else "**no**"} |')
    return "\n".join(lines)


def clip_table(rows):
    lines = ["| net | input | pictures | AP50 |", "|---|---|---|---|"]
    for r in rows:
        said = f'{r["analysed"]} | {ap_of(r["score"]):.4f}' if "score" in r else f'not measured: {r["missing"]} |'
        lines.append(f'| {r["net"]} | {r["asked"]} | {said} |')
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnx", default=os.path.join(engine.ROOT, "cache", "onnx"), help="folder of the ONNX files")
    parser.add_argument("--build", default=os.path.join(engine.ROOT, "build"))
    parser.add_argument("--ort", default=os.path.join(engine.ROOT, "cache", "ort"), help="what bench/ort/fetch.sh printed")
    parser.add_argument("--node", default="node")
    parser.add_argument("--stills", help="folder with images/, labels.csv and pictures.csv")
    parser.add_argument("--clip", help="with --truth")
    parser.add_argument("--truth", help="MOTChallenge rows of the clip")
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="nets whose name holds the word")
    parser.add_argument("--name", help="of the file in bench/results; default: accuracy-DATE")
    parser.add_argument("--results", default=os.path.join(engine.HERE, "results"), help="folder for the JSON")
    args = parser.parse_args()
    args.vigie = os.path.join(args.build, "vigie")
    if bool(args.clip) != bool(args.truth) or not (args.stills or args.clip):
        parser.error("--stills DIR, or --clip FILE with --truth FILE, or both")
    nets = [n for n in NETS if not args.only or any(word in n["model"] for word in args.only)]
    with tempfile.TemporaryDirectory(prefix="vigie-accuracy-") as folder:
        sides = engine.Sides(args, folder)
        stills = [stills_measure(sides, n, args, folder) for n in nets] if args.stills else []
        sizes = [(n, size) for n in nets for size in (None, *(("auto",) if n is NETS[0] else ()))]
        clips = [clip_measure(sides, n, args, size, folder) for n, size in sizes] if args.clip else []
        report = {"what": "bench/accuracy.py", "command": engine.shown(["bench/accuracy.py", *sys.argv[1:]]),
                  "date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": engine.machine(),
                  "versions": engine.versions(args), "threshold": THRESHOLD, "nms": NMS, "allowed": ALLOWED,
                  "stills": stills, "clip": clips}
    os.makedirs(args.results, exist_ok=True)
    path = os.path.join(args.results, (args.name or f"accuracy-{report['date']}") + ".json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(report, f, indent=1)
        f.write("\n")
    print(f'    {report["command"]}\n\n{report["date"]}, {report["machine"]["cpu"]}.\n')
    if stills:
        print(stills_table(stills) + "\n")
    if clips:
        print(clip_table(clips) + "\n")
    print(os.path.relpath(path), file=sys.stderr)
    return 0 if all(r.get("holds") for r in stills) and not any("missing" in r for r in clips) else 1


if __name__ == "__main__":
    sys.exit(main())
