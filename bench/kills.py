#!/usr/bin/env python3
"""kill -9 of ingest, analysis, api, Redis, or of all, at random moments while alerts are raised:
is anything lost or doubled in the archive?

  bench/kills.py --build build --clip cache/vtest.avi [--alerts 2000] [--kills 50] [--seed N]

What was promised is read from the spool's own files at each kill (whole records only), from
outside. At the end every promised alert must stand in the archive, by its id or, raised again
after a kill, by its key. Ids and keys are unique there whatever happens; so doubles are also
looked for in what the alerts say: two of one rule closer than its cooldown.
Prints one JSON object; exit code 1 if something is lost or doubled.
"""
import argparse
import json
import os
import random
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from vigie_server import Server, add_flux  # noqa: E402

TARGETS = ("ingest", "analysis", "api", "redis", "all")


def busy_scene(path, rules):
    """A scene that raises many alerts: each density rule once per loop of the clip."""
    scene = {"version": 1, "name": "kills",
             "zones": [{"id": "all", "polygon": [[0.01, 0.01], [0.99, 0.01], [0.99, 0.99], [0.01, 0.99]]}],
             "rules": [{"id": f"r{i}", "event": "density", "at": "all", "over": 0, "hold_s": 0, "cooldown_s": 1,
                        "severity": "low"} for i in range(rules)]}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(scene, f)


def short_clip(source, path):
    """The first two seconds of a clip."""
    subprocess.run(["ffmpeg", "-v", "error", "-t", "2", "-i", source, "-c:v", "libx264", "-pix_fmt", "yuv420p", path],
                   check=True)


def promised(spool):
    """{id: key} of the whole records in the spool's segments."""
    found = {}
    for name in os.listdir(spool):
        if not name.endswith(".spool"):
            continue
        try:
            with open(os.path.join(spool, name), "rb") as f:
                data = f.read()
        except OSError:
            continue  # forgotten meanwhile: all of it is archived
        for at in (m.start() for m in re.finditer(b"VGAL", data)):
            if at + 96 > len(data):
                break
            size = sum(struct.unpack_from("<II", data, at + 4))
            if at + 96 + size <= len(data):
                found[text_at(data, at + 16, 32)] = text_at(data, at + 48, 40)
    return found


def text_at(data, at, size):
    return data[at:at + size].rstrip(b"\0").decode(errors="replace")


def parts(pid):
    """{"analysis": [pid, ...], ...} of the server's children."""
    found = {}
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        for child in f.read().split():
            try:
                with open(f"/proc/{child}/cmdline", "rb") as c:
                    words = c.read().split(b"\0")
            except OSError:
                continue
            part = words[2].decode() if b"child" in words[1:2] else "redis"
            found.setdefault(part, []).append(int(child))
    return found


def archived(data):
    """(ids, keys) of the archive."""
    base = sqlite3.connect(f"file:{data}/vigie.db?mode=ro", uri=True, timeout=20)
    rows = base.execute("SELECT id, key FROM alert").fetchall()
    base.close()
    return [r[0] for r in rows], [r[1] for r in rows]


def missing(seen, data):
    """Those of seen ({id: key}) of which the archive has neither id nor key."""
    ids, keys = (set(column) for column in archived(data))
    return [i for i, key in seen.items() if i not in ids and key not in keys]


def too_close(data, cooldown_s):
    """Alerts of one rule nearer to each other than its cooldown: a double under another key."""
    base = sqlite3.connect(f"file:{data}/vigie.db?mode=ro", uri=True, timeout=20)
    rows = base.execute("SELECT flux, rule, time_us FROM alert ORDER BY flux, rule, time_us").fetchall()
    base.close()
    # 0.2 s of grace: the cooldown is counted in media time, the row has the clock's
    return sum(a[:2] == b[:2] and b[2] - a[2] < (cooldown_s - 0.2) * 1e6 for a, b in zip(rows, rows[1:]))


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--clip", default="cache/vtest.avi")
    parser.add_argument("--alerts", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rules", type=int, default=15)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    chance = random.Random(args.seed)
    folder = tempfile.mkdtemp(prefix="vigie-kills-")
    scene = os.path.join(folder, "scene.json")
    busy_scene(scene, args.rules)
    # a clip of two seconds: each loop is a new epoch, so every rule begins to hold anew
    clip = os.path.join(folder, "short.mp4")
    short_clip(args.clip, clip)
    data, spool = os.path.join(folder, "data"), os.path.join(folder, "data", "spool")
    server = Server(os.path.join(args.build, "vigie"), data)
    seen, kills = {}, dict.fromkeys(TARGETS, 0)
    start = time.monotonic()
    try:
        api = server.api()
        add_flux(api, "cam", "file:" + clip, scene, rate_fps=10)
        server.wait_for("first alerts", lambda: promised(spool) or archived(data)[0], 60)
        while sum(kills.values()) < args.kills or len(seen) < args.alerts:
            if time.monotonic() - start > 1500:
                break
            time.sleep(chance.uniform(0.3, 3.5))
            seen |= promised(spool)
            if sum(kills.values()) >= args.kills:
                seen |= dict(zip(*archived(data)))
                continue
            target = chance.choice(TARGETS)
            if target == "all":
                # the supervisor first, or it would start the others again; all die with it
                kill([server.process.pid])
                server.process.wait()
                seen |= promised(spool)
                password = server.password
                server = Server(os.path.join(args.build, "vigie"), data, create=False)
                server.password = password
            else:
                kill(parts(server.process.pid).get(target, []))
            seen |= promised(spool)
            kills[target] += 1
        server.api()
        server.wait_for("an empty queue", lambda: not missing(promised(spool), data), 120)
        seen |= promised(spool)
    finally:
        code = server.stop(30)
    ids, keys = archived(data)
    lost = missing(seen, data)
    result = {"seed": args.seed, "seconds": round(time.monotonic() - start), "kills": kills,
              "promised_seen": len(seen), "raised_again": len(seen) - len(set(seen.values())),
              "archived": len(ids), "lost": len(lost),
              "doubled_ids": len(ids) - len(set(ids)), "doubled_keys": len(keys) - len(set(keys)),
              "within_cooldown": too_close(data, 1),
              "exit_code": code}
    print(json.dumps(result))
    return int(bool(lost or result["doubled_ids"] or result["doubled_keys"] or result["within_cooldown"]))


if __name__ == "__main__":
    sys.exit(main())
