#!/usr/bin/env python3
"""Crossing, presence and wrong way at places put down at random, against truth computed from annotated tracks.

  bench/placements.py CLIP --truth gt.txt [--count 50] [--seed 1] [--rate 0 --rate 5]... [--model NAME]
                      [--build build] [--out DIR] [--reuse] [--density truth.csv] [--counts counts.csv]
                      [--only WORD] [--errors]

Places: `count` lines (every third one bent, of three points) and as many zones (4 to 6 corners, each with a
direction); sizes, places and angles are uniform, by the seed alone. Each line has a crossing rule (towards
left, right or either side in turn), each zone one for presence and one for wrong_way; hold as by default, no
cooldown, so that each event is told. Rules are spread over as few scenes as hold them, and `vigie batch` runs
once for each scene and rate. One zone over all counts the persons (--counts: frame,count) and watches density
(more than 6; --density: file,event,start_s,end_s).

Definitions, all on the annotated boxes (MOTChallenge rows) with the foot point, the centre of the lower side:

crossing   A step of the foot from one row to the next, at most 2 s later, passes through the line. It counts
           once the foot is 0.05 of the box's height away from the line; a step back before that undoes it.
           Onset and end: when it counts.
presence   The foot is in the zone for at least 1 s, times out of it of at most 0.5 s passed over. Onset: first
           row inside; end: last one.
wrong_way  During a time in the zone (as for presence) the foot has come 2 box heights away from where it was
           at some moment of that time, in a direction whose cosine with the zone's is below -0.3. Onset:
           that row; end: the last one in the zone. One for each time in the zone.
count      Rows of the picture, and beside it what --counts gives (which may leave out rows that are
           marked as not to be judged); the mean is over the pictures looked at.

Scoring, for each rule alone: an alert from 2 s before an onset to 3 s after it finds that event; alerts by
time, each takes the event whose window ends first; another alert between the window's begin and 3 s after the
event's end is a double and costs nothing; any other one is false. One alert tells of all whom it shows: an
event that no alert took is found too if an alert within its window shows a box that overlaps its person's by
0.3. Density has the window -5 s to +20 s. "Without the near ones": stays of 0.5 to 1.5 s and movements
of 1.5 to 2.5 heights are neither missed nor false.

Prints a table and writes DIR/placements.json. --errors lists each missed event and false alert.
"""
import argparse
import csv
import json
import math
import os
import random
import subprocess
import sys
import tempfile

WINDOWS = {"crossing": (2, 3), "presence": (2, 3), "wrong_way": (2, 3), "density": (5, 20)}
MUST = {"0": {"crossing": 0.95, "presence": 0.92, "wrong_way": 0.90},
        "5": {"crossing": 0.93, "presence": 0.90, "wrong_way": 0.88}}
MARGIN, GAP_S, AWAY_S, HOLD_S, HEIGHTS, COSINE = 0.05, 2.0, 0.5, 1.0, 2.0, -0.3
SAME_PERSON = 0.3
PLACES_OF_A_SCENE = 21  # 21 placements are 42 places and 63 rules; 64 are allowed of each


# ---- places ------------------------------------------------------------------------------------

def random_line(rng, aspect, bent):
    """Two or three points, fractions; the length is 0.2 to 0.6 of the picture's width."""
    while True:
        length, angle = rng.uniform(0.2, 0.6), rng.uniform(0, 2 * math.pi)
        dx, dy = length * math.cos(angle), length * math.sin(angle) * aspect
        if abs(dx) < 0.95 and abs(dy) < 0.95:
            break
    x, y = rng.uniform(max(0, -dx), min(1, 1 - dx)), rng.uniform(max(0, -dy), min(1, 1 - dy))
    points = [[x, y], [x + dx, y + dy]]
    if bent:
        side = rng.uniform(-0.3, 0.3)
        middle = [x + dx / 2 - dy / aspect * side, y + dy / 2 + dx * aspect * side]
        points.insert(1, [min(1, max(0, c)) for c in middle])
    return points


def random_zone(rng):
    """4 to 6 corners around an ellipse: no two sides cross."""
    while True:
        ax, ay, corners = rng.uniform(0.1, 0.3), rng.uniform(0.1, 0.3), rng.randint(4, 6)
        x, y = rng.uniform(ax, 1 - ax), rng.uniform(ay, 1 - ay)
        turns = [(k + rng.uniform(-0.3, 0.3)) / corners for k in range(corners)]
        polygon = [[x + ax * math.cos(2 * math.pi * t), y + ay * math.sin(2 * math.pi * t)] for t in turns]
        if all(0 <= c <= 1 for point in polygon for c in point):
            return polygon


def placements(count, seed, width, height, bends):
    rng = random.Random(seed)
    made = []
    for i in range(count):
        angle = rng.uniform(0, 2 * math.pi)
        made.append({"line": random_line(rng, width / height, bends and i % 3 == 2), "zone": random_zone(rng),
                     "way": [math.cos(angle), math.sin(angle)], "side": (None, "left", "right")[i % 3]})
    return [rounded(p) for p in made]


def rounded(value):
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def scene_of(made, first):
    """The scene of some placements; the first scene also counts in a zone over all."""
    scene = {"version": 1, "name": f"placements {first}", "zones": [], "lines": [], "rules": []}
    common = {"severity": "low", "cooldown_s": 0, "classes": ["person"]}
    for i, p in enumerate(made, first):
        scene["lines"].append({"id": f"l{i}", "points": p["line"]})
        scene["zones"].append({"id": f"z{i}", "polygon": p["zone"], "direction": p["way"]})
        rules = [{"id": f"crossing-{i}", "event": "crossing", "at": f"l{i}"},
                 {"id": f"presence-{i}", "event": "crossing", "at": f"z{i}"},
                 {"id": f"wrong_way-{i}", "event": "wrong_way", "at": f"z{i}"}]
        if p["side"]:
            rules[0]["direction"] = p["side"]
        scene["rules"] += [{**rule, **common} for rule in rules]
    if first == 0:
        scene["zones"].append({"id": "all", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]})
        scene["rules"].append({"id": "density-all", "event": "density", "at": "all", "over": 6, **common})
    return scene


def scenes_of(made):
    return [scene_of(made[i:i + PLACES_OF_A_SCENE], i) for i in range(0, len(made), PLACES_OF_A_SCENE)]


# ---- truth -------------------------------------------------------------------------------------

def read_walks(path):
    """{person: [(frame, left, top, width, height)] by frame}"""
    walks = {}
    with open(path, encoding="utf-8") as f:
        for row in csv.reader(f):
            if row:
                walks.setdefault(row[1], []).append((int(row[0]), *(float(v) for v in row[2:6])))
    return {person: sorted(rows) for person, rows in walks.items()}


def feet(rows, fps):
    """[(time, x, y, height)]"""
    return [((frame - 1) / fps, left + width / 2, top + height, height) for frame, left, top, width, height in rows]


def turn(a, b, p):
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def pass_side(a, b, line):
    """Side of the segment come out on, or None; y goes down, a point on the line is right of it."""
    was, now = turn(line[0], line[1], a) < 0, turn(line[0], line[1], b) < 0
    if was == now:
        return None
    first, last = turn(a, b, line[0]), turn(a, b, line[1])
    if (first > 0 and last > 0) or (first < 0 and last < 0):
        return None
    return "left" if now else "right"


def pass_through(a, b, points):
    """Side come out on of a line of several points: there and back again is none."""
    sides = [pass_side(a, b, points[k:k + 2]) for k in range(len(points) - 1)]
    more = sides.count("left") - sides.count("right")
    return None if more == 0 else "left" if more > 0 else "right"


def distance(p, points):
    """Distance from the nearest part of the line."""
    least = math.inf
    for a, b in zip(points, points[1:]):
        along = ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / math.dist(a, b) ** 2
        along = min(1, max(0, along))
        least = min(least, math.dist(p, (a[0] + along * (b[0] - a[0]), a[1] + along * (b[1] - a[1]))))
    return least


def crossings(walk, points, side):
    found, pending, before = [], None, None
    for t, x, y, height in walk:
        if before and t - before[0] <= GAP_S:
            out = pass_through(before[1:3], (x, y), points)
            if out:
                pending = None if pending and pending != out else out
        else:
            pending = None
        before = (t, x, y)
        if pending and distance((x, y), points) >= MARGIN * height:
            if side in (None, pending):
                found.append({"start": t, "end": t})
            pending = None
    return found


def inside(polygon, x, y):
    within = False
    for (ax, ay), (bx, by) in zip(polygon, polygon[-1:] + polygon[:-1]):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            within = not within
    return within


def stays(walk, polygon):
    """Times in the zone, as lists of feet."""
    found = []
    for foot in walk:
        if not inside(polygon, foot[1], foot[2]):
            continue
        if found and foot[0] - found[-1][-1][0] <= AWAY_S + 1e-6:
            found[-1].append(foot)
        else:
            found.append([foot])
    return found


def presences(walk, polygon, least=HOLD_S):
    return [{"start": stay[0][0], "end": stay[-1][0]} for stay in stays(walk, polygon)
            if stay[-1][0] - stay[0][0] >= least - 1e-6]


def wrong_ways(walk, polygon, way, heights=HEIGHTS):
    found = []
    for stay in stays(walk, polygon):
        onset = next((t for i, (t, x, y, height) in enumerate(stay)
                      if any(against(x - px, y - py, way, heights * height) for _, px, py, _ in stay[:i])), None)
        if onset is not None:
            found.append({"start": onset, "end": stay[-1][0]})
    return found


def against(dx, dy, way, least):
    length = math.hypot(dx, dy)
    return length >= least and (dx * way[0] + dy * way[1]) < COSINE * length


def truth_of(made, walks, fps, width, height):
    """{rule: events}; an event that is near its definition's bound is `near`; those that lie just beyond
    it are listed too, as `beyond`."""
    truth = {}
    for i, p in enumerate(made):
        line = [(x * width, y * height) for x, y in p["line"]]
        zone = [(x * width, y * height) for x, y in p["zone"]]
        rules = {f"crossing-{i}": [], f"presence-{i}": [], f"wrong_way-{i}": []}
        for person, rows in walks.items():
            walk = feet(rows, fps)

            def note(kind, events, sure, wide):
                for event in wide:
                    strict = next((e for e in events if e["end"] == event["end"]), None)
                    rules[f"{kind}-{i}"].append({**(strict or event), "person": person, "beyond": strict is None,
                                                 "near": all(e["end"] != event["end"] for e in sure)})
            crossed = crossings(walk, line, p["side"])
            note("crossing", crossed, crossed, crossed)
            note("presence", presences(walk, zone), presences(walk, zone, 1.5), presences(walk, zone, 0.5))
            note("wrong_way", wrong_ways(walk, zone, p["way"]), wrong_ways(walk, zone, p["way"], 2.5),
                 wrong_ways(walk, zone, p["way"], 1.5))
        truth.update(rules)
    return truth


# ---- scoring -----------------------------------------------------------------------------------

def overlap(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h) if w > 0 and h > 0 else 0


def shows(alert, event, boxes):
    """Whether one of the alert's boxes is the event's person; boxes: {(person, frame): box}."""
    box = boxes.get((event.get("person"), alert["frame"]))
    return box is not None and any(overlap(box, b) >= SAME_PERSON for b in alert["boxes"])


def judge(events, alerts, window, boxes, near):
    """Says of each event whether it was found, of each alert what it is. near: events near a bound and
    alerts about them do not count."""
    before, after = window
    events = [{**e, "found": None} for e in events if near or not e.get("beyond")]
    ignored = [near and e.get("near", False) for e in events]
    judged = []
    for alert in sorted(alerts, key=lambda a: a["t"]):
        free = [e for e in events if e["found"] is None and e["start"] - before <= alert["t"] <= e["start"] + after]
        event = min(free, key=lambda e: (e["start"], e["end"]), default=None)
        if event:
            event["found"] = alert["t"]
        judged.append({**alert, "event": event})
    for event in events:
        if event["found"] is None and any(event["start"] - before <= a["t"] <= event["start"] + after
                                          and shows(a, event, boxes) for a in judged):
            event["found"] = -1
    for alert in judged:
        about = [k for k, e in enumerate(events) if e["start"] - before <= alert["t"] <= e["end"] + after]
        if alert["event"]:
            alert["is"] = "true"
        elif any(events[k]["found"] is not None for k in about):
            alert["is"] = "double"
        elif any(ignored[k] for k in about):
            alert["is"] = "ignored"
        else:
            alert["is"] = "late" if about else "false"
    return [e for e, i in zip(events, ignored) if not i], judged


def tally(truth, alerts, kind, boxes, near):
    """Sums over the rules of one kind, and the errors."""
    found = events = wrong = doubles = told = 0
    errors = []
    for rule in truth:
        if rule.rsplit("-", 1)[0] != kind:
            continue
        counted, judged = judge(truth[rule], alerts.get(rule, []), WINDOWS[kind], boxes, near)
        events += len(counted)
        found += sum(e["found"] is not None for e in counted)
        told += len(judged)
        doubles += sum(a["is"] == "double" for a in judged)
        wrong += sum(a["is"] in ("false", "late") for a in judged)
        errors += [(e["start"], rule, "missed", e.get("person", "")) for e in counted if e["found"] is None]
        errors += [(a["t"], rule, a["is"], "") for a in judged if a["is"] in ("false", "late")]
    precision = found / (found + wrong) if found + wrong else 0
    recall = found / events if events else 0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0
    return {"f1": round(f1, 4), "events": events, "found": found, "false": wrong, "doubles": doubles,
            "alerts": told}, sorted(errors)


def read_alerts(path, width, height, fps):
    """{rule: alerts}"""
    alerts = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            a = json.loads(line)
            boxes = [(b["box"][0] * width, b["box"][1] * height, b["box"][2] * width, b["box"][3] * height)
                     for b in a["boxes"]]
            alerts.setdefault(a["rule"], []).append(
                {"t": a["media_s"], "frame": round(a["media_s"] * fps) + 1, "boxes": boxes})
    return alerts


def read_counts(path, fps, place="all"):
    """[(frame, count)] of a measures.csv"""
    with open(path, encoding="utf-8", newline="") as f:
        return [(round(float(r["time_s"]) * fps) + 1, float(r["value"])) for r in csv.DictReader(f)
                if r["place"] == place and r["measure"] == "count"]


def given_counts(path):
    with open(path, encoding="utf-8", newline="") as f:
        return {int(r["frame"]): float(r["count"]) for r in csv.DictReader(f)}


def row_counts(boxes):
    counts = {}
    for _, frame in boxes:
        counts[frame] = counts.get(frame, 0) + 1
    return counts


def count_error(counts, truth):
    misses = [value - truth.get(frame, 0) for frame, value in counts]
    return {"pictures": len(misses), "mean_absolute": round(sum(map(abs, misses)) / max(1, len(misses)), 4),
            "bias": round(sum(misses) / max(1, len(misses)), 4)}


def read_density(path, clip):
    with open(path, encoding="utf-8", newline="") as f:
        return {"density-all": [{"start": float(r["start_s"]), "end": float(r["end_s"])} for r in csv.DictReader(f)
                                if r["file"] == os.path.basename(clip) and r["event"] == "density"]}


# ---- the whole ---------------------------------------------------------------------------------

def run_batch(args, rate, scenes):
    """Runs each scene; returns the folders with the results."""
    folders = []
    for k, scene in enumerate(scenes):
        out = os.path.join(args.out, f"rate{rate}", str(k))
        result = os.path.join(out, os.path.splitext(os.path.basename(args.clip))[0])
        folders.append(result)
        if args.reuse and os.path.exists(os.path.join(result, "alerts.jsonl")):
            continue
        os.makedirs(out, exist_ok=True)
        path = os.path.join(out, "scene.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(scene, f, indent=1)
        call = [os.path.join(args.build, "vigie"), "batch", args.clip, "--scene", path, "--rate", rate, "--out", out,
                "--measures", "--detections", "--tracks", "--explain"]
        subprocess.run(call + (["--model", args.model] if args.model else []), check=True,
                       stdout=subprocess.DEVNULL, timeout=args.limit)
    return folders


def score(args, truth, boxes, folders):
    alerts = {}
    for folder in folders:
        alerts.update(read_alerts(os.path.join(folder, "alerts.jsonl"), args.width, args.height, args.fps))
    result, errors = {}, []
    for kind in ("crossing", "presence", "wrong_way"):
        result[kind], wrong = tally(truth, alerts, kind, boxes, near=False)
        result[kind]["f1_without_near"] = tally(truth, alerts, kind, boxes, near=True)[0]["f1"]
        errors += wrong
    if args.density:
        result["density"], wrong = tally(read_density(args.density, args.clip), alerts, "density", {}, near=False)
        errors += wrong
    counts = read_counts(os.path.join(folders[0], "measures.csv"), args.fps)
    result["count"] = count_error(counts, row_counts(boxes))
    if args.counts:
        result["count, as given"] = count_error(counts, given_counts(args.counts))
    return result, errors


def show(rate, result):
    name = "every picture" if rate == "0" else f"{rate} pictures/s"
    for kind, r in result.items():
        if kind.startswith("count"):
            print(f"| {name} | {kind} | mean error {r['mean_absolute']:.3f} | bias {r['bias']:+.3f} "
                  f"| {r['pictures']} pictures | | | |")
            continue
        must = MUST.get(rate, {}).get(kind)
        print(f"| {name} | {kind} | {r['f1']:.3f} | {'' if must is None else must} | {r['events']} | {r['found']} "
              f"| {r['false']} | {r['doubles']} |" + (f" {r['f1_without_near']:.3f} |" if "f1_without_near" in r else " |"))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("clip")
    p.add_argument("--truth", required=True)
    p.add_argument("--count", type=int, default=50)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--rate", action="append")
    p.add_argument("--straight", action="store_true", help="no bent lines")
    p.add_argument("--model")
    p.add_argument("--build", default="build")
    p.add_argument("--out", help="keep what batch wrote, and placements.json")
    p.add_argument("--reuse", action="store_true", help="score the results that stand in --out already")
    p.add_argument("--density")
    p.add_argument("--counts")
    p.add_argument("--errors", action="store_true")
    p.add_argument("--width", type=int, default=768)
    p.add_argument("--height", type=int, default=576)
    p.add_argument("--fps", type=float, default=10, help="of the clip")
    p.add_argument("--limit", type=int, default=1800, help="seconds for one run")
    args = p.parse_args()
    if not args.out:
        with tempfile.TemporaryDirectory(prefix="vigie-placements-") as args.out:
            return measure(args)
    return measure(args)


def measure(args):
    made = placements(args.count, args.seed, args.width, args.height, not args.straight)
    walks = read_walks(args.truth)
    boxes = {(person, row[0]): row[1:] for person, rows in walks.items() for row in rows}
    truth = truth_of(made, walks, args.fps, args.width, args.height)
    whole = {"clip": os.path.basename(args.clip), "seed": args.seed, "placements": args.count, "rates": {}}
    print("| rate | event | F1 | must | events | found | false | doubles | F1 without the near ones |")
    print("|---|---|---|---|---|---|---|---|---|")
    for rate in args.rate or ["0", "5"]:
        result, errors = score(args, truth, boxes, run_batch(args, rate, scenes_of(made)))
        whole["rates"][rate] = result
        show(rate, result)
        for t, rule, what, person in errors if args.errors else ():
            print(f"{t:8.1f} {rule} {what} {person}", file=sys.stderr)
    with open(os.path.join(args.out, "placements.json"), "w", encoding="utf-8") as f:
        json.dump(whole, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
