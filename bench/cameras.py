"""What the measures of ingest stand on: the test camera as a process that can be killed, held and
started again on its port; `vigie bench ingest` running beside, its samples read as they come; and the
slope of a line through them.

Times are the monotonic clock's, which both programs and Python read alike.
"""
import json
import math
import os
import random
import signal
import socket
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


class Failed(Exception):
    """What was waited for did not come; the words say what."""


def clip(name, folder, seconds=8, environment=None):
    """The path of a clip of tests/camera/clips.sh."""
    done = subprocess.run(["bash", os.path.join(ROOT, "tests", "camera", "clips.sh"), folder, name],
                          capture_output=True, text=True, check=False,
                          env={**os.environ, "CLIP_SECONDS": str(seconds), **(environment or {})})
    if done.returncode:
        raise Failed(f"the clip {name} cannot be made: {done.stderr.strip()[-200:]}")
    return done.stdout.strip()


def quiet_port():
    """A free port beneath those that the system gives to clients: one of theirs could connect to
    itself while the camera is away, and the camera would find its port taken."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        least = int(f.read().split()[0])
    for _ in range(200):
        port = random.randrange(min(15000, least - 2000), least)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    raise Failed("no free port")


class Camera:
    """A process of the test camera: `count` cameras in it, one port each."""

    def __init__(self, build, path, *options, port=0, count=1):
        self.command = [os.path.join(build, "tests", "camera"), "--stay", "--cameras", str(count)]
        self.path, self.options, self.count, self.port = path, options, count, port
        self.process, self.ports = None, []
        self.start()

    def start(self, *more):
        """Returns when it listens: the time of that."""
        self.process = subprocess.Popen([*self.command, "-p", str(self.port), *self.options, *more, self.path],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                        start_new_session=True)  # an interrupt is ours to handle
        lines = [self.process.stdout.readline() for _ in range(self.count)]
        at = time.monotonic()
        if not all(line.startswith("port ") for line in lines):
            self.end()
            raise Failed("the test camera does not start")
        self.ports = [int(line.split()[1]) for line in lines]
        return at

    def urls(self):
        return [f"rtsp://127.0.0.1:{port}/{i}" for i, port in enumerate(self.ports)]

    def hold(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self, how=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(how)
            if how != signal.SIGKILL:
                self.process.send_signal(signal.SIGCONT)
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Ingest:
    """`vigie bench ingest --samples` in the background."""

    def __init__(self, vigie, urls, *options, seconds=86400):
        self.process = subprocess.Popen([vigie, "bench", "ingest", "--samples", "--warm", "0", "--json", "--seconds",
                                         str(seconds), *options, *urls],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True, start_new_session=True)
        self.news = threading.Condition()
        # by the lock
        self.flux = [[] for _ in urls]  # lines of each
        self.samples = []               # of the whole process
        self.report, self.ended = None, False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            try:
                said = json.loads(line)
            except json.JSONDecodeError:
                continue
            if "t_us" in said:
                said["t"] = said["t_us"] / 1e6
            with self.news:
                if "connection" in said:
                    self.flux[said["flux"]].append(said)
                elif "t" in said:
                    self.samples.append(said)
                else:
                    self.report = said
                self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def wait(self, what, probe, seconds):
        """What the probe gives (called under the lock) once it is true."""
        end = time.monotonic() + seconds
        with self.news:
            while True:
                found = probe()
                if found:
                    return found
                left = end - time.monotonic()
                if left <= 0 or self.ended:
                    raise Failed(f"{what}: " + ("vigie ended" if self.ended else f"not within {seconds:.0f} s"))
                self.news.wait(left)

    def picture(self, flux, after, seconds=10.0):
        """The first line of a picture of the flux later than `after`."""
        return self.wait(f"a picture of flux {flux}", lambda: next(
            (line for line in self.flux[flux] if line["t"] >= after and line["picture"]), None), seconds)

    def loss(self, flux, after, seconds=10.0):
        """The first line later than `after` in which the flux is not live."""
        return self.wait(f"the loss of flux {flux}", lambda: next(
            (line for line in self.flux[flux] if line["t"] >= after and line["connection"] != "live"), None), seconds)

    def next_sample(self, probe=lambda sample: True, seconds=20.0):
        after = time.monotonic()
        return self.wait("a sample", lambda: next(
            (s for s in self.samples if s["t"] >= after and probe(s)), None), seconds)

    def forget(self, flux):
        """What was said of a flux so far; a long run must not grow here."""
        with self.news:
            del self.flux[flux][:-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


STUDENT = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
           2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)


def slope(segments, block):
    """Least squares over segments of (x, y), each with a level of its own and one slope for all:
    the slope and half of its 95 % interval. Points are joined to means of `block` of x first, so that
    neighbours are not taken for independent. None: too few."""
    sxx = sxy = syy = 0.0
    freedom = -1
    for points in segments:
        blocks = {}
        for x, y in points:
            blocks.setdefault(int(x // block), []).append((x, y))
        pairs = [(sum(x for x, _ in b) / len(b), sum(y for _, y in b) / len(b)) for b in blocks.values()]
        if len(pairs) < 2:
            continue
        mx, my = sum(x for x, _ in pairs) / len(pairs), sum(y for _, y in pairs) / len(pairs)
        sxx += sum((x - mx) ** 2 for x, _ in pairs)
        sxy += sum((x - mx) * (y - my) for x, y in pairs)
        syy += sum((y - my) ** 2 for _, y in pairs)
        freedom += len(pairs) - 1
    if freedom < 2 or sxx <= 0:
        return None
    b = sxy / sxx
    rest = max(0.0, syy - b * sxy)
    t = STUDENT[freedom - 1] if freedom <= len(STUDENT) else 1.96
    return {"slope": b, "half_interval": t * math.sqrt(rest / freedom / sxx), "freedom": freedom}


def grows(line):
    """Whether a slope is above 0 beyond its interval; None: it is not known."""
    return None if line is None else line["slope"] > line["half_interval"]
