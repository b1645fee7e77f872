#!/usr/bin/env python3
"""Live pictures and clips of alerts, from cameras through the whole server to a client.

Eighteen flux in one answer, what comes of each decodes; a camera that goes away is said to be lost
and comes back; an alert gets its clip, which decodes and can be had in parts. Then a browser plays
both (live_page_check.mjs).

Facts are waited for, and deadlines are many times what a quiet machine needs: on a loaded one pictures
pause and come in a heap, and none of that is a mistake of the server.
"""
import datetime
import http.client
import json
import os
import struct
import subprocess
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.environ["VIGIE_SOURCE_DIR"], "tools"))
from vigie_server import Server, add_flux, declare_sources, metrics  # noqa: E402

FAILS = []
SLOW_S = 120  # what takes a few seconds when nothing else runs
HEAD = struct.Struct("<IBBHIIq")
STATE, INIT, FRAGMENT, PICTURE, ALIVE = range(1, 6)
BEGIN, LAST, KEY = 1, 2, 4


def check(what, true):
    print(("ok      " if true else "FAILED  ") + what, flush=True)
    if not true:
        FAILS.append(what)


class Live(threading.Thread):
    """A client of /live that puts units together; each flux: codec, flags of the first fragment after each
    init segment, what came since the last one, counts."""

    def __init__(self, api, names, plays="h264"):
        super().__init__(daemon=True)
        self.names, self.wrong, self.asked = names, "", time.time()
        self.connection = http.client.HTTPSConnection(api.host, api.port, context=api.context, timeout=SLOW_S)
        self.connection.request("GET", f"/api/v1/live?flux={','.join(names)}&plays={plays}",
                                headers={"Cookie": api.cookie})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        self.flux = [{"states": [], "codec": "", "file": b"", "units": 0, "bytes": 0, "pictures": 0, "firsts": [],
                      "fragments": 0, "unit": None} for _ in names]
        self.alive, self.over = 0, False
        if self.status == 200:
            self.start()

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.answer.read(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def run(self):
        try:
            while True:
                size, kind, flags, number, unit, zero, wall = HEAD.unpack(self.read(HEAD.size))
                data = self.read(size)
                assert zero == 0 and (kind != ALIVE or self.asked - 1 <= wall / 1e6 <= time.time() + 1), (zero, wall)
                self.alive += kind == ALIVE
                if kind != ALIVE:
                    self.take(self.flux[number], kind, flags, unit, data)
        except (EOFError, OSError, ValueError, http.client.HTTPException, AttributeError):
            self.over = True
        except AssertionError as error:
            self.over, self.wrong = True, f"not as the format says: {error}"

    def take(self, flux, kind, flags, unit, data):
        if flags & BEGIN:
            flux["unit"] = b""
        flux["unit"] += data
        if not flags & LAST:
            return
        whole, flux["unit"] = flux["unit"], None
        assert len(whole) == unit, (len(whole), unit)
        if kind == STATE:
            state = json.loads(whole)
            assert state["flux"] in self.names
            flux["states"].append((state["state"], state["reason"]))
        elif kind == INIT:
            flux["codec"], flux["file"], flux["fragments"] = whole[:64].rstrip(b"\0").decode(), whole[64:], 0
        elif kind == FRAGMENT:
            if flux["fragments"] == 0:
                flux["firsts"].append(flags)
            flux["file"] += whole
            flux["fragments"] += 1
            flux["units"] += 1
            flux["bytes"] += len(whole)
        elif kind == PICTURE:
            assert whole[:2] == b"\xff\xd8" and whole[-2:] == b"\xff\xd9"
            flux["pictures"] += 1

    def stop(self):
        sock = self.connection.sock
        if sock:
            sock.close()
        self.answer.close()
        self.connection.close()


def probe(path):
    """(codec, seconds, pictures, first is key, errors) of a file."""
    said = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-count_packets", "-show_entries",
                           "stream=codec_name,nb_read_packets:format=duration:packet=flags", "-of", "json", path],
                          capture_output=True, text=True, check=False)
    found = json.loads(said.stdout or "{}")
    decoded = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", path, "-f", "null", "-"],
                             capture_output=True, text=True, check=False)
    stream = (found.get("streams") or [{}])[0]
    first = (found.get("packets") or [{}])[0].get("flags", "")
    return (stream.get("codec_name"), float(found.get("format", {}).get("duration", 0)),
            int(stream.get("nb_read_packets", 0)), first.startswith("K"), said.stderr + decoded.stderr)


def ask(api, path, **headers):
    """(status, headers, body) of a GET."""
    connection = http.client.HTTPSConnection(api.host, api.port, context=api.context, timeout=SLOW_S)
    connection.request("GET", path, headers={"Cookie": api.cookie, **headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def start_camera(build, log, *words):
    camera = subprocess.Popen([os.path.join(build, "tests/camera"), *words], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=log, text=True)
    return camera, int("".join(c for c in camera.stdout.readline() if c.isdigit()))


def nobody_watches(server, api):
    """Those who went have left their places and their requests to ingest."""
    server.wait_for("the end of all who watch", lambda: (lambda m: m["vigie_media_lives"] == 0 and
                                                         m["vigie_media_live_flux"] == 0)(metrics(api)), SLOW_S)


def api_rss_kb(server):
    """Resident memory of the api process."""
    for pid in subprocess.run(["pgrep", "-P", str(server.process.pid), "-f", "child api "], capture_output=True,
                              text=True, check=False).stdout.split():
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
    return 0


def watch_eighteen(server, api, folder):
    names = [f"cam-{n}" for n in range(1, 19)]
    live = Live(api, names)
    check("18 flux are taken in one connection", live.status == 200)
    server.wait_for("pictures of all 18", lambda: live.over or all(f["fragments"] >= 50 for f in live.flux), SLOW_S)
    check(f"it goes on {live.wrong}", not live.over)
    check("each flux begins with a key", all(f["firsts"] and all(x & KEY for x in f["firsts"]) for f in live.flux))
    check("each names its codec", all(f["codec"].startswith("avc1.") for f in live.flux))
    check("each says that it is live", all(("live", "") in f["states"] for f in live.flux))
    found = metrics(api)
    check("the metrics count them", found["vigie_media_lives"] == 1 and found["vigie_media_live_flux"] == 18
          and found["vigie_media_live_units_total"] >= 18 * 50 and found["vigie_media_links_up"] >= 1)
    live.stop()
    for n in (0, 17):
        path = os.path.join(folder, f"live-{n}.mp4")
        with open(path, "wb") as f:
            f.write(live.flux[n]["file"])
        codec, _, pictures, key, errors = probe(path)
        check(f"what came of {names[n]} decodes: {errors[-200:]}",
              codec == "h264" and pictures >= 50 and key and not errors)
    nobody_watches(server, api)
    check("the requests to ingest end with it", True)


def refusals(server, api):
    status, _, body = ask(api, "/api/v1/live?flux=cam-1,none")
    check("an unknown flux is 404, and named", status == 404 and json.loads(body)["error"]["where"] == "none")
    many = ",".join(f"f{n}" for n in range(19))
    for query in ("", "?flux=", "?flux=cam-1,", "?flux=cam-1,cam-1", "?flux=" + many, "?flux=cam-1&plays=vp9"):
        check(f"refused: {query[:30]}", ask(api, "/api/v1/live" + query)[0] == 400)
    lives = [Live(api, ["cam-1"]) for _ in range(16)]
    status, headers, _ = ask(api, "/api/v1/live?flux=cam-1")
    check("one more than may watch is 429", all(x.status == 200 for x in lives) and status == 429
          and "Retry-After" in headers)
    for live in lives:
        live.stop()
    nobody_watches(server, api)  # else there is no room for who comes next


def lost_and_back(server, api, build, log, port, clip):
    """The camera of `alone` goes and comes."""
    live = Live(api, ["alone"])
    flux = live.flux[0]
    server.wait_for("pictures", lambda: flux["units"] > 10, SLOW_S)
    camera = lost_and_back.camera
    camera.kill()
    camera.wait()
    server.wait_for("the loss", lambda: flux["states"][-1] == ("lost", "silent"), SLOW_S)
    lost_and_back.camera, _ = start_camera(build, log, "-p", str(port), clip)
    before = flux["units"]
    server.wait_for("the return", lambda: flux["states"][-1] == ("live", "") and flux["units"] > before + 25, SLOW_S)
    check("a lost camera is said, and its return", True)
    live.stop()


def other_codec(server, api):
    live = Live(api, ["jpeg"])
    server.wait_for("JPEG pictures", lambda: live.flux[0]["pictures"] >= 5, SLOW_S)
    check("a codec that browsers do not play comes as pictures", live.flux[0]["codec"] == "")
    live.stop()


def while_read(server, api, quick, pictures):
    """Bytes sent to all others, and to `quick`, while that receives so many pictures more."""
    flux = quick.flux[0]
    read, sent, until = flux["bytes"], metrics(api)["vigie_media_live_bytes_total"], flux["units"] + pictures
    server.wait_for("who reads is not held up by who does not", lambda: quick.over or flux["units"] >= until, SLOW_S)
    if quick.over:
        raise RuntimeError(f"who reads was cut {quick.wrong}")
    read = flux["bytes"] - read
    return metrics(api)["vigie_media_live_bytes_total"] - sent - read, read


def slow_reader(server, api):
    """Takes nothing: memory is flat, and it is cut."""
    # no alerts, no clips: what grows is this
    api.json("PUT", "/api/v1/flux/cam-1/scene", {"version": 1, "name": "t"}, {"If-Match": "*"})
    nobody_watches(server, api)
    server.wait_for("no clip on its way", lambda: metrics(api)["vigie_media_clips_due"] == 0, SLOW_S)
    found = metrics(api)
    before, before_bytes = found["vigie_media_lives_cut_total"], found["vigie_media_live_bytes_total"]

    def is_cut():
        return metrics(api)["vigie_media_lives_cut_total"] > before
    quick = Live(api, ["cam-1"])
    stuck = http.client.HTTPSConnection(api.host, api.port, context=api.context, timeout=SLOW_S)
    names = ",".join(f"cam-{n}" for n in range(1, 19))
    stuck.request("GET", f"/api/v1/live?flux={names}", headers={"Cookie": api.cookie})
    # One program sends all 18. While who reads one of them receives 2.5 s of it, who reads none is owed 18
    # times as much: until its windows are dry some of it comes, then nothing; what is on its way to who reads
    # makes the difference uncertain. Twenty seconds later it is cut.
    rows, first = [], 0
    while not is_cut() and (len(rows) < 2 or rows[-1][0] * 20 > rows[-1][1] * 18):
        first = api_rss_kb(server)
        rows.append(while_read(server, api, quick, 25))
    check(f"what is sent to it stops: {rows}", len(rows) > 1 and rows[-1][0] * 20 <= rows[-1][1] * 18)
    all_sent = metrics(api)["vigie_media_live_bytes_total"] - before_bytes - quick.flux[0]["bytes"]
    check(f"once it had its windows: {all_sent}", all_sent > 18 * 48e3)  # of 64 KiB
    server.wait_for("the cut", is_cut, SLOW_S)
    last = api_rss_kb(server)
    # the buffers of /metrics and of TLS come and go: some megabytes
    check(f"memory is flat: {first} kB, {last} kB", 0 < last < first + (24 << 10))
    while_read(server, api, quick, 10)
    check("who reads is not cut", metrics(api)["vigie_media_lives_cut_total"] == before + 1)
    stuck.close()
    quick.stop()


def clip_of_an_alert(server, api, folder, since):
    def alerts():
        """Such as have all of their time before in the pictures that were kept."""
        return [a for a in api.json("GET", "/api/v1/alerts?flux=cam-1")["items"]
                if datetime.datetime.fromisoformat(a["time"]).timestamp() > since]
    alert = server.wait_for("an alert of the camera", alerts, SLOW_S)[0]
    path = f"/api/v1/alerts/{alert['id']}"
    if not alert["evidence"]["clip"] and not alert["evidence"].get("clip_missing"):
        status, headers, body = ask(api, path + "/clip")
        then = api.json("GET", path)["evidence"]  # it may have come meanwhile, or not be had
        check(f"a clip on its way is 503 clip_pending: {status}",
              (status == 503 and "Retry-After" in headers and json.loads(body)["error"]["code"] == "clip_pending")
              or (status == 200 and then["clip"]) or (status == 404 and then.get("clip_missing")))
    seen = {}  # how long the clip of each alert is

    def usual():
        """An alert with a clip of the usual length."""
        for found in alerts():
            if not found["evidence"]["clip"] or found["id"] in seen:
                continue
            whole = os.path.join(folder, "clip.mp4")
            answer = ask(api, f"/api/v1/alerts/{found['id']}/clip")
            with open(whole, "wb") as f:
                f.write(answer[2])
            codec, seen[found["id"]], pictures, key, errors = probe(whole)
            check(f"a clip: {codec}, {seen[found['id']]} s, {pictures} pictures: {errors[-200:]}",
                  codec == "h264" and pictures >= 9 * seen[found["id"]] and key and not errors)
            if 9 <= seen[found["id"]] <= 13:
                return found, *answer
        return None
    # Analysis that is late for want of processors comes when the pictures are gone, and pictures that came
    # late and in a heap make a clip longer or shorter: not each alert has one of ten seconds.
    alert, status, headers, clip = server.wait_for("a clip of 9 to 13 s", usual, SLOW_S)
    path = f"/api/v1/alerts/{alert['id']}"
    check("the clip is there", status == 200 and headers["Content-Type"] == "video/mp4" and len(clip) > 50000)
    check(f"to be played: {headers.get('Content-Disposition')}",
          headers["Content-Disposition"].startswith('inline; filename="vigie_cam-1_'))
    tag = headers["ETag"]
    status, headers, part = ask(api, path + "/clip", Range="bytes=1000-1999", **{"If-Range": tag})
    check("a part of it", status == 206 and part == clip[1000:2000]
          and headers["Content-Range"] == f"bytes 1000-1999/{len(clip)}" and headers["ETag"] == tag)
    status, _, part = ask(api, path + "/clip", Range="bytes=-500")
    check("its end", status == 206 and part == clip[-500:])
    check("of another one: all", ask(api, path + "/clip", Range="bytes=0-9", **{"If-Range": '"1"'})[0] == 200)
    status, headers, _ = ask(api, path + "/clip", Range=f"bytes={len(clip)}-")
    check("beyond it: 416", status == 416 and headers["Content-Range"] == f"bytes */{len(clip)}")
    check("no such alert is 404", ask(api, "/api/v1/alerts/01NONE/clip")[0] == 404)
    found = metrics(api)
    check("the metrics count clips", found['vigie_media_clips_total{fate="kept"}'] >= 1)
    return alert["id"]


def main():
    folder, source, build = sys.argv[1], os.environ["VIGIE_SOURCE_DIR"], os.environ["VIGIE_BUILD_DIR"]
    video, scene = os.path.join(source, "cache/vtest.avi"), os.path.join(source, "docs/examples/vtest.json")
    clip, jpegs = os.path.join(folder, "camera.mp4"), os.path.join(folder, "jpeg.mp4")
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-t", "30", "-i", video, "-c:v", "libx264", "-preset",
                    "veryfast", "-g", "20", "-bf", "0", "-pix_fmt", "yuv420p", clip], check=True)
    jpegs = subprocess.run(["bash", os.path.join(source, "tests/camera/clips.sh"), folder, "mjpeg"],
                           capture_output=True, text=True, check=True).stdout.strip()
    log = open(os.path.join(folder, "cameras.log"), "w", encoding="utf-8")
    cameras = [start_camera(build, log, "--paths", "18", clip), start_camera(build, log, clip),
               start_camera(build, log, jpegs)]
    lost_and_back.camera = cameras[1][0]
    server = Server(os.path.join(build, "vigie"), os.path.join(folder, "data"))
    try:
        api = server.api(SLOW_S)
        declare_sources(api, "127.0.0.1")
        add_flux(api, "cam-1", f"rtsp://127.0.0.1:{cameras[0][1]}/0", scene, rate_fps=5)
        for n in range(2, 19):
            add_flux(api, f"cam-{n}", f"rtsp://127.0.0.1:{cameras[0][1]}/{n - 1}", rate_fps=0.1)
        add_flux(api, "alone", f"rtsp://127.0.0.1:{cameras[1][1]}/0", rate_fps=0.1)
        add_flux(api, "jpeg", f"rtsp://127.0.0.1:{cameras[2][1]}/0", rate_fps=0.1)
        watch_eighteen(server, api, folder)
        since = time.time()  # cam-1 has had pictures for five seconds
        refusals(server, api)
        other_codec(server, api)
        lost_and_back(server, api, build, log, cameras[1][1], clip)
        alert = clip_of_an_alert(server, api, folder, since)
        if len(sys.argv) > 2:
            page = subprocess.run(["node", os.path.join(source, "tests/e2e/live_page_check.mjs")], check=False, env={
                **os.environ, "VIGIE_URL": f"https://{api.host}:{api.port}", "VIGIE_NAME": "demo",
                "VIGIE_PASSWORD": server.password, "VIGIE_ALERT": alert, "VIGIE_NODE": sys.argv[2]})
            check("the page plays clips and live pictures", page.returncode == 0)
        slow_reader(server, api)
    except Exception as error:  # a failure like others, and the server's log is wanted
        check(f"{type(error).__name__}: {error}", False)
        traceback.print_exc()
    finally:
        code = server.stop(60)
        for camera, _ in [*cameras, (lost_and_back.camera, 0)]:
            camera.kill()
    check(f"an orderly end (code {code})", code == 0)
    audit = subprocess.run([server.vigie, "admin", "audit-verify", "--data", server.data],
                           capture_output=True, text=True, check=False)
    check("the audit chain holds", audit.returncode == 0)
    if FAILS:
        print(server.read_log()[-4000:])
    return 1 if FAILS else 0


if __name__ == "__main__":
    sys.exit(main())
