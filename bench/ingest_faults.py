"""A decoder that fails or hangs, and an ingest process that is killed: do alerts of its flux go on, and
does the flux of another ingest process notice anything? Two rows of bench/ingest.py.

A whole server, seen from outside. 25 flux fill the first ingest process, one of them active, another
stands alone in the second. Both show people in one quarter of the picture after the other, so that an
alert comes about every 0.8 s. The hardware is the test driver behind an X server without a screen; its
faults come while it decodes, in one process alone (tests/va/va_driver.c).
"""
import contextlib
import os
import sqlite3
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import kills  # noqa: E402
from cameras import Camera, Failed  # noqa: E402
from vigie_server import Server, add_flux  # noqa: E402

FLUX = [f"cam-{i:02}" for i in range(1, 27)]  # in the order of their places
TESTED, OTHER = FLUX[0], FLUX[25]
PERIOD_S = 0.8  # from the time that a quarter shows people to the next one's
SHOWN_S = 0.6
LOOP_S = 8 * PERIOD_S  # of the clip: what is seen before the fault is what would be seen after it

SAME = ("reconnects", "decoder", "decoder_falls")  # of the state of a flux that notices nothing

# how it fails, the driver's words, and whether the process is new then: what a driver refuses when a
# display or a stream is opened is met by a process that was killed
FAULTS = (
    ("fails from its next picture", "begin=0", False),
    ("fails at the end of the 30th picture", "end=30", False),
    ("fails once", "once=0", False),
    ("fails when a picture is waited for", "sync=0", False),
    ("hangs when a picture is waited for", "hang=0", False),
    ("hangs when a picture is sent", "hangend=0", False),
    ("does not open", "init", True),
    ("hangs when it is opened", "hanginit=0", True),
    ("refuses the stream", "context", True),
    ("has too little memory", "surfaces=3", True),
)


def quarters_clip(source, path):
    """704x576 at 25 a second: a part of the source where there are always people, in each quarter in turn.
    A quarter is empty for longer than a count outlasts whom it counts (a second) and a rule a dip (half of one)."""
    place = f"x='352*mod(floor(t/{PERIOD_S}),2)':y='288*mod(floor(t/{2 * PERIOD_S}),2)'"
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", source, "-filter_complex",
                           f"color=black:704x576:r=25[empty];[0:v]fps=25,crop=352:288:416:128[people];"
                           f"[empty][people]overlay={place}:enable='lt(mod(t,{PERIOD_S}),{SHOWN_S})',setsar=1",
                           "-t", str(LOOP_S), "-an", "-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-bf", "0",
                           "-pix_fmt", "yuv420p", path], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"the clip with people cannot be made: {done.stderr.strip()[-200:]}")


def quarters_scene():
    corners = {f"{v}-{h}": (x, y) for v, y in (("top", 0.0), ("bottom", 0.5)) for h, x in (("left", 0.0), ("right", 0.5))}
    return {"version": 1, "name": "quarters",
            "zones": [{"id": k, "polygon": [[x, y], [x + 0.5, y], [x + 0.5, y + 0.5], [x, y + 0.5]]}
                      for k, (x, y) in corners.items()],
            "rules": [{"id": k, "event": "density", "at": k, "over": 0, "hold_s": 0, "cooldown_s": 1,
                       "severity": "low"} for k in corners]}


@contextlib.contextmanager
def display():
    """An X server without a screen: its name (":1")."""
    try:
        process = subprocess.Popen(["Xvfb", "-displayfd", "1", "-screen", "0", "320x200x8", "-nolisten", "tcp"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except OSError as error:
        raise Failed(f"Xvfb: {error.strerror}") from error
    try:
        number = process.stdout.readline().strip()
        if not number:
            raise Failed("Xvfb does not start")
        yield ":" + number
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def ingest_pid(server, number):
    for pid in kills.parts(server.process.pid).get("ingest", []):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if f.read().split(b"\0")[3:4] == [str(number).encode()]:
                    return pid
    return 0


class Alerts:
    """When each alert of both flux came into the archive (monotonic), and the time of its picture."""

    def __init__(self, data):
        self.path = os.path.join(data, "vigie.db")
        self.seen, self.lock, self.stopped = {}, threading.Lock(), threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.stopped.wait(0.05):
            try:
                base = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)
                rows = base.execute("SELECT id, flux, time_us FROM alert").fetchall()
                base.close()
            except sqlite3.Error:
                continue
            now = time.monotonic()
            with self.lock:
                for key, flux, time_us in rows:
                    self.seen.setdefault(key, (flux, now, time_us / 1e6))

    def of(self, flux, after=0.0):
        """[(came, time of the picture)] of pictures after that time of day, in the order they came."""
        with self.lock:
            return sorted((came, at) for f, came, at in self.seen.values() if f == flux and at >= after)

    def close(self):
        self.stopped.set()
        self.thread.join()


def longest_gap(alerts, begin, end):
    """Between two that came one after the other, and at both ends."""
    times = [begin, *(came for came, _ in alerts if begin <= came <= end), end]
    return max(b - a for a, b in zip(times, times[1:]))


class Site:
    """The server with its flux; `device`: the display of the test driver, None: software decodes."""

    def __init__(self, stand, folder, clip, device):
        self.late = os.path.join(folder, "late")
        os.makedirs(self.late)
        environment = {"LIBVA_DRIVERS_PATH": os.path.join(os.path.abspath(stand.args.build), "tests", "va"),
                       "LIBVA_DRIVER_NAME": "vigietest", "VIGIE_TEST_VA": "", "VIGIE_TEST_VA_LATE": self.late}
        self.stack = contextlib.ExitStack()
        self.device = device
        self.camera = self.stack.enter_context(Camera(stand.args.build, clip))
        data = os.path.join(folder, "data")
        self.server = Server(stand.vigie, data, environment=environment)
        self.stack.callback(lambda: self.server.stop())
        try:
            self._declare()
            # devices are those of an ingest process's first configuration
            self.server.stop()
            password = self.server.password
            self.server = Server(stand.vigie, data, environment=environment, create=False)
            self.server.password = password
            self._set_up()
        except BaseException:
            self.close()
            raise

    def _declare(self):
        self.server.api().json("PUT", "/api/v1/site", {
            "sources": [{"host": "127.0.0.1"}], "decode": {"devices": [self.device] if self.device else []}}, {"If-Match": "*"})

    def _set_up(self):
        self.api = self.server.api()
        url = self.camera.urls()[0].rsplit("/", 1)[0]
        for name in FLUX:
            add_flux(self.api, name, f"{url}/{name}", rate_fps=10, active=name in (TESTED, OTHER))
        for name in (TESTED, OTHER):
            self.api.json("PUT", f"/api/v1/flux/{name}/scene", quarters_scene(), {"If-Match": "*"})
        self.alerts = Alerts(self.server.data)
        self.stack.callback(self.alerts.close)
        for name in (TESTED, OTHER):
            self.server.wait_for(f"alerts of {name}", lambda flux=name: len(self.alerts.of(flux)) >= 4, 90)
        if self.device:
            self.server.wait_for("the hardware decoder", lambda: all(
                self.state(name).get("decoder") == "vaapi" for name in (TESTED, OTHER)), 20)
        self.server.wait_for("a second ingest process", lambda: ingest_pid(self.server, 1), 20)

    def state(self, flux):
        return self.api.json("GET", f"/api/v1/flux/{flux}/state")

    def close(self):
        self.stack.close()


def strike(site, words, anew):
    """Brings the fault; the (monotonic, time of day) of it."""
    pid = ingest_pid(site.server, 0)
    if words:
        path = os.path.join(site.late, "all" if anew else str(pid))
        with open(path + ".new", "w", encoding="ascii") as f:
            f.write(words + "\n")
        os.rename(path + ".new", path)
    at = time.monotonic(), time.time()
    if anew:
        kills.kill([pid])
    return at


def trial(stand, clip, device, title, words, anew):
    """One fault on a server of its own."""
    before_s, after_s = stand.amount(2, 1) * LOOP_S, stand.amount(20, 8)
    folder = os.path.join(stand.folder, f"site-{time.monotonic_ns()}")
    site = Site(stand, folder, clip, device)
    try:
        was = site.state(OTHER)["analysed"], time.monotonic()
        time.sleep(before_s)
        old = {flux: site.state(flux) for flux in (TESTED, OTHER)}
        at, clock = strike(site, words, anew)
        time.sleep(after_s)
        end = time.monotonic()
        new = {flux: site.state(flux) for flux in (TESTED, OTHER)}
        tested, other = (site.alerts.of(flux) for flux in (TESTED, OTHER))
        first = next((came for came, picture in tested if picture >= clock), None)
        row = {"fault": title, "words": words, "new_process": anew,
               "alert_after_s": None if first is None else first - at,
               "gap_s": longest_gap(tested, at, end), "gap_before_s": longest_gap(tested, at - before_s, at),
               "other_gap_s": longest_gap(other, at, end), "other_gap_before_s": longest_gap(other, at - before_s, at),
               "decoder": [old[TESTED].get("decoder"), new[TESTED].get("decoder")],
               "cause": new[TESTED].get("decoder_cause"),
               "falls": [s[TESTED].get("decoder_falls") for s in (old, new)],
               "other": [{k: s[OTHER].get(k) for k in SAME} for s in (old, new)],
               "other_fps": [(old[OTHER]["analysed"] - was[0]) / (at - was[1]),
                             (new[OTHER]["analysed"] - old[OTHER]["analysed"]) / (end - at)]}
        # a fault that nothing noticed was none
        row["struck"] = anew or (new[TESTED].get("decoder_falls") or 0) > (old[TESTED].get("decoder_falls") or 0) \
            or new[TESTED].get("decoder") != "vaapi"
        return row
    finally:
        site.close()


def unharmed(row):
    """The flux of the other process: as before, as many pictures (its figure is told once a second),
    and no alert left out."""
    before, after = row["other_fps"]
    return row["other"][0] == row["other"][1] and after >= 0.8 * before \
        and row["other_gap_s"] <= max(row["other_gap_before_s"], PERIOD_S) + 1


def judge(rows):
    return all(r["struck"] and unharmed(r) and r["alert_after_s"] is not None and r["alert_after_s"] <= 3
               for r in rows)


def need(stand):
    """The clip; what is missing is said."""
    if not os.path.exists(stand.args.clip):
        raise Failed(f"no clip with people: {stand.args.clip}")
    path = os.path.join(stand.folder, "quarters.mp4")
    if not os.path.exists(path):
        quarters_clip(stand.args.clip, path)
    return path


def told(rows):
    worst = max((r["alert_after_s"] if r["alert_after_s"] is not None else 99 for r in rows))
    return (f"next alert after {statistics.median(r['alert_after_s'] or 99 for r in rows):.2f} s (median), "
            f"{worst:.2f} s (longest of {len(rows)}); the other process's flux: longest time without an alert "
            f"{max(r['other_gap_s'] for r in rows):.2f} s ({max(r['other_gap_before_s'] for r in rows):.2f} s before), "
            f"unharmed in {sum(unharmed(r) for r in rows)} of {len(rows)}")


def show(row):
    print(f"{row['fault']}: next alert after {row['alert_after_s']}, decoder {row['decoder']}, {row['cause']}, "
          f"other {row['other_gap_s']:.2f} s, {row['other_fps'][1]:.1f} a second", file=sys.stderr, flush=True)
    return row


def decoder(stand):
    clip = need(stand)
    if not os.path.exists(os.path.join(stand.args.build, "tests", "va", "vigietest_drv_video.so")):
        raise Failed("the test driver is not built (libva-dev)")
    faults = FAULTS[4:7:2] if stand.args.quick else FAULTS
    with display() as device:
        rows = [show(trial(stand, clip, device, *fault)) for fault in faults]
    return {"must": "next alert <= 3 s after the fault, the other process's flux unharmed", "rounds": rows,
            "reached": told(rows), "pass": judge(rows)}


def killed(stand):
    clip = need(stand)
    rows = [show(trial(stand, clip, None, "killed", "", True)) for _ in range(stand.amount(5, 1))]
    return {"must": "next alert <= 3 s after kill -9 of an ingest process, the other's flux unharmed",
            "rounds": rows, "reached": told(rows), "pass": judge(rows)}
