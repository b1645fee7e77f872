#!/usr/bin/env python3
"""Decoders that fail and hang, and a killed ingest process, seen from outside (see test_decoder.sh).

`cam` is decoded in the first ingest process by the test driver; `far` in the second, which nothing of this
may touch. slots_watch tells when each picture was analysed.
"""
import datetime
import glob
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["VIGIE_SOURCE_DIR"], "tools"))
from vigie_server import Server  # noqa: E402

BOUND_S = 3.0
BACK_OFF_S = 10.0
SHARE = 25 / 26  # of the cores, for the first process: as many flux as it has
NEAR = ("cam", "cam-near")  # in the first process
FAILS = []


def check(what, true):
    print(("ok      " if true else "FAILED  ") + what, flush=True)
    if not true:
        FAILS.append(what)


class Watch:
    """What slots_watch tells, kept."""

    def __init__(self, program, words):
        self.rows = []
        self.process = subprocess.Popen([program, *words], stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline():
            raise RuntimeError(f"slots_watch ended with code {self.process.wait()}")
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        names = ("time", "id", "analysed", "decoder", "cause", "falls", "rises", "surfaces", "connection", "epoch")
        for line in self.process.stdout:
            row = dict(zip(names, line.split()))
            for key in ("analysed", "falls", "rises", "surfaces"):
                row[key] = int(row[key])
            row["time"] = float(row["time"])
            self.rows.append(row)

    def of(self, flux):
        return [r for r in list(self.rows) if r["id"] == flux]

    def last(self, flux):
        rows = self.of(flux)
        return rows[-1] if rows else {"analysed": 0, "decoder": "", "cause": "", "falls": 0, "rises": 0}

    def analysed(self, flux):
        """When each analysed picture was."""
        found, count = [], None
        for row in self.of(flux):
            if count is not None and row["analysed"] > count:
                found.append(row["time"])
            count = row["analysed"]
        return found

    def gap(self, flux, since, until):
        """The longest time without an analysed picture that touches this span."""
        times = [t for t in self.analysed(flux) if t <= until]
        pairs = zip(times, times[1:] + [until])
        return max([b - a for a, b in pairs if b >= since], default=until - since)


def now():
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class Stage:
    def __init__(self, folder, display, clip):
        self.folder, self.display, self.clip = folder, display, clip
        self.build, self.source = os.environ["VIGIE_BUILD_DIR"], os.environ["VIGIE_SOURCE_DIR"]
        self.late = os.path.join(folder, "late")
        self.server = Server(os.path.join(self.build, "vigie"), os.path.join(folder, "data"))
        self.api = self.watch = self.camera = None
        self.incidents = []

    def start(self):
        self.camera = subprocess.Popen([os.path.join(self.build, "tests/camera"), "--stay", "--paths", "40", self.clip],
                                       stdout=subprocess.PIPE, text=True)
        port = int(self.camera.stdout.readline().split()[1])
        self.api = self.server.api()
        self.api.json("PUT", "/api/v1/site", {"sources": [{"host": "127.0.0.1"}],
                                              "decode": {"devices": [self.display], "cores": 0}}, {"If-Match": "*"})
        url = f"rtsp://127.0.0.1:{port}/"
        self.api.json("POST", "/api/v1/flux?admit=degraded", {"id": "cam", "url": url + "0", "rate_fps": 5, "priority": 1})
        self.api.json("PUT", "/api/v1/flux/cam/scene", scene(), {"If-Match": "*"})
        self.api.json("POST", "/api/v1/flux?admit=degraded", {"id": "cam-near", "url": url + "1", "rate_fps": 5, "priority": 6})
        for i in range(23):  # places in the first process: what comes next is in the second
            self.api.json("POST", "/api/v1/flux?admit=degraded", {"id": f"d-{i}", "url": url + "2", "active": False})
        self.api.json("POST", "/api/v1/flux?admit=degraded", {"id": "far", "url": url + "3", "rate_fps": 3})
        self.watch = self.server.wait_for("the slots of two ingest processes", self.open_watch, 60)

    def open_watch(self):
        """None: a process is not there. RuntimeError: it has just ended, as it does when the site gets other
        devices, or has its descriptors not yet; wait_for asks again."""
        pids = [self.ingest(0), self.ingest(1)]
        if None in pids:
            return None
        return Watch(os.path.join(self.build, "tests/slots_watch"),
                     [f"/proc/{pids[0]}/fd/4", "cam", "cam-near", f"/proc/{pids[1]}/fd/4", "far"])

    def ingest(self, number):
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as f:
                    words = f.read().split(b"\0")
                with open(os.path.dirname(path) + "/stat", encoding="utf-8") as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if parent == self.server.process.pid and words[1:4] == [b"child", b"ingest", str(number).encode()]:
                return int(path.split("/")[2])
        return None

    def faults(self, words, who="late"):
        """Of the driver as it runs in the first process (late), or of each new display (all); "": well again."""
        path = os.path.join(self.late, "all" if who == "all" else str(self.ingest(0)))
        if words:
            with open(path + ".new", "w", encoding="utf-8") as f:
                f.write(words + "\n")
            os.rename(path + ".new", path)
        elif os.path.exists(path):
            os.remove(path)

    def until(self, what, probe, seconds):
        try:
            self.server.wait_for(what, probe, seconds)
            return True
        except RuntimeError as error:
            check(str(error), False)
            return False

    def on(self, step, seconds, flux="cam"):
        return self.until(f"{flux} is decoded by {step}", lambda: self.watch.last(flux)["decoder"] == step, seconds)

    def flows(self, seconds=15):
        """Three more pictures of it are analysed."""
        before = self.watch.last("cam")["analysed"]
        return self.until("pictures", lambda: self.watch.last("cam")["analysed"] >= before + 4, seconds)

    def kill(self):
        pid = self.ingest(0)
        os.kill(pid, signal.SIGKILL)
        self.until("another process", lambda: self.ingest(0) not in (None, pid), 10)

    def times_on(self, step, flux):
        """How often it came to this step, by the log."""
        return self.server.read_log().count(f"flux {flux}: decoded by {step} instead of")

    def fresh(self):
        """The first process anew, its driver well, and without a memory of failures. What the slots tell is the
        process before until the new one's first pictures; and while it opens its device, it decodes in software."""
        self.faults("", "all")
        before = {flux: self.times_on("vaapi", flux) for flux in NEAR}
        self.kill()
        for flux in NEAR:
            self.until(f"{flux} is decoded by vaapi in the new process",
                       lambda f=flux: self.times_on("vaapi", f) > before[f], 30)
            self.on("vaapi", 5, flux)
        self.flows()

    def alerts(self):
        """Times of cam's alerts, and whether any came twice."""
        keys, times, after = [], [], ""
        while after is not None:
            page = self.api.json("GET", "/api/v1/alerts?limit=200" + after)
            keys += [a["key"] for a in page["items"]]
            times += [datetime.datetime.fromisoformat(a["time"]).timestamp() for a in page["items"] if a["flux"] == "cam"]
            after = "&after=" + page["next"] if page.get("next") else None
        return sorted(times), len(keys) - len(set(keys))


def scene():
    """Lines that people cross all the time."""
    lines = [[[x / 20, 0.02], [x / 20, 0.98]] for x in range(1, 20)] + [[[0.02, y / 12], [0.98, y / 12]] for y in range(3, 12)]
    return {"version": 1, "name": "t", "lines": [{"id": f"l{i}", "points": p} for i, p in enumerate(lines)],
            "rules": [{"id": f"r{i}", "event": "crossing", "at": f"l{i}", "severity": "low", "cooldown_s": 1}
                      for i in range(len(lines))]}


def gone_on(stage, what, begun, seconds=5):
    """The bound, from the last analysed picture before to the first after; alerts come again as well."""
    time.sleep(max(0.0, begun + seconds - now()))
    gaps = [stage.watch.gap(flux, begun, now()) for flux in NEAR]
    check(f"{what}: {gaps[0]:.2f} s without an analysed picture, its neighbour {gaps[1]:.2f} s", max(gaps) <= BOUND_S)
    stage.incidents.append((what, time.time() - now() + begun))


def late_faults(stage):
    """Words, what the flux falls for, whether the process ends for it."""
    rows = (("once=0", "error"), ("end=0", "error"), ("begin=0", "error"), ("sync=0", "transfer"),
            ("noderive,noimage", "transfer"))
    for words, cause in rows:
        stage.fresh()
        before, pid = [stage.watch.last(f) for f in NEAR], stage.ingest(0)
        begun, fallen = now(), 1 if words == "once=0" else 2  # a picture, of whichever flux
        stage.faults(words)
        stage.until("a fall", lambda n=fallen: sum(stage.watch.last(f)["decoder"] == "software" for f in NEAR) == n, 10)
        gone_on(stage, f"driver {words}", begun)
        rows = [(b, stage.watch.last(f)) for b, f in zip(before, NEAR)]
        fell = [(a["falls"] - b["falls"], a["cause"]) for b, a in rows if a["falls"] != b["falls"]]
        check(f"driver {words}: one fall more, for {cause}: {fell}", fell == [(1, cause)] * fallen)
        check(f"driver {words}: the process lives", stage.ingest(0) == pid)
    # well again: up after the back-off
    before = stage.watch.last("cam")["rises"]
    stage.faults("")
    stage.on("vaapi", 25)
    check("up again is a rise", stage.watch.last("cam")["rises"] == before + 1)
    gone_on(stage, "up again", now() - 5, 3)


def hangs(stage):
    for words in ("hangfrom=0", "hangend=0"):
        stage.fresh()
        pid, begun = stage.ingest(0), now()
        stage.faults(words)
        stage.until("another process", lambda p=pid: stage.ingest(0) not in (None, p), 10)
        gone_on(stage, f"driver {words}", begun, 6)
        after = stage.watch.last("cam")
        check(f"driver {words}: by {after['decoder']} for {after['cause']}",
              (after["decoder"], after["cause"]) == ("software", "hung"))
        other = stage.watch.last("cam-near")
        check(f"driver {words}: its neighbour by {other['decoder']} for {other['cause']}",
              (other["decoder"], other["cause"]) == ("software", "hung"))
        stage.on("vaapi", 25)
        up = next(r["time"] for r in stage.watch.of("cam")[::-1] if r["decoder"] == "software")
        check(f"driver {words}: up again {up - begun:.1f} s later, not before its back-off", up - begun > BACK_OFF_S)
        gone_on(stage, f"driver {words}, up again", now() - 5, 3)
        # and once more: a process that climbs into a driver that hangs again
    pid, begun = stage.ingest(0), now()
    stage.faults("hangfrom=0")
    stage.until("another process", lambda: stage.ingest(0) not in (None, pid), 10)
    gone_on(stage, "driver hangs again", begun, 6)


def at_the_start(stage):
    """Faults that a new process meets when it opens its device."""
    for words, cause in (("init", "no_device"), ("config", "refused"), ("context", "refused"), ("surfaces=2", None),
                         ("nocodec", "refused"), ("hanginit", None)):
        stage.faults(words, "all")
        begun = now()
        stage.kill()
        gone_on(stage, f"killed, then driver {words}", begun, 10.5)  # a stable life: the next restart is quick
        after = stage.watch.last("cam")
        check(f"killed, then driver {words}: by {after['decoder']} for {after['cause']}",
              after["decoder"] == "software" and (cause is None or after["cause"] == cause))
    stage.faults("", "all")
    stage.on("vaapi", 40)


def killed(stage):
    for _ in range(2):
        stage.fresh()
        begun = now()
        stage.kill()
        gone_on(stage, "kill -9", begun, 10.5)


def cost(stage, flux, seconds=12):
    """Cores that its decoding takes."""
    def spent():
        return stage.api.json("GET", f"/api/v1/flux/{flux}/state")["decode_s"]
    first, begun = spent(), now()
    time.sleep(seconds)
    return (spent() - first) / (now() - begun)


def overload(stage):
    """Cores for software decoding that do not suffice: by priority, told, and back without flapping."""
    def cores(number):
        stage.api.json("PUT", "/api/v1/site", {"sources": [{"host": "127.0.0.1"}], "decode": {
            "devices": ["/dev/dri/none"], "cores": number}}, {"If-Match": "*"})

    def causes(flux):
        return stage.api.json("GET", f"/api/v1/flux/{flux}/coverage?step=minute")["causes"]

    cores(0)  # other devices: the processes start again with them
    for flux in NEAR:
        stage.on("software", 20, flux)
    one = cost(stage, "cam")
    print(f"one flux takes {one:.4f} cores")
    rank = ["software", "keys", "none"]
    # what a picture costs wavers with what else the machine does: the first may be either for a while
    for words, number, steps in (("one and a half", 1.6 * one, (rank[:2], rank[1:2])),
                                 ("nearly one", 1.1 * one, (rank[1:2], rank[1:])),
                                 ("next to none", 0.0005 * one, (rank[2:], rank[2:]))):
        begun = now()
        cores(round(number / SHARE, 7))
        for flux, step in zip(NEAR, steps):
            stage.until(f"{flux} is decoded by {step}", lambda f=flux, s=step: stage.watch.last(f)["decoder"] in s, 20)
        time.sleep(12)
        for flux, step in zip(NEAR, steps):
            told = [r["decoder"] for r in stage.watch.of(flux) if r["time"] > begun] or [stage.watch.last(flux)["decoder"]]
            changes = sum(a != b for a, b in zip(told, told[1:]))
            check(f"{words}: {flux} is decoded by {told[-1]}, {changes} changes", told[-1] in step and changes <= 2)
        one_by_one = [rank.index(stage.watch.last(f)["decoder"]) for f in NEAR]
        check(f"{words}: by priority", one_by_one == sorted(one_by_one))
    keys = causes("cam-near")
    check(f"coverage tells it: {keys}", keys.get("keys", 0) >= 8)
    begun = now()
    cores(0)
    for flux in NEAR:
        stage.on("software", 45, flux)
        stage.flows()
    print("back after", round(now() - begun, 1), "s")


def unharmed(stage, begun):
    gap = stage.watch.gap("far", begun, now())
    check(f"the other process's flux: {gap:.2f} s without an analysed picture at most", gap <= 1.5)


PARTS = {"killed": killed, "late": late_faults, "start": at_the_start, "hangs": hangs, "overload": overload}


def main():
    stage = Stage(*sys.argv[1:4])
    parts = sys.argv[4:]
    try:
        stage.start()
        stage.until("pictures of all", lambda: all(stage.watch.last(f)["analysed"] > 3
                                                   for f in ("cam", "cam-near", "far")), 90)
        stage.on("vaapi", 20)
        begun = now()
        state = stage.api.json("GET", "/api/v1/flux/cam/state")
        print({k: v for k, v in state.items() if "decod" in k})
        stage.until("alerts", lambda: len(stage.alerts()[0]) > 3, 60)
        for part in parts:
            if part == "overload":  # of all processes
                unharmed(stage, begun)
            PARTS[part](stage)
        if "overload" not in parts:
            unharmed(stage, begun)
        times, doubled = stage.alerts()
        for what, at in stage.incidents:
            before = max([t for t in times if t <= at], default=at)
            after = min([t for t in times if t > at + 0.3], default=at + 99)
            check(f"{what}: alerts {before - at:.1f} s before and {after - at:.1f} s after", after - at <= BOUND_S)
        print("alerts", len(times), "longest pause",
              max([(round(b - a, 2), round(a, 1)) for a, b in zip(times, times[1:])], default=None))
        check("no alert twice", doubled == 0)
    except RuntimeError as error:
        check(str(error), False)
    finally:
        code = stage.server.stop()
        for process in (stage.watch.process if stage.watch else None, stage.camera):
            if process:
                process.kill()
                process.wait()
    check(f"an orderly end (code {code})", code == 0)
    if FAILS or os.environ.get("DECODER_LOG"):
        print(*(stage.watch.rows[-20:] if stage.watch else ["no slots were opened"]), sep="\n")
        print(stage.server.read_log()[-9000:])
    return 1 if FAILS else 0


if __name__ == "__main__":
    sys.exit(main())
