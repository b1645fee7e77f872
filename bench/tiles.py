#!/usr/bin/env python3
"""Small persons in large pictures: who is found by the whole picture alone, and who with tiles?

  bench/tiles.py --clip cache/vtest.avi --truth gt.txt [--build build] [--model nanodet-g]

Every tenth picture of the clip is shrunk and laid out with others of its kind, a mosaic on a canvas of
1920x1080, so that people stand everywhere, also across the borders of tiles; the truth is shrunk with it.
Two sizes: people of about 60 and of about 40 pixels. Each way to look runs through `vigie batch`; AP50 is
the area under the envelope, recall and precision are those of scores from 0.35 up. Work is the input
pixels that are computed for a picture, against one input of the model's own size. Prints Markdown and
writes bench/results/NAME.json. Wants ffmpeg.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import engine  # noqa: E402
from ap50 import ap50, matched  # noqa: E402

CANVAS = (1920, 1080)
STEP = 10  # pictures of the clip for one
SCORE = 0.35
# of a shrunk picture, pictures beside and below each other, pictures between neighbours
MOSAICS = ({"size": (576, 432), "across": 3, "down": 2, "shift": 5},
           {"size": (384, 288), "across": 5, "down": 3, "shift": 2})
LOOKS = ([], ["--size", "auto"], ["--size", "640x384"], ["--size", "1280x736"], ["--tiles", "2x2"], ["--tiles", "2x3"],
         ["--tiles", "3x4"], ["--tiles", "auto"], ["--tiles", "auto:40"], ["--size", "auto", "--tiles", "auto"],
         ["--size", "auto", "--tiles", "auto:40"])


def places(mosaic):
    """Left and top of each shrunk picture on the canvas."""
    width, height = mosaic["size"]
    left = (CANVAS[0] - mosaic["across"] * width) // 4 * 2
    top = (CANVAS[1] - mosaic["down"] * height) // 4 * 2
    return [(left + column * width, top + row * height)
            for row in range(mosaic["down"]) for column in range(mosaic["across"])]


def read_truth(path):
    """{picture of the clip: [(left, top, width, height)]}"""
    truth = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            fields = line.split(",")
            truth.setdefault(int(fields[0]), []).append(tuple(float(x) for x in fields[2:6]))
    return truth


def mosaic_truth(truth, mosaic, source, count):
    """{canvas: [(left, top, right, bottom, crowd)]}, both from 1."""
    scale = mosaic["size"][0] / source[0], mosaic["size"][1] / source[1]
    out = {canvas: [] for canvas in range(1, count + 1)}
    for canvas, boxes in out.items():
        for k, (x, y) in enumerate(places(mosaic)):
            for left, top, width, height in truth.get(STEP * (canvas - 1 + mosaic["shift"] * k) + 1, []):
                boxes.append((x + left * scale[0], y + top * scale[1], x + (left + width) * scale[0],
                              y + (top + height) * scale[1], False))
    return out


def mosaic_clip(clip, mosaic, count, path):
    width, height = mosaic["size"]
    spots = places(mosaic)
    parts = [f"[0:v]select='not(mod(n,{STEP}))',scale={width}:{height}:flags=area,split={len(spots)}" +
             "".join(f"[a{k}]" for k in range(len(spots)))]
    for k in range(len(spots)):
        first = k * mosaic["shift"]
        parts.append(f"[a{k}]trim=start_frame={first}:end_frame={first + count},settb=1/25,setpts=N[b{k}]")
    corner = spots[0]
    layout = "|".join(f"{x - corner[0]}_{y - corner[1]}" for x, y in spots)
    parts.append("".join(f"[b{k}]" for k in range(len(spots))) + f"xstack=inputs={len(spots)}:layout={layout},"
                 f"pad={CANVAS[0]}:{CANVAS[1]}:{corner[0]}:{corner[1]}:gray")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", clip, "-filter_complex", ";".join(parts), "-r", "25",
                    "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path], check=True)


def probe(clip):
    out = engine.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-of", "csv=p=0",
                      "-show_entries", "stream=width,height,nb_read_frames", clip])
    width, height, pictures = (int(x) for x in out.strip().split(",")[:3])
    return (width, height), pictures


def read_found(path, wanted):
    found = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            fields = line.split(",")
            if fields[7] == wanted:
                left, top, width, height, score = (float(x) for x in fields[2:7])
                found.setdefault(int(fields[0]), []).append((left, top, left + width, top + height, score))
    return found


def measure(args, model, options, clip, truth, folder):
    command = [args.vigie, "batch", clip, "--model", model, "--rate", "0", "--threshold", "0.05", "--detections",
               "--json", "--out", folder, *options]
    done = engine.run_json(command, {"VIGIE_LANG": "en"})
    (width, height), inputs = done["input"], done["regions"]
    stem = os.path.splitext(os.path.basename(clip))[0]
    found = read_found(os.path.join(folder, stem, "detections.csv"), "person")
    marks = [m for canvas, boxes in truth.items()
             for m in matched(boxes, [b for b in found.get(canvas, []) if b[4] >= SCORE])]
    right, wanted = sum(good for _, good in marks), sum(len(b) for b in truth.values())
    return {"look": f'`{" ".join(options)}`' if options else "the net's own input", "inputs": inputs, "input": f"{width}x{height}",
            "work": width * height * inputs / args.own, "ap50": ap50(truth, found)["area"], "recall": right / wanted,
            "precision": right / len(marks) if marks else None,
            "command": engine.shown(command).replace(folder, "out").replace(clip, os.path.basename(clip))}


def median_px(truth):
    heights = sorted(b[3] - b[1] for boxes in truth.values() for b in boxes)
    return heights[len(heights) // 2]


def table(part):
    lines = [f'People of {part["median_px"]:.0f} pixels (median), {part["persons"]} in {part["canvases"]} pictures:', "",
             "| look | inputs | work | AP50 | recall at 0.35 | precision |", "|---|---|---|---|---|---|"]
    for r in part["rows"]:
        lines.append(f'| {r["look"]} | {r["inputs"]} of {r["input"]} | {r["work"]:.2f} | {r["ap50"]:.3f} | '
                     f'{r["recall"]:.3f} | {r["precision"] or 0:.3f} |')
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(engine.ROOT, "build"))
    parser.add_argument("--clip", default=os.path.join(engine.ROOT, "cache", "vtest.avi"))
    parser.add_argument("--truth", required=True, help="MOTChallenge rows of the clip")
    parser.add_argument("--model", default="nanodet-g")
    parser.add_argument("--node", default="node")
    parser.add_argument("--name", help="of the file in bench/results; default: tiles-DATE")
    parser.add_argument("--results", default=os.path.join(engine.HERE, "results"), help="folder for the JSON")
    args = parser.parse_args()
    args.vigie = os.path.join(args.build, "vigie")
    own = engine.run_json([args.vigie, "model", "info", args.model, "--json"])["input"]
    args.own = own["width"] * own["height"]
    source, pictures = probe(args.clip)
    truth, parts = read_truth(args.truth), []
    with tempfile.TemporaryDirectory(prefix="vigie-tiles-") as folder:
        for mosaic in MOSAICS:
            cells = mosaic["across"] * mosaic["down"]
            count = (pictures + STEP - 1) // STEP - (cells - 1) * mosaic["shift"]
            clip = os.path.join(folder, f'mosaic-{mosaic["size"][1]}.mp4')
            mosaic_clip(args.clip, mosaic, count, clip)
            shrunk = mosaic_truth(truth, mosaic, source, count)
            part = {"mosaic": mosaic, "canvases": count, "persons": sum(len(b) for b in shrunk.values()),
                    "median_px": median_px(shrunk), "rows": []}
            for look in LOOKS:
                part["rows"].append(measure(args, args.model, look, clip, shrunk, os.path.join(folder, "out")))
                print(part["rows"][-1]["look"], file=sys.stderr)
            parts.append(part)
    report = {"what": "bench/tiles.py", "command": engine.shown(["bench/tiles.py", *sys.argv[1:]]),
              "date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": engine.machine(),
              "versions": engine.versions(args), "model": args.model, "parts": parts}
    os.makedirs(args.results, exist_ok=True)
    path = os.path.join(args.results, (args.name or f"tiles-{report['date']}") + ".json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(report, f, indent=1)
        f.write("\n")
    print(f'    {report["command"]}\n\n{report["date"]}, {report["machine"]["cpu"]}.\n')
    print("\n\n".join(table(part) for part in parts))
    print(os.path.relpath(path), file=sys.stderr)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (engine.Missing, OSError, subprocess.CalledProcessError) as error:
        print(f"tiles.py: {error}", file=sys.stderr)
        sys.exit(4)
