#!/usr/bin/env python3
"""Does the engine find what ONNX Runtime finds with the same net? Average precision of persons.

  bench/accuracy.py --onnx DIR --stills DIR [--clip FILE --truth gt.txt] [--build build] [--only WORD]...
  bench/accuracy.py --precision int8 [--calibration PATH]... [--stills DIR] [--clip FILE --truth gt.txt]

Stills (a folder with images/, labels.csv and pictures.csv: file,class,left,top,width,height,iscrowd): the
engine prepares each picture and runs it; ONNX Runtime runs what the engine prepared; the raw outputs of
both go through one decoder and one suppression (bench/heads.py), and beside them stand the boxes that the
engine gives itself. AP50 of each against the labels (bench/ap50.py): the difference may be 0.003 at most.

Clip (every picture, `vigie batch`) and its truth (MOTChallenge rows): AP50 by `vigie score`, for each net
at its own size, and for the default one at the size that --size auto takes.

With --precision int8 the engine stands against itself: AP50 by its own boxes in floats and in 8 bits,
the same file of a model. --calibration (pictures, folders, clips; none of those that are scored): the
8-bit form is made of them for the run; without it, the installed model must have one. The loss may be
0.015 on the stills and 0.01 on the clip.

Prints Markdown and writes bench/results/NAME.json. DIR of --onnx as in bench/engine.py; ONNX Runtime:
bench/ort/fetch.sh. A busy machine does no harm here: nothing is timed.
"""
import argparse
import csv
import json
import os
import shutil
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
ALLOWED_INT8 = {"stills": 0.015, "clip": 0.01}
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


def clip_score(sides, args, model, more, out):
    """(what was called, pictures, the score) of a model on the clip; `more` options."""
    command = [args.vigie, "batch", args.clip, "--model", model, "--rate", "0", "--threshold", str(THRESHOLD),
               "--nms", str(NMS), "--detections", "--json", "--out", out, *more]
    analysed = engine.run_json(command, sides.env())["analysed"]
    stem = os.path.splitext(os.path.basename(args.clip))[0]
    score = engine.run_json([args.vigie, "score", "--truth", args.truth, "--json", "--detections",
                             os.path.join(out, stem, "detections.csv")], sides.env())
    return engine.shown(command).replace(out, "out"), analysed, score


def clip_measure(sides, net, args, size, folder):
    result = {"net": net["title"], "asked": size or "the net's own"}
    try:
        model = sides.model({"id": net["model"], **net})
        out = os.path.join(folder, f'{net["model"]}-{size}')
        more = ["--size", size] if size else []
        result["command"], result["analysed"], result["score"] = clip_score(sides, args, model, more, out)
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


# ---- 8 bits against floats ---------------------------------------------------------------------------


def quantised(sides, net, args, folder):
    """A model of both precisions: the installed one, or one made of the calibration's pictures."""
    model = sides.model({"id": net["model"], **net})
    if not args.calibration:
        if not engine.run_json([args.vigie, "model", "info", model, "--json"], sides.env())["quantised"]:
            raise engine.Missing(f"{model} has no 8-bit form: give --calibration")
        return model
    name = net["model"] + "-int8"
    data = engine.run([args.vigie, "model", "quantize", "--model", model, "--out", name, *args.calibration],
                      {**sides.env(), "VIGIE_MODELS": models_folder(model, folder)})
    print(data.strip().replace(folder + os.sep, ""), file=sys.stderr)
    return os.path.join(folder, "models", name + ".vgm")


def models_folder(model, folder):
    """A folder of our own in which the installed model stands, too."""
    path = os.path.join(folder, "models")
    os.makedirs(path, exist_ok=True)
    installed = os.path.join(os.environ.get("VIGIE_MODELS", ""), model + ".vgm")
    if os.sep not in model:
        if not os.path.exists(installed):
            raise engine.Missing(f"no {model}.vgm in VIGIE_MODELS")
        shutil.copy(installed, path)
    return path


def stills_score(sides, args, truth, model, precision):
    paths = [os.path.join(args.stills, "images", file) for file in truth]
    report = engine.run_json([args.vigie, "model", "run", "--model", model, "--precision", precision, "--json",
                              "--threshold", str(THRESHOLD), "--nms", str(NMS), *paths], sides.env())
    if report["precision"] != precision:
        raise engine.Missing(f'asked for {precision}, ran in {report["precision"]}')
    return ap50(truth, {os.path.basename(p): boxes_of(item, "person") for p, item in zip(paths, report["pictures"])})


def int8_measure(sides, net, args, folder):
    """result["stills" or "clip"][precision]: scores of the same model in floats and in bytes."""
    result = {"net": net["title"]}
    try:
        model = quantised(sides, net, args, folder)
        info = engine.run_json([args.vigie, "model", "info", model, "--json"], sides.env())
        result.update({key: info[key] for key in ("convolutions", "convolutions_int8")},
                      share=info["multiply_adds_int8"] / info["multiply_adds"],
                      size=f'{info["input"]["width"]}x{info["input"]["height"]}')
        if args.stills:
            truth = labels(args.stills, "person")
            result["stills"] = {p: stills_score(sides, args, truth, model, p) for p in ("f32", "int8")}
            found = {p: score["at_101"] for p, score in result["stills"].items()}
            result["stills"]["loss"] = found["f32"] - found["int8"]
        if args.clip:
            runs = {p: clip_score(sides, args, model, ["--precision", p], os.path.join(folder, f'{net["model"]}-{p}'))
                    for p in ("f32", "int8")}
            result["clip"] = {p: {"analysed": analysed, **score} for p, (_, analysed, score) in runs.items()}
            result["clip"]["loss"] = ap_of(runs["f32"][2]) - ap_of(runs["int8"][2])
        result["holds"] = all(result[where]["loss"] <= most for where, most in ALLOWED_INT8.items() if where in result)
        print(f'{net["title"]}: done', file=sys.stderr)
    except (engine.Missing, OSError) as error:
        result["missing"] = str(error)
    return result


def int8_table(rows):
    lines = ["| net | convolutions in 8 bits | of the multiplications | stills f32 | int8 | loss | clip f32 | int8 | loss "
             "| holds |", "|" + "---|" * 10]
    for r in rows:
        if "missing" in r:
            lines.append(f'| {r["net"]} | not measured: {r["missing"]} |' + " |" * 8)
            continue
        cells = []
        for where, value in (("stills", lambda score: score["at_101"]), ("clip", ap_of)):
            scores = r.get(where)
            cells += [f'{value(scores[p]):.4f}' for p in ("f32", "int8")] + [f'{scores["loss"]:.4f}'] if scores else [""] * 3
        lines.append(f'| {r["net"]} {r["size"]} | {r["convolutions_int8"]} of {r["convolutions"]} | {r["share"]:.1%} | '
                     f'{" | ".join(cells)} | {"yes" if r["holds"] else "**no**"} |')
    return "\n".join(lines)


# ---- what is printed -----------------------------------------------------------------------------------


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


def against_reference(sides, nets, args, folder):
    stills = [stills_measure(sides, n, args, folder) for n in nets] if args.stills else []
    sizes = [(n, size) for n in nets for size in (None, *(("auto",) if n is NETS[0] else ()))]
    clips = [clip_measure(sides, n, args, size, folder) for n, size in sizes] if args.clip else []
    tables = ([stills_table(stills)] if stills else []) + ([clip_table(clips)] if clips else [])
    holds = all(r.get("holds") for r in stills) and not any("missing" in r for r in clips)
    return {"allowed": ALLOWED, "stills": stills, "clip": clips}, tables, holds


def against_floats(sides, nets, args, folder):
    rows = [int8_measure(sides, n, args, folder) for n in nets]
    return {"allowed": ALLOWED_INT8, "int8": rows}, [int8_table(rows)], all(r.get("holds") for r in rows)


def options_read():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnx", default=os.path.join(engine.ROOT, "cache", "onnx"), help="folder of the ONNX files")
    parser.add_argument("--build", default=os.path.join(engine.ROOT, "build"))
    parser.add_argument("--ort", default=os.path.join(engine.ROOT, "cache", "ort"), help="what bench/ort/fetch.sh printed")
    parser.add_argument("--node", default="node")
    parser.add_argument("--stills", help="folder with images/, labels.csv and pictures.csv")
    parser.add_argument("--clip", help="with --truth")
    parser.add_argument("--truth", help="MOTChallenge rows of the clip")
    parser.add_argument("--precision", choices=("f32", "int8"), default="f32", help="int8: against the engine's own floats")
    parser.add_argument("--calibration", action="append", default=[], metavar="PATH", help="of --precision int8")
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="nets whose name holds the word")
    parser.add_argument("--name", help="of the file in bench/results; default: accuracy-DATE, accuracy-int8-DATE")
    parser.add_argument("--results", default=os.path.join(engine.HERE, "results"), help="folder for the JSON")
    args = parser.parse_args()
    args.vigie = os.path.join(args.build, "vigie")
    if bool(args.clip) != bool(args.truth) or not (args.stills or args.clip):
        parser.error("--stills DIR, or --clip FILE with --truth FILE, or both")
    if args.calibration and args.precision != "int8":
        parser.error("--calibration is of --precision int8")
    return args


def main():
    args = options_read()
    nets = [n for n in NETS if not args.only or any(word in n["model"] for word in args.only)]
    measure = against_floats if args.precision == "int8" else against_reference
    with tempfile.TemporaryDirectory(prefix="vigie-accuracy-") as folder:
        found, tables, holds = measure(engine.Sides(args, folder), nets, args, folder)
        report = {"what": "bench/accuracy.py", "command": engine.shown(["bench/accuracy.py", *sys.argv[1:]]),
                  "date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": engine.machine(),
                  "versions": engine.versions(args), "threshold": THRESHOLD, "nms": NMS, **found}
    os.makedirs(args.results, exist_ok=True)
    stem = "accuracy-int8" if args.precision == "int8" else "accuracy"
    path = os.path.join(args.results, (args.name or f"{stem}-{report['date']}") + ".json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(report, f, indent=1)
        f.write("\n")
    print(f'    {report["command"]}\n\n{report["date"]}, {report["machine"]["cpu"]}.\n')
    for table in tables:
        print(table + "\n")
    print(os.path.relpath(path), file=sys.stderr)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
