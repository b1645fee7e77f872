#!/usr/bin/env python3
"""What receiving and decoding costs, holds and survives: the measures of ingest.

  bench/ingest.py [--build build] [--rows cpu,memory,...] [--quick] [--out FILE.json] [--state FILE]

Rows: cpu, memory, idle, sixteen, twohundred, open, return, cycles, decoder, killed; all of them unless
said. Each prints what must be and what was reached; one JSON has every round, the machine, the
versions and the command. What each does, and why so: docs/bench.md, "Ingest". --quick: the same way
with a few rounds, to see that it goes; such figures are none, and say so. --state keeps the cycles that
were done, and goes on from them. Code 0: all was measured and reached; 1: something was not reached;
3: something could not be measured; 4: the machine is busy (--anyway measures all the same).
"""
import argparse
import contextlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import engine  # noqa: E402
import ingest_faults  # noqa: E402
from cameras import ROOT, Camera, Failed, Ingest, clip, grows, quiet_port, slope  # noqa: E402

FPS = 25  # of the clips


class Stand:
    """What all rows need: the programs, the clips, a folder, how much to do."""

    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.vigie = os.path.join(args.build, "vigie")

    def amount(self, whole, quick):
        return quick if self.args.quick else whole

    def clip(self, name="h264"):
        return clip(name, os.path.join(self.args.cache or self.folder, "clips"))

    def camera(self, *options, **more):
        return Camera(self.args.build, self.clip(), *options, **more)

    def bench(self, urls, *options):
        """One report of `vigie bench ingest`."""
        return engine.run_json([self.vigie, "bench", "ingest", "--json", *options, *urls])


def say(words):
    print(words, file=sys.stderr, flush=True)


# ---- cpu -------------------------------------------------------------------------------------------


def cpu_seconds(pid):
    """Of all threads that are alive, to the nanosecond where the kernel tells."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
    return total / 1e9


def ffmpeg_ms(url, warm, seconds, *threads):
    """Milliseconds a picture: read where ffmpeg tells its progress, the start left out."""
    process = subprocess.Popen(["ffmpeg", "-nostdin", "-v", "error", "-progress", "pipe:1", "-stats_period", "0.2",
                                *threads, "-rtsp_transport", "tcp", "-i", url, "-an", "-f", "null", "-"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    first = last = began = None
    frame = 0
    for line in process.stdout:
        key, _, value = line.strip().partition("=")
        if key == "frame":
            frame = int(value)
        if key != "progress" or frame == 0:
            continue
        now = time.monotonic()
        began = began or now
        last = (frame, cpu_seconds(process.pid))
        if first is None and now - began >= warm:
            first = last
        if now - began >= warm + seconds:
            break
    process.terminate()
    process.wait()
    process.stdout.close()
    if not first or last[0] <= first[0]:
        raise Failed("ffmpeg decodes nothing")
    return 1000 * (last[1] - first[1]) / (last[0] - first[0])


def cpu(stand):
    warm, seconds, rounds = stand.amount(3, 1), stand.amount(20, 2), stand.amount(6, 1)
    done = []

    with stand.camera() as camera:
        url = camera.urls()[0]

        def ours():
            report = stand.bench([url], "--transport", "tcp", "--warm", str(warm), "--seconds", str(seconds))
            return 1000 * report["cpu_s"] / report["decoded"]

        sides = [("vigie", ours), ("ffmpeg_one", lambda: ffmpeg_ms(url, warm, seconds, "-threads", "1")),
                 ("ffmpeg_default", lambda: ffmpeg_ms(url, warm, seconds))]
        for i in range(rounds):
            done.append({name: make() for name, make in (sides if i % 2 == 0 else sides[::-1])})
            say(f"cpu {i + 1}/{rounds}: " + ", ".join(f"{k} {v:.3f} ms" for k, v in done[-1].items()))
    ratio = {name: statistics.median(r["vigie"] / r[name] for r in done) for name in ("ffmpeg_one", "ffmpeg_default")}
    return {"must": "<= 1.15 of ffmpeg, processor time a picture", "rounds": done, "ratio": ratio,
            "reached": f"{ratio['ffmpeg_one']:.3f} (-threads 1), {ratio['ffmpeg_default']:.3f} (its own choice)",
            "pass": ratio["ffmpeg_one"] <= 1.15}


# ---- memory, idle ----------------------------------------------------------------------------------

MEMORY = (("decoded", ()), ("decoded, kept for evidence", ("--keep",)),
          ("decoded, 5 a second taken", ("--want", "5")),
          ("decoded, kept, 5 a second taken", ("--keep", "--want", "5")))


def memory(stand):
    # the ring keeps 6 s and what its first picture needs: 8 s of this clip
    warm, rounds = stand.amount(22, 1), stand.amount(2, 1)
    done = []
    with stand.camera() as camera:
        for _ in range(rounds):
            for name, options in MEMORY:
                one, all16 = (stand.bench(camera.urls(), "--flux", str(n), "--warm", str(warm), "--seconds",
                                          str(stand.amount(3, 1)), *options)["rss_mb"] for n in (1, 16))
                done.append({"what": name, "rss_mb_1": one, "rss_mb_16": all16, "mb_per_flux": (all16 - one) / 15})
                say(f"memory, {name}: {done[-1]['mb_per_flux']:.2f} MB")
    each = {name: statistics.median(r["mb_per_flux"] for r in done if r["what"] == name) for name, _ in MEMORY}
    return {"must": "<= 6 MB a flux", "rounds": done, "mb_per_flux": each,
            "reached": "; ".join(f"{v:.2f} MB {name}" for name, v in each.items()), "pass": max(each.values()) <= 6}


def idle(stand):
    done = []
    with stand.camera() as camera:
        for _ in range(stand.amount(5, 1)):
            report = stand.bench(camera.urls(), "--flux", "16", "--decode", "none", "--transport", "tcp", "--seconds",
                                 str(stand.amount(20, 2)), "--warm", str(stand.amount(3, 1)))
            done.append(report)
    percent = statistics.median(r["core_percent_per_flux"] for r in done)
    return {"must": "< 0.2 % of a core a flux when nothing is decoded", "rounds": done, "percent": percent,
            "reached": f"{percent:.3f} %", "pass": percent < 0.2}


# ---- many flux -------------------------------------------------------------------------------------


def judge_sixteen(report, seconds):
    """What is wrong with it, in words. At either end of the time a picture may be cut off."""
    wrong = []
    if report["open"] != 16:
        wrong.append(f"{report['open']} open")
    if report["lost"] or report["reconnects"]:
        wrong.append(f"{report['lost']} packets lost, {report['reconnects']} reconnections")
    if abs(report["decoded"] - 16 * FPS * report["seconds"]) > 16 * 2:
        wrong.append(f"{report['decoded']} pictures of {16 * FPS * report['seconds']:.0f}")
    if report["worst_flux_fps"] * report["seconds"] < FPS * report["seconds"] - 2:
        wrong.append(f"{report['worst_flux_fps']:.2f} a second in one flux")
    wrong += [f"{count} {fate}" for fate, count in report["fates"].items()
              if count and fate not in ("rate", "analysed")]
    if report["seconds"] < seconds * 0.9:
        wrong.append(f"{report['seconds']:.1f} s only")
    return wrong


def sixteen(stand):
    seconds, done = stand.amount(60, 3), []
    with stand.camera() as camera:
        for transport in ("tcp", "udp"):
            report = stand.bench(camera.urls(), "--flux", "16", "--transport", transport, "--want", "5", "--warm",
                                 str(stand.amount(4, 1)), "--seconds", str(seconds))
            done.append({"transport": transport, "wrong": judge_sixteen(report, seconds), **report})
            say(f"sixteen, {transport}: {done[-1]['wrong'] or 'no loss'}")
    return {"must": "16 flux: every packet and every picture, by TCP and by UDP", "rounds": done,
            "reached": "; ".join(f"{r['transport']}: {', '.join(r['wrong']) or 'no loss'} of {r['packets']} packets, "
                                 f"{r['decoded']} pictures" for r in done),
            "pass": not any(r["wrong"] for r in done)}


def twohundred(stand):
    settle, held = stand.amount(120, 5), stand.amount(600, 30)
    with stand.camera("--small", count=200) as camera, \
            Ingest(stand.vigie, camera.urls(), "--decode", "keys") as ingest:
        began = time.monotonic()
        ingest.wait("200 flux open", lambda: ingest.samples and ingest.samples[-1]["open"] == 200, 120)
        open_s = time.monotonic() - began
        say(f"twohundred: open after {open_s:.1f} s")
        begin = ingest.next_sample(lambda s: s["live"] == 200, 30)["t"] + settle
        last = ingest.next_sample(lambda s: s["t"] >= begin + held, settle + held + 30)
        with ingest.news:
            first = next(s for s in ingest.samples if s["t"] >= begin)
            points = [s for s in ingest.samples if s["t"] >= begin][::stand.amount(10, 1)]
    lines = {name: slope([[(s["t"] - begin, s[name]) for s in points]], stand.amount(60, 5))
             for name in ("rss_mb", "threads", "descriptors")}
    flat = not any(grows(line) for line in lines.values())
    rss = lines["rss_mb"] or {"slope": float("nan"), "half_interval": float("nan")}
    return {"must": "open within 60 s; descriptors and memory flat", "open_s": open_s, "samples": points,
            "slopes_a_second": lines, "lost_flux": 200 - last["live"], "reconnects": last["reconnects"],
            "reached": f"open after {open_s:.1f} s; {rss['slope'] * 3600:.2f} +- {rss['half_interval'] * 3600:.2f} MB "
                       f"an hour of {last['rss_mb']:.0f} MB, {first['descriptors']} to {last['descriptors']} "
                       f"descriptors, {first['threads']} to {last['threads']} threads, {last['live']} live, "
                       f"{last['reconnects']} reconnections",
            "pass": open_s <= 60 and flat and last["live"] == 200 and first["threads"] == last["threads"]}


# ---- open and return -------------------------------------------------------------------------------


def open_time(stand):
    done = []
    with stand.camera() as camera:
        for i in range(stand.amount(30, 3)):
            transport = ("tcp", "udp")[i % 2]
            report = stand.bench(camera.urls(), "--transport", transport, "--warm", "0", "--seconds", "0.1")
            if not report["open"]:
                raise Failed("a flux did not open")
            done.append({"transport": transport, "ms": report["open_ms"]})
    times = [r["ms"] for r in done]
    return {"must": "< 1 s, description complete", "rounds": done, "median_ms": statistics.median(times),
            "max_ms": max(times), "reached": f"median {statistics.median(times):.0f} ms, longest {max(times):.0f} ms "
                                             f"of {len(times)}", "pass": max(times) < 1000}


def return_time(stand):
    chance, done, count = random.Random(13), [], stand.amount(20, 2)
    with stand.camera(port=quiet_port()) as camera, Ingest(stand.vigie, camera.urls()) as ingest:
        ingest.picture(0, 0)
        for i in range(count):
            killed = time.monotonic()
            camera.end()
            # away for a random time, so that the tries are met at any moment between two
            away = chance.uniform(0.2, stand.amount(8, 2))
            ingest.loss(0, killed)
            time.sleep(max(0.0, killed + away - time.monotonic()))
            back = camera.start()
            seconds = ingest.picture(0, back)["t"] - back
            done.append({"away_s": away, "return_s": seconds})
            say(f"return {i + 1}/{count}: away {away:.1f} s, back after {seconds:.2f} s")
            time.sleep(chance.uniform(0.2, 1))
    times = [r["return_s"] for r in done]
    return {"must": "<= 3 s", "rounds": done, "median_s": statistics.median(times), "max_s": max(times),
            "reached": f"median {statistics.median(times):.2f} s, longest {max(times):.2f} s of {len(times)}",
            "pass": max(times) <= 3}


# ---- cycles ----------------------------------------------------------------------------------------


def cycle_kill(camera, ingest, flux, chance):
    begin = time.monotonic()
    camera.end()
    time.sleep(chance.uniform(0, 0.5))
    camera.start()
    ingest.picture(flux, begin)


def cycle_freeze(camera, ingest, flux, chance):
    """Held until that is seen: the kernel still takes connections, nobody answers."""
    begin = time.monotonic()
    camera.hold()
    ingest.loss(flux, begin)
    time.sleep(chance.uniform(0, 1))
    camera.go_on()
    ingest.picture(flux, begin)


def cycle_black_hole(camera, ingest, flux, chance):
    """Connections stand, and nothing is read or written 0.3 s after PLAY."""
    begin = time.monotonic()
    camera.end()
    camera.start("--faults", "blackhole=0.3")
    held = ingest.picture(flux, begin)["t"]
    ingest.loss(flux, held)
    time.sleep(chance.uniform(0, 0.5))
    cycle_restart(camera, ingest, flux, chance)


def cycle_restart(camera, ingest, flux, chance):
    begin = time.monotonic()
    camera.end(signal.SIGTERM)
    time.sleep(chance.uniform(0, 0.5))
    camera.start()
    ingest.picture(flux, begin)


CYCLES = (("kill", cycle_kill), ("freeze", cycle_freeze), ("black hole", cycle_black_hole),
          ("restart", cycle_restart))


class Progress:
    """Cycles done by all threads, over all runs of the state file."""

    def __init__(self, wanted, path):
        self.lock, self.wanted, self.path = threading.Lock(), wanted, path
        self.state = {"done": dict.fromkeys((name for name, _ in CYCLES), 0), "hangs": [], "segments": []}
        if path and os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                self.state = json.load(f)
        self.given, self.wanted_now = sum(self.state["done"].values()), wanted

    def take(self):
        """The number of the next cycle, None: no more."""
        with self.lock:
            if self.given >= self.wanted_now:
                return None
            self.given += 1
            return self.given - 1

    def stop(self):
        """No further cycle begins; those under way end, each in bounded time."""
        with self.lock:
            self.wanted_now = 0

    def done(self, name, hang=None):
        with self.lock:
            self.state["done"][name] += 1
            if hang:
                self.state["hangs"].append(f"{name}: {hang}")

    def count(self):
        with self.lock:
            return sum(self.state["done"].values())

    def save(self, segment=None):
        if segment:
            self.state["segments"].append(segment)
        if self.path:
            with open(self.path, "w", encoding="utf-8") as f:
                json.dump(self.state, f)


def run_cycles(progress, camera, ingest, flux):
    chance = random.Random(flux)
    while (number := progress.take()) is not None:
        name, cycle = CYCLES[(number + flux) % len(CYCLES)]
        hang = None
        try:
            cycle(camera, ingest, flux, chance)
        except Failed as error:
            hang = str(error)
            camera.end()
            camera.start()
        progress.done(name, hang)
        ingest.forget(flux)


def cycle_segment(stand, progress, flux):
    """One run of vigie, as far as it comes: begin, end, and (cycles, MB) between."""
    with contextlib.ExitStack() as stack:
        cameras = [stack.enter_context(stand.camera(port=quiet_port())) for _ in range(flux)]
        ingest = stack.enter_context(Ingest(stand.vigie, [camera.urls()[0] for camera in cameras], "--want", "5",
                                            "--keep"))
        begin = ingest.next_sample(lambda s: s["live"] == flux, 60)
        threads = [threading.Thread(target=run_cycles, args=(progress, camera, ingest, i), daemon=True)
                   for i, camera in enumerate(cameras)]
        for thread in threads:
            thread.start()
        points = []
        try:
            while any(thread.is_alive() for thread in threads):
                sample = ingest.next_sample()
                points.append((progress.count(), sample["rss_mb"], sample["threads"], sample["descriptors"],
                               sample["hung"]))
                if len(points) % 10 == 0:
                    say(f"cycles: {points[-1][0]}/{progress.wanted}, {sample['rss_mb']:.1f} MB, "
                        f"{sample['live']} live, {len(progress.state['hangs'])} hangs")
        finally:
            progress.stop()  # else a camera would be started again behind our back
            for thread in threads:
                thread.join()
            with contextlib.suppress(Failed):
                end = ingest.next_sample(lambda s: s["live"] == flux, 20)
                progress.save({"begin": begin, "end": end, "points": points})


def cycles(stand):
    wanted, flux = stand.amount(1000, 40), stand.amount(8, 8)
    progress = Progress(wanted, stand.args.state)
    if progress.count() < wanted:
        cycle_segment(stand, progress, flux)
    segments = progress.state["segments"]
    if not segments:
        raise Failed("no run came to its end")
    # the first tenth of each fills what is only filled once; towards the end fewer cameras are away, and
    # flux that are there hold more than flux that are not
    kept = [[(p[0], p[1]) for p in s["points"][len(s["points"]) // 10:] if p[0] <= wanted - flux] for s in segments]
    line = slope(kept, stand.amount(50, 5))
    same = all(s["begin"][k] == s["end"][k] for s in segments for k in ("threads", "descriptors"))
    hung = sum(p[4] > 0 for s in segments for p in s["points"])
    last, hangs = segments[-1], progress.state["hangs"]
    rss = line or {"slope": float("nan"), "half_interval": float("nan")}
    return {"must": f"{wanted} cycles over {flux} flux: no leak, no hang, no thread lost", "done": progress.state["done"],
            "hangs": hangs, "segments": segments, "slope_mb_a_cycle": line, "samples_with_a_thread_late": hung,
            "reached": f"{progress.count()} cycles; {1000 * rss['slope']:.2f} +- {1000 * rss['half_interval']:.2f} MB a "
                       f"thousand of {last['end']['rss_mb']:.0f} MB; {len(hangs)} hangs; threads "
                       f"{last['begin']['threads']} and {last['end']['threads']}, descriptors "
                       f"{last['begin']['descriptors']} and {last['end']['descriptors']}",
            "pass": progress.count() >= wanted and not hangs and same and not hung and grows(line) is False}


# ---- all -------------------------------------------------------------------------------------------

ROWS = {"cpu": cpu, "memory": memory, "idle": idle, "sixteen": sixteen, "twohundred": twohundred, "open": open_time,
        "return": return_time, "cycles": cycles, "decoder": ingest_faults.decoder, "killed": ingest_faults.killed}


def measure(stand, name):
    began = time.monotonic()
    try:
        row = ROWS[name](stand)
    except (Failed, engine.Missing, RuntimeError, OSError) as error:
        row = {"missing": str(error)}
    row = {"row": name, **row, "took_s": round(time.monotonic() - began, 1)}
    if "missing" in row:
        print(f"{name}: not measured: {row['missing']}", flush=True)
    else:
        word = "quick, no figure" if stand.args.quick else "pass" if row["pass"] else "MISSED"
        print(f"{name}: must {row['must']}; reached {row['reached']}; {word}", flush=True)
    return row


def versions(args):
    found = {}
    for name, command in (("vigie", [os.path.join(args.build, "vigie"), "--version"]), ("ffmpeg", ["ffmpeg", "-version"]),
                          ("commit", ["git", "-C", ROOT, "rev-parse", "HEAD"])):
        try:
            found[name] = engine.run(command).strip().split("\n")[0]
        except engine.Missing as error:
            found[name] = f"not known: {error}"
    return found


def end_code(rows, quick):
    if any("missing" in row for row in rows):
        return 3
    return int(not quick and not all(row["pass"] for row in rows))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--clip", default=os.path.join(ROOT, "cache", "vtest.avi"), help="with people, for alerts")
    parser.add_argument("--cache", default=os.environ.get("VIGIE_CACHE"), help="folder where made clips are kept")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--anyway", action="store_true", help="also on a busy machine")
    parser.add_argument("--state", help="file of the cycles that were done, to go on from")
    parser.add_argument("--out", help="default: bench/results/ingest-DATE.json, none with --quick")
    args = parser.parse_args()
    args.rows = args.rows.split(",")
    unknown = [row for row in args.rows if row not in ROWS]
    if unknown:
        parser.error(f"no row is called {unknown[0]}; there are {', '.join(ROWS)}")
    return args


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended, what was done is kept
    busy = 0.0 if args.quick else engine.others_busy(3)
    if busy > engine.BUSY_MOST and not args.anyway:
        print(f"ingest.py: other programs take {busy:.2f} cores: figures would say nothing (wait, or --anyway)",
              file=sys.stderr)
        return 4
    date = time.strftime("%Y-%m-%d", time.gmtime())
    out = args.out or (None if args.quick else os.path.join(HERE, "results", f"ingest-{date}.json"))
    report = {"what": "bench/ingest.py", "command": engine.shown(["bench/ingest.py", *sys.argv[1:]]), "date": date,
              "quick": args.quick, "machine": engine.machine(), "versions": versions(args),
              "busy_cores_before": round(busy, 3), "rows": []}
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        stand = Stand(args, folder)
        for name in args.rows:
            report["rows"].append(measure(stand, name))
            if out:  # after each: an hour's work is not lost by the last row
                with open(out, "w", encoding="utf-8") as f:
                    json.dump(report, f, indent=1)
                    f.write("\n")
    return end_code(report["rows"], args.quick)


if __name__ == "__main__":
    sys.exit(main())
