#!/usr/bin/env python3
"""Live pictures and clips of alerts, from cameras through the whole server to a client.

Eighteen flux in one answer, what comes of each decodes; a camera that goes away is said to be lost
and comes back; an alert gets its clip, which decodes and can be had in parts. Then a browser plays
both (live_page_check.mjs).
"""
import http.client
import json
import os
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.environ["VIGIE_SOURCE_DIR"], "tools"))
from vigie_server import Server, add_flux, declare_sources, metrics  # noqa: E402

FAILS = []
HEAD = struct.Struct("<IBBHIIq")
STATE, INIT, FRAGMENT, PICTURE, ALIVE = range(1, 6)
BEGIN, LAST, KEY = 1, 2, 4


def check(what, true):
    print(("ok      " if true else "FAILED  ") + what, flush=True)
    if not true:
        FAILS.append(what)


class Live(threading.Thread):
    """A client of /live that puts units together; each flux: codec, first flags, bytes, counts."""

    def __init__(self, api, names, plays="h264"):
        super().__init__(daemon=True)
        self.names = names
        self.connection = http.client.HTTPSConnection(api.host, api.port, context=api.context, timeout=30)
        self.connection.request("GET", f"/api/v1/live?flux={','.join(names)}&plays={plays}",
                                headers={"Cookie": api.cookie})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        self.flux = [{"states": [], "codec": "", "file": b"", "units": 0, "pictures": 0, "first": None, "unit": None}
                     for _ in names]
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
                assert zero == 0 and (kind != ALIVE or abs(wall / 1e6 - time.time()) < 5)
                self.alive += kind == ALIVE
                if kind != ALIVE:
                    self.take(self.flux[number], kind, flags, unit, data)
        except (EOFError, OSError, ValueError, http.client.HTTPException, AttributeError):
            self.over = True

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
            flux["codec"], flux["file"], flux["first"] = whole[:64].rstrip(b"\0").decode(), whole[64:], None
        elif kind == FRAGMENT:
            if flux["first"] is None:
                flux["first"] = flags
            flux["file"] += whole
            flux["units"] += 1
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
    connection = http.client.HTTPSConnection(api.host, api.port, context=api.context, timeout=20)
    connection.request("GET", path, headers={"Cookie": api.cookie, **headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def start_camera(build, log, *words):
    camera = subprocess.Popen([os.path.join(build, "tests/camera"), *words], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=log, text=True)
    return camera, int("".join(c for c in camera.stdout.readline() if c.isdigit()))


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
    server.wait_for("pictures of all 18", lambda: all(f["units"] >= 50 for f in live.flux), 60)
    check("each flux begins with a key", all(f["first"] & KEY for f in live.flux))
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
    server.wait_for("the end of it", lambda: metrics(api)["vigie_media_lives"] == 0, 10)
    check("the requests to ingest end with it", server.wait_for(
        "no request", lambda: metrics(api)["vigie_media_live_flux"] == 0, 5))


def refusals(api):
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


def lost_and_back(server, api, build, log, port, clip):
    """The camera of `alone` goes and comes."""
    live = Live(api, ["alone"])
    flux = live.flux[0]
    server.wait_for("pictures", lambda: flux["units"] > 10, 30)
    camera = lost_and_back.camera
    camera.kill()
    camera.wait()
    server.wait_for("the loss", lambda: flux["states"][-1] == ("lost", "silent"), 15)
    lost_and_back.camera, _ = start_camera(build, log, "-p", str(port), clip)
    before = flux["units"]
    server.wait_for("the return", lambda: flux["states"][-1] == ("live", "") and flux["units"] > before + 25, 30)
    check("a lost camera is said, and its return", True)
    live.stop()


def other_codec(server, api):
    live = Live(api, ["jpeg"])
    server.wait_for("JPEG pictures", lambda: live.flux[0]["pictures"] >= 5, 30)
    check("a codec that browsers do not play comes as pictures", live.flux[0]["codec"] == "")
    live.stop()


def slow_reader(server, api):
    """Takes nothing: memory is flat, and it is cut."""
    # no alerts, no clips: what grows is this
    api.json("PUT", "/api/v1/flux/cam-1/scene", {"version": 1, "name": "t"}, {"If-Match": "*"})
    server.wait_for("no clip on its way", lambda: metrics(api)["vigie_media_clips_due"] == 0, 40)
    found = metrics(api)
    before, before_bytes = found["vigie_media_lives_cut_total"], found["vigie_media_live_bytes_total"]
    stuck = http.client.HTTPSConnection(api.host, api.port, context=api.context, timeout=60)
    names = ",".join(f"cam-{n}" for n in range(1, 19))
    stuck.request("GET", f"/api/v1/live?flux={names}", headers={"Cookie": api.cookie})
    sent = -1
    while sent < (now := metrics(api)["vigie_media_live_bytes_total"]):
        sent = now
        time.sleep(1) # until its windows are dry
    first = api_rss_kb(server)
    time.sleep(5)
    found = metrics(api)
    check(f"what is sent to it stops: {found['vigie_media_live_bytes_total'] - before_bytes}",
          found["vigie_media_live_bytes_total"] == sent and found["vigie_media_live_flux"] == 18)
    quick = Live(api, ["cam-1"])
    server.wait_for("others", lambda: quick.flux[0]["units"] > 100, 30)
    check("who reads is not held up by who does not", True)
    server.wait_for("the cut", lambda: metrics(api)["vigie_media_lives_cut_total"] > before, 40)
    last = api_rss_kb(server)
    # the buffers of /metrics and of TLS come and go: some megabytes
    check(f"memory is flat: {first} kB, {last} kB", last < first + (24 << 10))
    stuck.close()
    quick.stop()


def clip_of_an_alert(server, api, folder):
    alerts = server.wait_for("an alert of the camera", lambda: api.json("GET", "/api/v1/alerts?flux=cam-1")["items"], 120)
    alert = alerts[0]
    path = f"/api/v1/alerts/{alert['id']}"
    if not alert["evidence"]["clip"]:
        status, headers, body = ask(api, path + "/clip")
        check("a clip on its way is 503 clip_pending", (status == 503 and "Retry-After" in headers and
              json.loads(body)["error"]["code"] == "clip_pending") or status == 200)
    server.wait_for("its clip", lambda: api.json("GET", path)["evidence"]["clip"], 30)
    status, headers, clip = ask(api, path + "/clip")
    check("the clip is there", status == 200 and headers["Content-Type"] == "video/mp4" and len(clip) > 50000)
    check(f"to be played: {headers.get('Content-Disposition')}",
          headers["Content-Disposition"].startswith('inline; filename="vigie_cam-1_'))
    whole = os.path.join(folder, "clip.mp4")
    with open(whole, "wb") as f:
        f.write(clip)
    codec, seconds, pictures, key, errors = probe(whole)
    check(f"{codec}, {seconds} s, {pictures} pictures: {errors[-200:]}",
          codec == "h264" and 9 <= seconds <= 13 and pictures >= 9 * 9 and key and not errors)
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
        api = server.api()
        declare_sources(api, "127.0.0.1")
        add_flux(api, "cam-1", f"rtsp://127.0.0.1:{cameras[0][1]}/0", scene, rate_fps=5)
        for n in range(2, 19):
            add_flux(api, f"cam-{n}", f"rtsp://127.0.0.1:{cameras[0][1]}/{n - 1}", rate_fps=0.1)
        add_flux(api, "alone", f"rtsp://127.0.0.1:{cameras[1][1]}/0", rate_fps=0.1)
        add_flux(api, "jpeg", f"rtsp://127.0.0.1:{cameras[2][1]}/0", rate_fps=0.1)
        watch_eighteen(server, api, folder)
        refusals(api)
        other_codec(server, api)
        lost_and_back(server, api, build, log, cameras[1][1], clip)
        clip_of_an_alert(server, api, folder)
        if len(sys.argv) > 2:
            page = subprocess.run(["node", os.path.join(source, "tests/e2e/live_page_check.mjs")], check=False, env={
                **os.environ, "VIGIE_URL": f"https://{api.host}:{api.port}", "VIGIE_NAME": "demo",
                "VIGIE_PASSWORD": server.password, "VIGIE_NODE": sys.argv[2]})
            check("the page plays clips and live pictures", page.returncode == 0)
        slow_reader(server, api)
    except (RuntimeError, AssertionError) as error:
        check(f"{type(error).__name__}: {error}", False)
    finally:
        code = server.stop()
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
