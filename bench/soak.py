#!/usr/bin/env python3
"""Two live flux for ten minutes: is every wanted picture analysed, in time, without growing?

  bench/soak.py --build build --clip cache/vtest.avi [--seconds 600] [--flux 2] [--rate 5]

The clip is made 704x576 at 25 pictures a second, H.264, served by the test camera over RTSP.
Prints one JSON object: wanted, analysed, fates, latency p50/p95/p99 (upper bounds of buckets),
the slope of the resident memory of all processes with its 95 % interval, processor use.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import kills  # noqa: E402
from vigie_server import Server, add_flux, declare_sources, metrics  # noqa: E402


def children(pid):
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
            for child in f.read().split():
                found += children(int(child))
    return found


def part_name(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        words = f.read().split(b"\0")
    if words[1:2] == [b"child"]:
        return words[2].decode()
    return os.path.basename(words[0]).decode().split()[0]


def memory_and_time(pid):
    """Resident MiB of the server's processes by name, of it what is their own (not the slots that
    they share, nor files), and their processor seconds in all."""
    rss, own, ticks = {}, {}, 0
    for p in children(pid):
        try:
            with open(f"/proc/{p}/statm", encoding="ascii") as f:
                pages = int(f.read().split()[1])
            with open(f"/proc/{p}/stat", encoding="ascii") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            with open(f"/proc/{p}/status", encoding="ascii") as f:
                anon = sum(int(line.split()[1]) for line in f if line.startswith("RssAnon")) / 1024
            name = part_name(p)
            rss[name] = rss.get(name, 0) + pages * os.sysconf("SC_PAGE_SIZE") / 2**20
            own[name] = own.get(name, 0) + anon
            ticks += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return rss, own, ticks / os.sysconf("SC_CLK_TCK")


def slope(points):
    """Least squares of (hours, MiB): slope and half of its 95 % interval, from 60 s blocks so that
    neighbours are not taken for independent."""
    blocks = {}
    for t, v in points:
        blocks.setdefault(int(t // 60), []).append((t / 3600, v))
    pairs = [(sum(t for t, _ in b) / len(b), sum(v for _, v in b) / len(b)) for b in blocks.values()]
    n = len(pairs)
    if n < 4:
        return None, None
    mt, mv = sum(t for t, _ in pairs) / n, sum(v for _, v in pairs) / n
    sxx = sum((t - mt) ** 2 for t, _ in pairs)
    b = sum((t - mt) * (v - mv) for t, v in pairs) / sxx
    rest = sum((v - mv - b * (t - mt)) ** 2 for t, v in pairs)
    student = {4: 4.303, 5: 3.182, 6: 2.776, 7: 2.571, 8: 2.447, 9: 2.365, 10: 2.306}.get(n, 2.2)
    return b, student * math.sqrt(rest / (n - 2) / sxx)


def difference(end, begin):
    return {k: end[k] - begin.get(k, 0) for k in end}


def quantile(change, q):
    rows = sorted((float(k.split('le="')[1].split('"')[0].replace("+Inf", "inf")), v)
                  for k, v in change.items() if k.startswith("vigie_latency_seconds_bucket"))
    total = rows[-1][1] if rows else 0
    for bound, count in rows:
        if total and count >= q * total:
            return bound
    return None


def fill_caches(api, folder, args):
    """What is measured is what goes on: first the archive's and the libraries' caches are filled
    by a third flux that raises some seven alerts a second, which is then taken away."""
    scene, clip = os.path.join(folder, "busy.json"), os.path.join(folder, "busy.mp4")
    kills.busy_scene(scene, 15)
    kills.short_clip(args.clip, clip)
    add_flux(api, "warm", "file:" + clip, scene, rate_fps=10)
    time.sleep(args.warm)
    api.json("DELETE", "/api/v1/flux/warm", headers={"If-Match": "*"})
    time.sleep(10)


def total(change, name, label=""):
    return sum(v for k, v in change.items() if k.startswith(name + "{") and label in k)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--clip", default="cache/vtest.avi")
    parser.add_argument("--scene", default="docs/examples/vtest.json")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--warm", type=float, default=120, help="seconds before measuring")
    parser.add_argument("--flux", type=int, default=2)
    parser.add_argument("--rate", type=float, default=5)
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="vigie-soak-")
    clip = os.path.join(folder, "4cif.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-i", args.clip, "-vf", "scale=704:576,fps=25", "-c:v",
                    "libx264", "-b:v", "2M", "-g", "50", "-bf", "0", "-pix_fmt", "yuv420p", clip], check=True)
    camera = subprocess.Popen([os.path.join(args.build, "tests", "camera"), clip], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    port = int("".join(c for c in camera.stdout.readline() if c.isdigit()))
    server = Server(os.path.join(args.build, "vigie"), os.path.join(folder, "data"))
    points = []
    try:
        api = server.api()
        declare_sources(api, "127.0.0.1")
        for i in range(args.flux):
            add_flux(api, f"cam-{i + 1}", f"rtsp://127.0.0.1:{port}/{i + 1}", args.scene, rate_fps=args.rate)
        server.wait_for("pictures", lambda: all(
            metrics(api).get(f'vigie_pictures_total{{flux="cam-{i + 1}",fate="analysed"}}', 0) > 5 * args.rate
            for i in range(args.flux)), 90)
        fill_caches(api, folder, args)
        begin, start = metrics(api), time.monotonic()
        cpu = memory_and_time(server.process.pid)[2]
        while time.monotonic() - start < args.seconds:
            points.append((time.monotonic() - start, *memory_and_time(server.process.pid)[:2]))
            time.sleep(5)
        end, lasted = metrics(api), time.monotonic() - start
        cpu = memory_and_time(server.process.pid)[2] - cpu
    finally:
        server.stop()
        camera.terminate()
        camera.wait()
    change = difference(end, begin)
    b, half = slope([(t, sum(v.values())) for t, v, _ in points])
    b_own, half_own = slope([(t, sum(v.values())) for t, _, v in points])
    by_part = {name: [round(x, 2) if x is not None else None
                      for x in slope([(t, v.get(name, 0)) for t, _, v in points])]
               for name in points[-1][2]}
    fates = {}
    for k, v in change.items():
        if k.startswith("vigie_pictures_total{"):
            fate = k.split('fate="')[1].split('"')[0]
            fates[fate] = fates.get(fate, 0) + v
    print(json.dumps({
        "seconds": round(lasted, 1), "flux": args.flux, "rate_fps": args.rate,
        "wanted": total(change, "vigie_pictures_wanted_total"), "fates": fates,
        "analysed_per_s_and_flux": round(fates.get("analysed", 0) / lasted / args.flux, 3),
        "latency_s": {f"p{q}": quantile(change, q / 100) for q in (50, 95, 99)},
        "rss_mib": round(sum(points[-1][1].values()), 1), "rss_slope_mib_per_h": b, "rss_slope_half_interval": half,
        "own_slope_mib_per_h": b_own, "own_slope_half_interval": half_own, "own_slope_by_part": by_part,
        "cores": round(cpu / lasted, 3),
        "sealed_allocations": end.get("vigie_sealed_allocations_total"),
    }))
    return 0


if __name__ == "__main__":
    sys.exit(main())
