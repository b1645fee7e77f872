#!/usr/bin/env python3
"""How many flux are held, and their p99: predicted from a small measure, against what is measured then.

  bench/predict.py --clip CLIP [--build build] [--rows 'NAME;...'] [--state FILE.json] [--out FILE.json]
                   [--settle 15] [--small 20] [--measure 30] [--anyway]

Ten configurations (sizes, codecs, rates, precisions, one event or five, two classes mixed). For each,
`vigie bench sizing --only 2` measures two flux for --small seconds, then `--only 2,N` two again and three
quarters of what that seems to hold; what this says of more is the prediction. (With few flux a processor is
woken for each picture, and takes more for it than one that works.) Then more are measured for --measure
seconds each, first as many as were predicted, until one number is held and the next (or one a tenth above) is
not. Nothing that was measured then goes into the prediction. Each measure times batches on the device alone
before and after itself: one in which both were further than a twentieth from their mean, or that from what it
was for the prediction, is taken again, three times at most, and the steadiest counts (--out tells of all)
unless that, too, is off by more than a tenth: it is the prediction that is judged, and not the machine. p99 is
compared for the most flux that were held and were predicted to be. Beside it stands how many the server's own
admission would have let in by the end of the small measure. A row takes four to six minutes, and more where
measures are taken again. Shorter settling does harm: rules that begin together raise their first alerts together, and
the clips of all of them are cut in the seconds after. For the record: --small 60 --measure 60.

--clip: any clip with people in it, half a minute or more; what the rows want is made of it, beside the
state. --state keeps each measure and goes on from there; other times, another program, another clip or
other rows begin anew.
Prints Markdown, writes everything as JSON. Code 0: every row is within its limits; 1: one is not, or that
is not known; 3: one could not be measured; 4: others kept more than a fifth of a core busy, which makes no
prediction wrong but is no figure, or the machine's speed was off by more than a twentieth in each try of a
measure (--anyway: only said). Wants ffmpeg with libx264 and libx265, and for the rows in int8 a model that
`vigie model quantize` made.
"""
import argparse
import hashlib
import json
import os
import subprocess
import sys
import time

FIVE = ["wrong_way", "crossing", "crowd_movement", "density", "abandoned_object"]
FOREIGN_CORES = 0.2
MEASURES_MAX = 7
FEW = 2
SPEED_SLACK, SPEED_OFF_MOST = 0.05, 0.1
TRIES = 4
# how a clip is made: codec's name here, its encoder, size
CLIPS = {"4cif-h264": ("h264", ["-c:v", "libx264", "-preset", "medium", "-b:v", "2M"], 704, 576),
         "4cif-hevc": ("hevc", ["-c:v", "libx265", "-preset", "fast", "-b:v", "1M", "-x265-params", "log-level=error"],
                       704, 576),
         "4cif-mjpeg": ("mjpeg", ["-c:v", "mjpeg", "-q:v", "6"], 704, 576),
         "720p-h264": ("h264", ["-c:v", "libx264", "-preset", "medium", "-b:v", "4M"], 1280, 720),
         "cif-h264": ("h264", ["-c:v", "libx264", "-preset", "medium", "-b:v", "700k"], 352, 288)}
# name: precision, classes (clip, share, rate, events)
ROWS = {"4CIF H.264, 5/s, f32": ("f32", [("4cif-h264", 1, 5, FIVE)]),
        "4CIF H.264, 5/s, int8": ("int8", [("4cif-h264", 1, 5, FIVE)]),
        "4CIF H.264, 2/s, f32": ("f32", [("4cif-h264", 1, 2, FIVE)]),
        "4CIF H.264, 8/s, f32": ("f32", [("4cif-h264", 1, 8, FIVE)]),
        "4CIF H.264, 5/s, f32, one event": ("f32", [("4cif-h264", 1, 5, ["crossing"])]),
        "4CIF H.265, 5/s, f32": ("f32", [("4cif-hevc", 1, 5, FIVE)]),
        "4CIF MJPEG, 5/s, f32": ("f32", [("4cif-mjpeg", 1, 5, FIVE)]),
        "720p H.264, 5/s, f32": ("f32", [("720p-h264", 1, 5, FIVE)]),
        "CIF H.264, 2/s, int8": ("int8", [("cif-h264", 1, 2, FIVE)]),
        "mixed: 4CIF 5/s, 720p 2/s, f32": ("f32", [("4cif-h264", 0.6, 5, FIVE), ("720p-h264", 0.4, 2, ["crossing"])])}


class Failed(Exception):
    """What could not be measured, and why."""


def say(words):
    print(words, file=sys.stderr, flush=True)


def digest_of(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def rows_digest():
    """Of what the rows are, and how their clips are made."""
    return hashlib.sha256(json.dumps([CLIPS, ROWS]).encode()).hexdigest()


class Stand:
    """Where measures come from: the program, or what an earlier run kept."""

    def __init__(self, args):
        self.args = args
        self.vigie = os.path.join(args.build, "vigie")
        clip, rows = digest_of(args.clip), rows_digest()
        self.folder = os.path.join(os.path.splitext(os.path.abspath(args.state))[0] + "-clips", f"{clip[:16]}-{rows[:16]}")
        os.makedirs(self.folder, exist_ok=True)
        self.method = {"program": digest_of(self.vigie), "clip": clip, "rows": rows, "settle_s": args.settle,
                       "small_s": args.small, "measure_s": args.measure}
        self.kept = {"method": self.method, "measures": {}}
        if os.path.exists(args.state):
            with open(args.state, encoding="utf-8") as f:
                kept = json.load(f)
            if kept.get("method") == self.method:
                self.kept = kept

    def keep(self, key, value):
        self.kept["measures"][key] = value
        with open(self.args.state + ".new", "w", encoding="utf-8") as f:
            json.dump(self.kept, f)
        os.replace(self.args.state + ".new", self.args.state)

    def clip(self, name):
        _, encoder, width, height = CLIPS[name]
        path = os.path.join(self.folder, name + ".mkv")
        if not os.path.exists(path):
            say(f"{name}: its clip")
            command = ["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", "-1", "-i", self.args.clip, "-t", "60", "-an",
                       "-vf", f"fps=25,scale={width}:{height},format=yuv{'j' if 'mjpeg' in name else ''}420p", "-g", "50",
                       *encoder, "-f", "matroska", "-y", path + ".new"]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode != 0:
                raise Failed(f"ffmpeg: {done.stderr.strip()[-300:]}")
            os.replace(path + ".new", path)
        return path

    def profile(self, row):
        classes = [{"name": clip, "share": share, "codec": CLIPS[clip][0], "width": CLIPS[clip][2],
                    "height": CLIPS[clip][3], "fps": 25, "rate_fps": rate, "events": events, "clip": self.clip(clip)}
                   for clip, share, rate, events in ROWS[row][1]]
        path = os.path.join(self.folder, f"row-{list(ROWS).index(row)}.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"version": 1, "name": row, "classes": classes}, f)
        return path

    def measure(self, row, flux, seconds, alone_ms=None):
        """What `bench sizing` says after it measured these numbers of flux; of several tries the one through which
        the machine was steadiest, and nearest to the speed at which a picture alone takes alone_ms."""
        tries = []
        for i in range(TRIES):
            tries.append(self.one_measure(f"{row} | {flux}" + (f" | try {i + 1}" if i else ""), row, flux, seconds))
            if unsteady(tries[-1], alone_ms) <= SPEED_SLACK:
                break
        best = min(tries, key=lambda report: unsteady(report, alone_ms))
        if unsteady(best, alone_ms) > SPEED_OFF_MOST:
            raise Failed(f"{flux} flux: the machine's speed was off by {100 * unsteady(best, alone_ms):.0f} % each time")
        return best | {"tries": [{"speed_off": unsteady(t, alone_ms), "held": t["held"]} for t in tries]}

    def one_measure(self, key, row, flux, seconds):
        if key in self.kept["measures"]:
            return self.kept["measures"][key]
        command = [self.vigie, "bench", "sizing", "--json", "--only", flux, "--profile", self.profile(row), "--precision",
                   ROWS[row][0], "--settle", str(self.args.settle), "--measure", str(seconds), "--idle", "0", "--tiers",
                   "8"]
        say(key)
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"{flux} flux: {done.stderr.strip()[-300:]}")
        report = json.loads(done.stdout)
        self.keep(key, report)
        return report


def alone(report):
    """Milliseconds that a picture takes on the device alone: before the measures, and after."""
    most = max(report["batches_alone"], key=lambda batch: batch["pictures"])
    return most["before_ms"] / most["pictures"], most["after_ms"] / most["pictures"]


def unsteady(report, alone_ms=None):
    """How far from its mean the machine's speed was in it, or that mean is off the other one; a share."""
    before, after = alone(report)
    mean = (before + after) / 2
    return max(abs(after / mean - 1), abs(mean / alone_ms - 1) if alone_ms else 0)


def foretell(stand, row):
    """From two flux, and three quarters as many as two seem to say are held."""
    rough = stand.measure(row, str(FEW), stand.args.small)["predicted"]["held"] or 0
    return stand.measure(row, f"{FEW},{max(FEW + 1, rough * 3 // 4)}", stand.args.small)


def following(held, failed, start, tries):
    """The next number to measure; None: it is known to a flux or a tenth."""
    if held is None and failed is None:
        return start
    if failed is None:
        return held + max(1, held // 10) * 2 ** max(0, tries - 2)
    if held is None:
        return max(1, failed - max(1, failed // 10) * 2 ** max(0, tries - 2)) if failed > 1 else None
    return (held + failed) // 2 if failed - held > max(1, held // 10) else None


def limits(runs):
    """The most that was held below the fewest that was not, and that; None: there is none."""
    failed = min((n for n, run in runs.items() if not run["held"]), default=None)
    held = max((n for n, run in runs.items() if run["held"] and (failed is None or n < failed)), default=None)
    return held, failed


def search(stand, row, small):
    """{flux: run} until one is held and the next is not; by how much the machine's speed was off at the most."""
    runs, alone_ms, off = {}, sum(alone(small)) / 2, unsteady(small)
    start = max(1, small["predicted"]["held"] or 1)
    while len(runs) < MEASURES_MAX:
        held, failed = limits(runs)
        flux = following(held, failed, start, len(runs))
        if flux is None or flux > 200 or flux in runs:
            break
        report = stand.measure(row, str(flux), stand.args.measure, alone_ms)
        runs[flux] = report["runs"][0] | {"tries": report["tries"]}
        off = max(off, unsteady(report, alone_ms))
    return runs, off


def within(predicted, held, failed):
    """None: more is predicted than was held, but nothing that was measured was not."""
    slack = max(1, held / 10)
    if predicted is None or predicted < held - slack:
        return False
    return None if failed is None and predicted > held + slack else predicted <= held + slack


def judge(row, small, runs, off):
    said = {at["flux"]: at for at in small["predicted"]["flux"]}
    most, failed = limits(runs)
    held = most or 0
    predicted = small["predicted"]["held"]
    # where both hold: beyond what it says is held, the simulation says of latency only that it grows
    both = min(held, predicted or 0)
    at = max((n for n in runs if n <= both), default=None)
    p99 = runs[at]["due_ms"]["p99"] if at else None
    said_p99 = said[at]["p99_ms"] if at in said else None
    foreign = max([run["foreign_cores"] or 0 for run in small["runs"] + list(runs.values())])
    return {"row": row, "predicted": predicted, "measured": held, "at_least": failed is None,
            "known_to": None if failed is None else failed - held, "within": within(predicted, held, failed),
            "p99_flux": at, "p99_ms": p99, "predicted_p99_ms": said_p99,
            "p99_off": said_p99 / p99 - 1 if p99 and said_p99 else None,
            "admitted": small["runs"][-1]["admitted"], "p99_within": bool(p99 and said_p99) and abs(said_p99 / p99 - 1) <= 0.3,
            "foreign_cores": foreign, "speed_off": off, "alone_ms": sum(alone(small)) / 2, "costs": small["costs"],
            "runs": {str(n): {k: run[k] for k in ("held", "lacks", "due_ms", "cpu_cores", "unanalysed_share", "tries")}
                     for n, run in sorted(runs.items())}}


def number(x, form="{:.0f}"):
    return form.format(x) if x is not None else "-"


def table(found):
    print("| flux | predicted | measured | within 1 or 10 % | p99 of | predicted, ms | measured | within 30 % | admission | others, cores | speed off |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for r in found:
        if "failed" in r:
            print(f"| {r['row']} | not measured: {r['failed']} | | | | | | | | | |")
            continue
        measured = f"at least {r['measured']}" if r["at_least"] else r["measured"]
        print(f"| {r['row']} | {number(r['predicted'])} | {measured} | "
              f"{'not known' if r['within'] is None else 'yes' if r['within'] else 'no'} | "
              f"{number(r['p99_flux'])} | {number(r['predicted_p99_ms'])} | {number(r['p99_ms'])} | {'yes' if r['p99_within'] else 'no'} "
              f"({number(r['p99_off'] and 100 * r['p99_off'], '{:+.0f} %')}) | {number(r['admitted'])} | {r['foreign_cores']:.2f} | {100 * r['speed_off']:.0f} % |")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", required=True)
    parser.add_argument("--build", default="build")
    parser.add_argument("--rows", help="names or parts of them, parted by ';'; all unless said")
    parser.add_argument("--state", default="predict-state.json")
    parser.add_argument("--out", default=time.strftime("bench/results/predict-%Y-%m-%d.json"))
    parser.add_argument("--settle", type=float, default=15)
    parser.add_argument("--small", type=float, default=20)
    parser.add_argument("--measure", type=float, default=30)
    parser.add_argument("--anyway", action="store_true")
    return parser.parse_args()


def main():
    args = arguments()
    wanted = [r for r in ROWS if not args.rows or any(part == r if part in ROWS else part in r for part in args.rows.split(";"))]
    stand, found, machine = Stand(args), [], None
    for row in wanted:
        begun = time.monotonic()
        try:
            small = foretell(stand, row)
            machine = small["machine"]
            found.append(judge(row, small, *search(stand, row, small)))
        except (Failed, OSError, ValueError, KeyError) as e:
            found.append({"row": row, "failed": str(e).replace("\n", " ")})
        say(f"{row}: {time.monotonic() - begun:.0f} s")
    table(found)
    with open(args.out, "w", encoding="utf-8") as f:
        json.dump({"machine": machine, "method": stand.method, "rows": found}, f, indent=1)
        f.write("\n")
    if any("failed" in r for r in found):
        return 3
    if not args.anyway and any(r["foreign_cores"] > FOREIGN_CORES or r["speed_off"] > SPEED_SLACK for r in found):
        return 4
    return 0 if all(r["within"] and r["p99_within"] for r in found) else 1


if __name__ == "__main__":
    sys.exit(main())
