#!/usr/bin/env python3
"""Every way that video reaches the server, seen from outside: transports_check.py loopback|network FOLDER CLIPS.

loopback   RTSP by TCP, UDP and what is left of them, RTSPS, pushed RTSP, MPEG-TS, a folder, evidence beside
           analysis; and that nobody is asked more than is permitted, nor anybody who is not declared
network    groups, by RTSP, from a description, MPEG-TS; the cameras are on the host that FAR names
"""
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["VIGIE_SOURCE_DIR"], "tools"))
from vigie_server import Server  # noqa: E402

PERMITTED = {"OPTIONS", "DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "TEARDOWN"}
BUILD, FOLDER, CLIPS = os.environ["VIGIE_BUILD_DIR"], sys.argv[2], sys.argv[3]
FAILS, CAMERAS = [], []


def check(what, true):
    print(("ok      " if true else "FAILED  ") + what)
    if not true:
        FAILS.append(what)


def clip(name):
    return os.path.join(CLIPS, name + ".mp4")


class Camera:
    """The test camera; port 0 where it pushes, and is then not waited for."""

    def __init__(self, name, *options, video="cif", far=False):
        self.log = os.path.join(FOLDER, name + ".log")
        before = ["nsenter", "-t", os.environ["FAR"], "-n"] if far else []
        self.process = subprocess.Popen(
            before + [os.path.join(BUILD, "tests/camera"), "--log", self.log, *options, clip(video)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        CAMERAS.append(self)
        self.port = 0
        if "--push" not in options:
            self.port = int(self.process.stdout.readline().split()[1])

    def requests(self):
        """(method, URL) of all that it was asked."""
        with open(self.log, encoding="utf-8") as f:
            return [line.split()[:2] for line in f if line[0].isupper()]

    def stop(self):
        self.process.kill()
        self.process.wait()


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def add(api, name, url, **more):
    api.json("POST", "/api/v1/flux?admit=degraded", {"id": name, "url": url, "rate_fps": 1, **more})


def refused(api, what, code, url, **more):
    status, answer = api.call("POST", "/api/v1/flux", {"id": "refused", "url": url, **more})
    check(f"{what} is refused: {status} {answer[:80]}", status == 422 and code.encode() in answer)


def state(api, name):
    return api.json("GET", f"/api/v1/flux/{name}/state")


def expect_live(server, api, rows, seconds):
    """rows: {flux: transport, encrypted}. Each is live once, and is then told rightly."""
    waiting, last, end = dict(rows), {}, time.monotonic() + seconds
    while waiting and time.monotonic() < end:
        for name in list(waiting):
            last[name] = now = state(api, name)
            if now.get("state") != "live" or "transport" not in now or now.get("transport") == "unknown":
                continue
            transport, encrypted = waiting[name]
            if transport != "file" and not now.get("packets"):
                continue  # figures are told every two seconds
            right = now["transport"] == transport and bool(now.get("encrypted")) == encrypted
            check(f"{name} is live: {now if not right else transport}", right)
            check(f"{name} is decoded: {now.get('decoder')}",
                  now.get("decoder") in ("software", "vaapi", "cuda", "keys"))
            del waiting[name]
        time.sleep(0.2)
    for name in waiting:
        check(f"{name} is live within {seconds} s: {last.get(name)}", False)


def expect_lost(server, api, name, cause, seconds):
    found = {}

    def lost():
        found.update(state(api, name))
        return found.get("state") in ("lost", "connecting") and found.get("cause") == cause
    try:
        server.wait_for(name, lost, seconds)
    except RuntimeError:
        pass
    check(f"{name} is not received, {cause}: {found if found.get('cause') != cause else ''}",
          found.get("cause") == cause)


def read_text(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def loopback(server, api):
    certs = os.path.join(FOLDER, "certs")
    pushed, sent = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    plain, main = Camera("plain"), Camera("main", video="h264")
    secure = Camera("secure", "--cert", f"{certs}/server.pem", "--key", f"{certs}/server.key")
    elsewhere = Camera("elsewhere", "--bind", "127.0.0.2")
    rtsp, away = f"rtsp://127.0.0.1:{plain.port}", f"rtsp://127.0.0.2:{elsewhere.port}/x"
    redirecting = Camera("redirecting", "--redirect", away)
    api.json("PUT", "/api/v1/site",
             {"sources": [{"host": "127.0.0.1"}], "ca_pem": read_text(f"{certs}/ca.pem"),
              "listen": [{"host": "127.0.0.1", "ports": [pushed, sent]}]}, {"If-Match": "*"})
    refused(api, "a host that is not declared", "host_not_declared", away)
    refused(api, "an address of ours that is not", "listen_not_declared",
            f"rtsp-listen://127.0.0.1:{free_port(socket.SOCK_STREAM)}/x")
    refused(api, "evidence of a host that is not declared", "host_not_declared", rtsp + "/x", evidence_url=away)
    box = os.path.join(FOLDER, "box")
    os.mkdir(box)
    for i in range(3):
        path = os.path.join(box, f"{i}.mp4")
        with open(clip("cif"), "rb") as source, open(path, "wb") as copy:
            copy.write(source.read())
        os.utime(path, (time.time() - 100 + i,) * 2)
    add(api, "tcp", rtsp + "/tcp", transport="tcp")
    add(api, "udp", rtsp + "/udp", transport="udp")
    add(api, "auto-notcp", rtsp + "/a?notcp")
    add(api, "auto-noudp", rtsp + "/b?noudp")
    add(api, "rtsps", f"rtsps://127.0.0.1:{secure.port}/x")
    add(api, "wrong-ca", f"rtsps://127.0.0.1:{secure.port}/wrong", ca_pem=read_text(f"{certs}/other_ca.pem"))
    add(api, "redirected", f"rtsp://127.0.0.1:{redirecting.port}/c?redirect")
    add(api, "pushed", f"rtsp-listen://127.0.0.1:{pushed}/gate")
    add(api, "mpegts", f"mpegts://127.0.0.1:{sent}")
    add(api, "folder", "folder:" + box)
    add(api, "both", rtsp + "/sub", evidence_url=f"rtsp://127.0.0.1:{main.port}/main")
    server.wait_for("waiting for the gateway", lambda: state(api, "pushed").get("state") == "waiting" and
                    state(api, "mpegts").get("state") == "waiting", 40)
    Camera("gate", "--push", f"rtsp://127.0.0.1:{pushed}/gate")
    Camera("sender", "--push", f"udp://127.0.0.1:{sent}?pkt_size=1316")
    expect_live(server, api, {"folder": ("file", False), "tcp": ("tcp", False), "udp": ("udp", False),
                              "auto-notcp": ("udp", False), "auto-noudp": ("tcp", False),
                              "rtsps": ("tcp", True), "pushed": ("tcp", False), "mpegts": ("udp", False),
                              "both": ("tcp", False)}, 40)
    expect_lost(server, api, "wrong-ca", "integrity", 10)
    expect_lost(server, api, "redirected", "denied", 10)
    check("the host that it was redirected to was never asked",
          elsewhere.requests() == [] and redirecting.requests() != [])
    played = [url for method, url in main.requests() if method == "PLAY"]
    check("the main stream is received beside the one for analysis", len(played) == 1 and "/main" in played[0])
    check("of the certificate that is not believed, nothing was asked",
          not any("/wrong" in url for _, url in secure.requests()))
    return [plain, main, secure]


def network(server, api):
    far, sdp, other = {"far": True}, os.path.join(FOLDER, "group.sdp"), os.path.join(FOLDER, "other.sdp")
    group = ("--interface", "10.77.0.2", "--bind", "10.77.0.2")
    asked = Camera("asked", *group, "--group", "239.1.2.3:6000", **far)
    silent = Camera("silent", *group, "--group", "239.1.2.4:6100", "--sdp", sdp, **far)
    hidden = Camera("hidden", *group, "--group", "239.9.9.9:6200", "--sdp", other, **far)
    api.json("PUT", "/api/v1/site", {"sources": [{"host": "10.77.0.2"}, {"host": "239.1.0.0/16"}],
                                     "interface": "near0"}, {"If-Match": "*"})
    clear = {"clear_accepted": True}
    refused(api, "a group that is not declared", "host_not_declared", "mpegts://239.9.9.9:7000", **clear)
    refused(api, "a group in the clear without an agreement", "clear_not_accepted", "mpegts://239.1.2.5:7000")
    add(api, "by-rtsp", f"rtsp://10.77.0.2:{asked.port}/x", transport="multicast", **clear)
    add(api, "by-sdp", "sdp:" + sdp, **clear)
    add(api, "by-mpegts", "mpegts://239.1.2.5:7000", **clear)
    add(api, "other-group", "sdp:" + other, **clear)
    server.wait_for("waiting for the sender", lambda: state(api, "by-mpegts").get("state") == "waiting", 40)
    Camera("sender", "--push", "udp://239.1.2.5:7000?pkt_size=1316", **far)
    expect_live(server, api, {"by-rtsp": ("multicast", False), "by-sdp": ("multicast", False),
                              "by-mpegts": ("multicast", False)}, 40)
    expect_lost(server, api, "other-group", "denied", 10)
    check("nobody asked the camera whose description was given",
          silent.requests() == [] and hidden.requests() == [])
    return [asked]


def main():
    server = Server(os.path.join(BUILD, "vigie"), os.path.join(FOLDER, "data"))
    try:
        api = server.api()
        fetched = {"loopback": loopback, "network": network}[sys.argv[1]](server, api)
        parts = json.loads(api.call("GET", "/api/v1/health")[1])["parts"]
        check(f"nothing was started again: {parts if any(p['restarts'] for p in parts) else ''}",
              not any(part["restarts"] for part in parts))
        for camera in fetched:
            methods = {method for method, _ in camera.requests()}
            check(f"no other method than is permitted: {sorted(methods)}",
                  {"DESCRIBE", "SETUP", "PLAY"} <= methods <= PERMITTED)
    except (RuntimeError, OSError) as error:
        check(str(error), False)
    finally:
        code = server.stop()
        for camera in CAMERAS:
            camera.stop()
    check(f"an orderly end (code {code})", code == 0)
    if FAILS:
        print(server.read_log()[-4000:])
    return 1 if FAILS else 0


if __name__ == "__main__":
    sys.exit(main())
