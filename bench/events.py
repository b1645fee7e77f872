#!/usr/bin/env python3
"""What do the events find, what do they miss, and what do they raise where nothing is?

  bench/events.py --data DIR [--sets NAME,...] [--rates 5] [--degraded HOURS --seed S] [--build build]
                  [--jobs N] [--keep DIR] [--floor FILE] [--write PAGE] [--out FILE.json]

DIR holds the sets: a folder each, with clips and truth.csv (file,event,start_s,end_s). One scene per set,
tests/scenes/sets/NAME.json: the set's own rules, and in each scene rules of all events that make sense
anywhere, so that what one set is about is what the others must not raise. A rule on an event that the
program refuses, or that the model cannot see, is left out, and said. `vigie batch` runs once a set and rate,
`vigie score` judges. An event is judged where a truth says all of its occurrences: crossings of people who
walk by are nobody's mistake.

--degraded: copies of what holds no event (negative clips whole, others up to the first event) are spoilt by
a seed, five pictures a second, until they make HOURS; the rules run over them as over the clips.

Two windows: the one that is asked (2 s before the start to 10 s after; abandoned_object: to 10 s after the
rule's time, which is 10 s after the start), and the event's own (docs/scoring.md). --floor compares with what was
reached before; --write puts the tables between the markers of a page. Exit: 0 all that is asked and
could be tried is reached (with --floor: nothing fell below), 1 else.
"""
import argparse
import collections
import csv
import fnmatch
import json
import math
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import degrade  # noqa: E402
import engine  # noqa: E402

EVENTS = ("wrong_way", "crossing", "crowd_movement", "density", "abandoned_object", "weapon", "person_down", "fire")
SCENES = os.path.join(engine.ROOT, "tests", "scenes", "sets")
# folder and clips of each set; unjudged: events that happen there without a truth that says when
SETS = (
    {"name": "pets2009", "folder": "pets2009", "clips": "vtest.avi", "unjudged": ("crossing",)},
    {"name": "gmdcsa24", "folder": "gmdcsa24", "clips": "*.mp4"},
    {"name": "motorway", "folder": "traffic", "clips": "motorway_*.mp4"},
    {"name": "car-detection", "folder": "traffic", "clips": "car-detection_*.mp4"},
    {"name": "aboda", "folder": "aboda", "clips": "*.mp4"},
    {"name": "crowd", "folder": "crowd", "clips": "*.mp4"},
    {"name": "fire_clips", "folder": "fire_clips", "clips": "*.mp4"},
    {"name": "negatives", "folder": "negatives", "clips": "*.mp4", "unjudged": ("crossing",)},
)
WINDOW = (2, 10)
WINDOWS = {"abandoned_object": (0, 20)}  # its truth is when the owner has gone; the rule waits 10 s from there
# what is asked of an event in its own sets
MUST = (
    {"event": "person_down", "sets": ("gmdcsa24",), "found": 8, "of": 9},
    {"event": "wrong_way", "sets": ("motorway", "car-detection")},
    {"event": "abandoned_object", "sets": ("aboda",)},
    {"event": "crowd_movement", "sets": ("crowd",)},
    {"event": "fire", "sets": ("fire_clips",)},
    {"event": "density", "sets": ("pets2009",), "f1": 0.85},
)
BLIND = "see nothing"  # what the program says of a rule whose classes the model does not know
PETS = {"mota": 0.83, "idf1": 0.70, "count": 0.35}
DEGRADED_PER_HOUR = 2


def call(command, allowed=(0,), **settings):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **settings)
    if done.returncode not in allowed:
        said = (done.stderr.strip() or done.stdout.strip()).split("\n")[-1]
        raise engine.Missing(f"{engine.shown(command)}: code {done.returncode}: {said}")
    return done


# ---- sets, scenes, truth -------------------------------------------------------------------------------


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def read_set(entry, data):
    """The set with its clips that are there, their rows of truth, and its scene; None: not there."""
    folder = os.path.join(data, entry["folder"])
    truth = os.path.join(folder, "truth.csv")
    if not os.path.exists(truth):
        return None
    rows = [r for r in rows_of(truth) if fnmatch.fnmatch(r["file"], entry["clips"])
            and os.path.exists(os.path.join(folder, r["file"]))]
    with open(os.path.join(SCENES, entry["name"] + ".json"), encoding="utf-8") as f:
        scene = json.load(f)
    clips = [os.path.join(folder, name) for name in dict.fromkeys(r["file"] for r in rows)]
    return {**entry, "path": folder, "rows": rows, "clips": clips, "rules": scene} if clips else None


def refused_events(args, folder):
    """Events that this program refuses, or that its model cannot see, with its words."""
    out = {}
    zone = {"id": "z", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "direction": [1, 0]}
    for event in EVENTS:
        rule = {"id": "r", "event": event, "at": "z", "severity": "low", **({"over": 1} if event == "density" else {})}
        path = os.path.join(folder, "try.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"version": 1, "name": "try", "zones": [zone], "rules": [rule]}, f)
        done = call([args.vigie, "scene", "check", "--model", args.model, "--json", path], (0, 3),
                    env={**os.environ, "VIGIE_LANG": "en"})
        warnings = [] if done.returncode else json.loads(done.stdout).get("warnings", [])
        blind = [w["message"] for w in warnings if BLIND in w["message"]]
        if done.returncode or blind:
            out[event] = blind[0] if blind else done.stderr.strip().replace(path, "")
    return out


def scene_for(one, refused, folder):
    """Writes the set's scene without the rules that are refused; the events it watches, and its path."""
    rules = [r for r in one["rules"]["rules"] if r["event"] not in refused]
    path = os.path.join(folder, one["name"] + ".scene.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({**one["rules"], "rules": rules}, f)
    return {r["event"] for r in rules}, path


def write_truth(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f)
        out.writerow(("file", "event", "start_s", "end_s"))
        for r in rows:
            out.writerow((r["file"], r["event"], r["start_s"], r["end_s"]))


# ---- running and scoring -------------------------------------------------------------------------------


def run_batch(args, one, scene, rate, out, clips=None):
    command = [args.vigie, "batch", "--model", args.model, "--scene", scene, "--out", out, "--rate", f"{rate:g}",
               "--jobs", str(args.jobs), "--explain", "--measures", "--tracks", "--json", *(clips or one["clips"])]
    started = time.monotonic()
    done = call(command)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    return {"command": engine.shown(command), "clips": said, "media_s": sum(c["media_s"] for c in said),
            "elapsed_s": time.monotonic() - started}


def score_set(args, event, one, out, window):
    truth = os.path.join(out, "truth.csv")
    write_truth(truth, one["rows"])
    command = [args.vigie, "score", "--truth", truth, "--alerts", out, "--event", event, "--scene", one["scene"], "--json"]
    if window:
        command += ["--before", str(window[0]), "--after", str(window[1])]
    return json.loads(call(command).stdout)["alerts"]


def score(args, event, sets, out, window=None):
    """One event over the sets that judge it; None where none does."""
    total = {"event": event, "seconds": 0.0, "true": 0, "missed": 0, "false": 0, "late": 0, "sets": {}, "cases": []}
    for one in sets:
        if event not in one["events"] or event in one.get("unjudged", ()):
            continue
        told = score_set(args, event, one, out, window)
        counts = told["events"].get(event, {})
        total["sets"][one["name"]] = {"found": counts.get("true", 0), "false": counts.get("false", 0),
                                      "events": counts.get("true", 0) + counts.get("missed", 0)}
        for key in ("true", "missed", "false", "late"):
            total[key] += counts.get(key, 0)
        total["seconds"] += told["seconds"] or 0
        total["cases"] += [c for c in told["cases"] if c["what"] in ("missed", "false", "late")]
    return total if total["sets"] else None


def garwood(count):
    """Exact interval of a count, 95 %: as src/score/interval.c."""
    def chi2(q, n):  # Wilson and Hilferty, to 1 % above 10
        z = {0.025: -1.959963984540054, 0.975: 1.959963984540054}[q]
        return n * (1 - 2 / (9 * n) + z * math.sqrt(2 / (9 * n))) ** 3
    exact = ((0, 3.6889), (0.0253, 5.5716), (0.2422, 7.2247), (0.6187, 8.7673), (1.0899, 10.2416), (1.6235, 11.6683),
             (2.2019, 13.0595), (2.8144, 14.4227), (3.4538, 15.7632), (4.1154, 17.0848), (4.7954, 18.3904))
    return exact[count] if count < len(exact) else (chi2(0.025, 2 * count) / 2, chi2(0.975, 2 * count + 2) / 2)


def rates_of(count, seconds):
    low, high = garwood(count)
    per_day = 86400 / seconds if seconds else 0
    return {"false": count, "hours": seconds / 3600, "per_hour": count * 3600 / seconds if seconds else None,
            "per_camera_day": count * per_day, "per_camera_day_interval": [low * per_day, high * per_day]}


def pets_figures(args, one, out):
    """Tracks and counts of the annotated clip. Of the truth every row counts, as for tracks; counts.csv leaves
    out rows that its annotators marked as not to be scored, so it is shown beside."""
    folder, stem = one["path"], os.path.join(out, "vtest")
    tracks = json.loads(call([args.vigie, "score", "--truth", os.path.join(folder, "gt.txt"), "--tracks",
                              os.path.join(stem, "tracks.csv"), "--json"]).stdout)
    measured = {round(float(r["time_s"]) * 10) + 1: float(r["value"]) for r in
                rows_of(os.path.join(stem, "measures.csv")) if r["place"] == "all" and r["measure"] == "count"}
    with open(os.path.join(folder, "gt.txt"), encoding="ascii") as f:
        every = collections.Counter(int(line.split(",")[0]) for line in f)
    sure = {int(r["frame"]): int(r["count"]) for r in rows_of(os.path.join(folder, "counts.csv"))}
    return {"mota": tracks["mota"], "idf1": tracks["idf1"], "hota": tracks["hota"], "pictures": len(measured),
            "count": mean_error(measured, every), "count_sure": mean_error(measured, sure)}


def mean_error(measured, true):
    errors = [abs(value - true[frame]) for frame, value in measured.items() if frame in true]
    return sum(errors) / len(errors) if errors else None


def alerts_of(out):
    found = []
    for path in sorted(os.path.join(out, d, "alerts.jsonl") for d in os.listdir(out)):
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                found += [json.loads(line) for line in f]
    return found


def at_rate(args, sets, rate, folder):
    out = os.path.join(folder, f"rate-{rate:g}")
    os.makedirs(out, exist_ok=True)
    runs = []
    for one in sets:
        print(f'rate {rate:g}: {one["name"]}, {len(one["clips"])} clips', file=sys.stderr)
        runs.append({"set": one["name"], **run_batch(args, one, one["scene"], rate, out)})
    result = {"rate": rate, "runs": runs, "asked": {}, "own": {}, "alerts": alerts_of(out)}
    for event in EVENTS:
        result["asked"][event] = score(args, event, sets, out, WINDOWS.get(event, WINDOW))
        result["own"][event] = score(args, event, sets, out)
    pets = [s for s in sets if s["name"] == "pets2009"]
    if pets and rate == 0 and os.path.exists(os.path.join(pets[0]["path"], "gt.txt")):
        result["pets"] = pets_figures(args, pets[0], out)
    return result


# ---- degraded copies -----------------------------------------------------------------------------------


def quiet_spans(sets):
    """Each clip with how many of its first seconds hold no event (None: all of it)."""
    spans = []
    for one in sets:
        for clip in one["clips"]:
            starts = [float(r["start_s"]) for r in one["rows"] if r["file"] == os.path.basename(clip) and r["event"]
                      and r["event"] not in degrade.LASTING]
            spans.append((one, clip, min(starts) - 1 if starts else None))
    return [s for s in spans if s[2] is None or s[2] >= 5]


def degraded(args, sets, folder):
    """The rules over spoilt copies that make the hours asked for, a few at a time."""
    out = os.path.join(folder, "degraded")
    os.makedirs(out, exist_ok=True)
    spans, plan, seconds = quiet_spans(sets), [], 0.0
    lengths = {clip: degrade.seconds_of(clip) for _, clip, _ in spans}
    while spans and seconds < args.degraded * 3600:
        one, clip, cut = spans[len(plan) % len(spans)]
        plan.append(degrade.copy_of(len(plan), args.seed, clip, cut))
        plan[-1]["set"] = one
        seconds += min(lengths[clip], cut or lengths[clip])
    started, media = time.monotonic(), 0.0
    for one in sets:
        mine = [p for p in plan if p["set"] is one]
        for first in range(0, len(mine), 16):
            some = mine[first:first + 16]
            with tempfile.TemporaryDirectory(prefix="vigie-degraded-", dir=folder) as clips:
                paths = [degrade.make(p, clips) for p in some]
                media += run_batch(args, one, one["scene"], 0, out, paths)["media_s"]
            print(f"degraded: {media / 3600:.2f} h of {args.degraded:g} in {time.monotonic() - started:.0f} s",
                  file=sys.stderr)
    copies = [{**one, "rows": [{"file": p["name"], "event": "", "start_s": "", "end_s": ""}
                               for p in plan if p["set"] is one],
               "unjudged": (*one.get("unjudged", ()), *(e for e in degrade.LASTING if e in one["events"]
                            and any(r["event"] == e for r in one["rows"])))} for one in sets]
    rows = {}
    for event in EVENTS:
        told = score(args, event, [c for c in copies if c["rows"]], out)
        if told:
            cases = told["cases"]
            rows[event] = {**rates_of(told["false"], told["seconds"]), "cases": cases, "by_kind":
                           {k: sum(f"_{k}_" in c["file"] for c in cases) for k in degrade.KINDS}}
    return {"hours": media / 3600, "seed": args.seed, "copies": len(plan), "elapsed_s": time.monotonic() - started,
            "events": rows, "alerts": alerts_of(out)}


# ---- what is printed -----------------------------------------------------------------------------------


FRENCH = {"yes": "oui", "**no**": "**non**", "what": "quoi", "rate": "cadence", "asked": "demandé", "reached": "atteint",
          "own window": "fenêtre propre", "holds": "tenu", "event": "évènement", "false": "faux", "hours": "heures",
          "per hour": "par heure", "per camera and day, 95 %": "par caméra et par jour, 95 %", "where": "où",
          "by kind": "par dégradation", "at most 2 an hour": "2 par heure au plus", "missed": "manqué", "late": "tardif",
          "not there yet": "pas encore là", "no clips": "pas d'extraits", "to": "à", "elsewhere": "ailleurs",
          "of": "sur", "none": "aucun", "Left out, refused or not seen by the model": "Laissés de côté, "
          "refusés par le programme ou que le modèle ne voit pas", "pictures a second (0: every one)":
          "images par seconde (0 : toutes)", "copies": "copies", "seed": "graine", "analysed in": "analysées en",
          "None.": "Aucun.", "commit": "commit", "PETS count, mean error": "PETS comptage, erreur moyenne",
          "PETS count, rows marked to be scored alone": "PETS comptage, lignes à noter seules"}


class Words:
    """What the tables say, in the language of who reads them."""
    def __init__(self, language):
        self.language = language

    def __call__(self, text):
        return FRENCH[text] if self.language == "fr" else text

    def table(self, heads, rows):
        lines = ["| " + " | ".join(self(h) for h in heads) + " |", "|---" * len(heads) + "|"]
        return "\n".join(lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows])

    def number(self, value, digits):
        text = f"{value:.{digits}f}"
        return text.replace(".", ",") if self.language == "fr" else text


def yes(words, holds):
    return "" if holds is None else words("yes" if holds else "**no**")


def must_row(result, must, words):
    """What is asked of an event in its own sets, what is reached, whether it holds."""
    event, told, own = must["event"], result["asked"][must["event"]], result["own"][must["event"]]
    mine = [told["sets"][n] for n in must["sets"] if n in told["sets"]]
    found, events, wrong = (sum(s[k] for s in mine) for k in ("found", "events", "false"))
    others = sum(s["false"] for n, s in told["sets"].items() if n not in must["sets"])
    own_found = sum(own["sets"][n]["found"] for n in must["sets"] if n in own["sets"])
    reached = f'{found} {words("of")} {events}, {wrong} {words("false")} ; {others} {words("elsewhere")}'
    if "f1" in must:
        f1 = 2 * found / (2 * found + wrong + events - found) if found else 0
        asked, holds = f'F1 {words.number(must["f1"], 2)}', f1 >= must["f1"] and others == 0
        reached = f"F1 {words.number(f1, 3)}, {reached}"
    else:
        least = math.ceil(events * must["found"] / must["of"]) if "found" in must else events
        asked, holds = f'{least} {words("of")} {events}, 0 {words("false")}', found >= least and wrong + others == 0
    return {"what": event, "asked": asked, "reached": reached, "holds": holds,
            "own": f'{own_found} {words("of")} {events}, {own["false"]} {words("false")}'}


def pets_rows(pets, words):
    rows = []
    for key, title in (("mota", "PETS MOTA"), ("idf1", "PETS IDF1"), ("count", "PETS count, mean error")):
        value = pets[key]
        holds = value is not None and (value <= PETS[key] if key == "count" else value >= PETS[key])
        rows.append({"what": words(title) if key == "count" else title, "asked": words.number(PETS[key], 2),
                     "reached": "-" if value is None else words.number(value, 3), "holds": holds})
    sure = pets["count_sure"]
    rows.append({"what": words("PETS count, rows marked to be scored alone"), "asked": "",
                 "reached": "-" if sure is None else words.number(sure, 3), "holds": None})
    return rows


def must_rows(result, refused, words):
    """All that is asked at one rate; holds None: it could not be tried."""
    rows = []
    for must in MUST:
        told = result["asked"].get(must["event"])
        if must["event"] in refused or not told or not any(n in told["sets"] for n in must["sets"]):
            why = words("not there yet" if must["event"] in refused else "no clips")
            rows.append({"what": must["event"], "asked": "", "reached": why, "holds": None})
        else:
            rows.append(must_row(result, must, words))
    for event in EVENTS:
        told = result["asked"].get(event)
        if event not in [m["event"] for m in MUST] and told and event not in refused:
            rows.append({"what": event, "asked": f'0 {words("false")}', "reached": f'{told["false"]} {words("false")}',
                         "holds": told["false"] == 0})
    if "pets" in result:
        rows += pets_rows(result["pets"], words)
    return [{**r, "rate": f'{result["rate"]:g}'} for r in rows]


def must_table(rows, words):
    heads = ("what", "rate", "asked", "reached", "own window", "holds")
    return words.table(heads, [(r["what"], r["rate"], r["asked"], r["reached"], r.get("own", ""), yes(words, r["holds"]))
                               for r in rows])


RATE_HEADS = ("event", "false", "hours", "per hour", "per camera and day, 95 %")


def rate_cells(r, words):
    low, high = r["per_camera_day_interval"]
    return (r["false"], words.number(r["hours"], 3), words.number(r["per_hour"] or 0, 1),
            f'{low:.0f} {words("to")} {high:.0f}')


def false_table(result, words):
    rows = []
    for event, told in result["own"].items():
        if told:
            where = ", ".join(f'{n} {s["false"]}' for n, s in told["sets"].items() if s["false"])
            rows.append((event, *rate_cells(rates_of(told["false"], told["seconds"]), words), where))
    return words.table((*RATE_HEADS, "where"), rows)


def degraded_table(found, words):
    rows = []
    for event, r in found["events"].items():
        kinds = ", ".join(f"{k} {n}" for k, n in r["by_kind"].items() if n)
        rows.append((event, *rate_cells(r, words), kinds, yes(words, (r["per_hour"] or 0) <= DEGRADED_PER_HOUR)))
    return words.table((*RATE_HEADS, "by kind", "at most 2 an hour"), rows)


def case_lines(result, words):
    lines = []
    for event, told in result["asked"].items():
        for c in told["cases"] if told else ():
            at = (f'{words.number(c["start_s"], 1)} {words("to")} {words.number(c["end_s"], 1)} s'
                  if c.get("alert_s") is None else f'{words.number(c["alert_s"], 1)} s')
            lines.append(f'- {event}, {words(c["what"])} : `{c["file"]}`, {at}'
                         + "".join(f"\n  - {line}" for line in c.get("why", [])[:6]))
    return "\n".join(lines) or words("None.")


def floor_faults(path, results):
    """What fell below the recorded floor: {"5": {"wrong_way": {"found": 5, "false": 1}}}."""
    with open(path, encoding="utf-8") as f:
        floor = json.load(f)
    faults = []
    for result in results:
        for event, wanted in floor.get(f'{result["rate"]:g}', {}).items():
            told = result["asked"].get(event)
            if not told:
                faults.append(f"{event}: not tried")
                continue
            sets = [s for n, s in told["sets"].items() if n in wanted.get("sets", told["sets"])]
            found, wrong = (sum(s[k] for s in sets) for k in ("found", "false"))
            if found < wanted["found"] or wrong > wanted["false"]:
                faults.append(f'{event} at {result["rate"]:g}: {found} found, {wrong} false; the floor is '
                              f'{wanted["found"]} and {wanted["false"]}')
    return faults


def put_between(path, name, text):
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    with open(path, encoding="utf-8") as f:
        page = f.read()
    if begin not in page or end not in page:
        raise engine.Missing(f"{path}: no {begin} ... {end}")
    page = page[:page.index(begin) + len(begin)] + "\n" + text.strip("\n") + "\n" + page[page.index(end):]
    with open(path, "w", encoding="utf-8") as f:
        f.write(page)


def tables_of(report, words):
    tables = {"command": f'    {report["command"]}\n\n{report["date"]}, {report["versions"]["vigie"]}, '
                         f'{report["model"]}, {words("commit")} {report["versions"]["commit"][:12]}.'}
    left_out = "; ".join(report["refused"]) or words("none")
    must = [row for r in report["results"] for row in must_rows(r, report["refused"], words)]
    tables["must"] = (f'{words("Left out, refused or not seen by the model")} : {left_out}.\n\n'
                      f"{must_table(must, words)}")
    for name, table in (("false", false_table), ("cases", case_lines)):
        tables[name] = "\n\n".join(f'{r["rate"]:g} {words("pictures a second (0: every one)")} :\n\n{table(r, words)}'
                                   for r in report["results"])
    d = report.get("degraded")
    if d:
        tables["degraded"] = (f'{d["copies"]} {words("copies")}, {words.number(d["hours"], 2)} h, {words("seed")} '
                              f'{d["seed"]}, {words("analysed in")} {d["elapsed_s"] / 60:.0f} min.\n\n'
                              f"{degraded_table(d, words)}")
    return tables


def options_read():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of the sets")
    parser.add_argument("--build", default=os.path.join(engine.ROOT, "build"))
    parser.add_argument("--model", default="nanodet-g")
    parser.add_argument("--sets", help="names, with commas; default: all that are there")
    parser.add_argument("--rates", default="5", help="pictures a second, with commas; 0: every one")
    parser.add_argument("--jobs", type=int, default=1, help="clips at the same time")
    parser.add_argument("--degraded", type=float, default=0, metavar="HOURS")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", metavar="DIR", help="keep scenes, truths and what batch wrote")
    parser.add_argument("--floor", metavar="FILE", help="fail only below what stands there")
    parser.add_argument("--write", metavar="PAGE", help="put the tables between its markers")
    parser.add_argument("--lang", choices=("en", "fr"), help="of the tables; default: en, with --write fr")
    parser.add_argument("--out", metavar="FILE.json", help="write everything, all alerts too")
    args = parser.parse_args()
    args.vigie, args.node = os.path.join(args.build, "vigie"), "node"
    args.rates = [float(r) for r in args.rates.split(",") if r]
    args.lang = args.lang or ("fr" if args.write else "en")
    os.environ["VIGIE_LANG"] = args.lang  # the reasons are the program's words
    return args


def measure(args, folder):
    wanted = args.sets.split(",") if args.sets else [s["name"] for s in SETS]
    unknown = [n for n in wanted if n not in [s["name"] for s in SETS]]
    if unknown:
        raise engine.Missing(f'no set {", ".join(unknown)}: there are {", ".join(s["name"] for s in SETS)}')
    sets = [one for one in (read_set(s, args.data) for s in SETS if s["name"] in wanted) if one]
    if not sets:
        raise engine.Missing(f"{args.data}: none of the sets is there")
    refused = refused_events(args, folder)
    for one in sets:
        one["events"], one["scene"] = scene_for(one, refused, folder)
    results = [at_rate(args, sets, rate, folder) for rate in args.rates]
    report = {"what": "bench/events.py", "command": engine.shown(["bench/events.py", *sys.argv[1:]]).replace(args.data, "DIR"), "model": args.model,
              "date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": engine.machine(),
              "versions": engine.versions(args), "sets": [s["name"] for s in sets], "refused": refused,
              "must": [row for r in results for row in must_rows(r, refused, Words("en"))], "results": results}
    if args.degraded > 0:
        report["degraded"] = degraded(args, sets, folder)
    return report


def main():
    args = options_read()
    try:
        with tempfile.TemporaryDirectory(prefix="vigie-events-") as folder:
            if args.keep:
                os.makedirs(args.keep, exist_ok=True)
            report = measure(args, os.path.abspath(args.keep) if args.keep else folder)
        tables = tables_of(report, Words(args.lang))
        for table in tables.values():
            print(table + "\n")
        if args.write:
            for name, table in tables.items():
                put_between(args.write, name, table)
    except engine.Missing as error:
        print(f"events.py: {error}", file=sys.stderr)
        return 1
    if args.out:
        with open(args.out, "w", encoding="utf-8") as f:
            json.dump(report, f, indent=1)
            f.write("\n")
    if args.floor:
        faults = floor_faults(args.floor, report["results"])
        for fault in faults:
            print(f"below the floor: {fault}")
        return 1 if faults else 0
    spoilt = report.get("degraded", {"events": {}})["events"].values()
    holds = all(r["holds"] is not False for r in report["must"])
    return 0 if holds and all((r["per_hour"] or 0) <= DEGRADED_PER_HOUR for r in spoilt) else 1


if __name__ == "__main__":
    sys.exit(main())
