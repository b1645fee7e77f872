#!/usr/bin/env python3
"""The whole server on real video, seen from outside: a camera and a file as live flux.

Every decoded picture has one fate, a sealed thread allocates nothing (VIGIE_SEAL=abort would
kill analysis), a true alert arrives with its picture, a verdict is kept, the audit holds.
"""
import http.client
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["VIGIE_SOURCE_DIR"], "tools"))
from vigie_server import Server, add_flux, declare_sources, metrics  # noqa: E402

FAILS = []
CAM_ANALYSED = 'vigie_pictures_total{flux="cam",fate="analysed"}'
FILE_ANALYSED = 'vigie_pictures_total{flux="file",fate="analysed"}'


def check(what, true):
    print(("ok      " if true else "FAILED  ") + what)
    if not true:
        FAILS.append(what)


def fates_add_up(found, flux):
    """decoded = sum of fates + at most what is under way (a slot or two)."""
    decoded = found.get(f'vigie_pictures_decoded_total{{flux="{flux}"}}', 0)
    fates = sum(v for k, v in found.items() if k.startswith(f'vigie_pictures_total{{flux="{flux}",'))
    return decoded > 0 and -4 <= decoded - fates <= 4


def counted(api, flux):
    """The points of the curve that the density rule of the scene measures."""
    items = api.json("GET", f"/api/v1/measures?flux={flux}&place=esplanade&measure=count&step=60")["items"]
    return items[0]["curve"] if items else []


def seen_where(api, flux):
    """The heat map of the last day, once somebody is in it."""
    heat = api.json("GET", f"/api/v1/flux/{flux}/heat")
    return heat if heat["person_s"] > 0 else None


def watch_alerts(api):
    """A client of the stream of alerts: the connection, to be closed."""
    connection = http.client.HTTPSConnection(api.host, api.port, context=api.context, timeout=20)
    connection.request("GET", "/api/v1/alerts/stream", headers={"Cookie": api.cookie})
    return connection


def latency_told(found, to):
    """How many alerts were timed on their way, and their mean."""
    count = found.get(f'vigie_alert_latency_seconds_count{{to="{to}"}}', 0)
    total = found.get(f'vigie_alert_latency_seconds_sum{{to="{to}"}}', 0)
    return count, total / count if count else 0


def start_camera(build, clip, port):
    """The test camera on a port of its choice, or on the one given (0: any)."""
    camera = subprocess.Popen([os.path.join(build, "tests/camera"), "-p", str(port), clip],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return camera, int("".join(c for c in camera.stdout.readline() if c.isdigit()))


def main():
    folder, source, build = sys.argv[1], os.environ["VIGIE_SOURCE_DIR"], os.environ["VIGIE_BUILD_DIR"]
    clip, scene = os.path.join(source, "cache/vtest.avi"), os.path.join(source, "docs/examples/vtest.json")
    rtsp = os.path.join(folder, "camera.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-t", "20", "-i", clip, "-c:v", "libx264", "-g", "20", "-bf", "0",
                    "-pix_fmt", "yuv420p", rtsp], check=True)
    camera, port = start_camera(build, rtsp, 0)
    server = Server(os.path.join(build, "vigie"), os.path.join(folder, "data"),
                    environment={"VIGIE_SEAL": "abort"})
    try:
        api = server.api()
        watching = watch_alerts(api)
        add_flux(api, "file", "file:" + clip, scene, rate_fps=5)
        status, refusal = api.call("POST", "/api/v1/flux", {"id": "cam", "url": f"rtsp://127.0.0.1:{port}/1"})
        check("a camera that the site does not declare is refused",
              status == 422 and b"host_not_declared" in refusal)
        declare_sources(api, "127.0.0.1")
        add_flux(api, "cam", f"rtsp://127.0.0.1:{port}/1", scene, rate_fps=5)
        alerts = server.wait_for("an alert", lambda: api.json("GET", "/api/v1/alerts")["items"], 90)
        alert = alerts[0]
        found = server.wait_for("the latency of an alert", lambda: (lambda m: m if all(
            latency_told(m, to)[0] > 0 for to in ("redis", "client")) else None)(metrics(api)), 20)
        redis, client = latency_told(found, "redis"), latency_told(found, "client")
        check(f"its latency is told, to Redis {redis} and to the client {client}",
              0 < redis[1] < 5 and 0 < client[1] < 6)
        check("quantiles of late", 'vigie_stage_recent_seconds{stage="decode",quantile="0.95"}' in found and
              found['vigie_latency_recent_seconds{quantile="0.5"}'] > 0)
        stages = {name: found[f'vigie_stage_seconds_count{{stage="{name}"}}'] for name in ("receive", "decode", "wait")}
        check(f"each picture taken has its time from packet to decoder, to slot, to batch: {stages}",
              min(stages.values()) > 0 and len(set(stages.values())) == 1)
        watching.close()
        check("the alert names flux, event, rule and boxes",
              alert["flux"] in ("file", "cam") and alert["boxes"] and alert["rule_as_it_was"]["id"] == alert["rule"])
        status, picture = api.call("GET", f"/api/v1/alerts/{alert['id']}/picture")
        check("it has its picture", status == 200 and picture[:2] == b"\xff\xd8" and len(picture) > 5000)
        api.json("PUT", f"/api/v1/alerts/{alert['id']}/verdict", {"state": "confirmed", "comment": "vu"})
        check("the verdict is kept", api.json("GET", f"/api/v1/alerts/{alert['id']}")["state"] == "confirmed")
        check("an unknown flux is 404", api.call("GET", "/api/v1/flux/none")[0] == 404)
        found = server.wait_for("pictures of both", lambda: (lambda m: m if all(
            m.get(f'vigie_pictures_total{{flux="{f}",fate="analysed"}}', 0) > 30 for f in ("file", "cam"))
            else None)(metrics(api)), 60)
        check("every picture of the file has one fate", fates_add_up(found, "file"))
        check("every picture of the camera has one fate", fates_add_up(found, "cam"))
        check("no allocation on the way of a picture", found.get("vigie_sealed_allocations_total") == 0)
        check("all parts are up", all(v == 1 for k, v in found.items() if k.startswith("vigie_up{")))
        state = api.json("GET", "/api/v1/flux/cam/state")
        check(f"the camera is live: {state}", state.get("state") == "live")
        camera.terminate()
        camera.wait()
        server.wait_for("the loss", lambda: api.json("GET", "/api/v1/flux/cam/state").get("state")
                        in ("lost", "connecting"), 20)
        check("a camera that goes away is lost", True)
        before = metrics(api)[CAM_ANALYSED]
        camera, _ = start_camera(build, rtsp, port)
        server.wait_for("the return", lambda: api.json("GET", "/api/v1/flux/cam/state").get("state") == "live"
                        and metrics(api)[CAM_ANALYSED] > before + 5, 30)
        check("its pictures are analysed when it is back", True)
        curve = server.wait_for("a curve of the count", lambda: counted(api, "file"), 30)
        check(f"persons are counted on it: {curve}", any(p["greatest"] >= 2 for p in curve) and all(
            0 <= p["least"] <= p["mean"] <= p["greatest"] and p["pictures"] > 0 for p in curve))
        measured = sum(p["pictures"] for p in curve)
        with open(scene, encoding="utf-8") as f:
            api.json("PUT", "/api/v1/flux/file/scene?admit=degraded", f.read().replace("0.3", "0.31", 1),
                     {"If-Match": "*"})
        before = metrics(api)[FILE_ANALYSED]
        server.wait_for("pictures after a new scene", lambda: metrics(api)[FILE_ANALYSED] > before + 10, 30)
        server.wait_for("the count after a new scene",
                        lambda: sum(p["pictures"] for p in counted(api, "file")) > measured, 30)
        heat = server.wait_for("a heat map, which the new scene has written", lambda: seen_where(api, "file"), 30)
        check(f"persons are where they were: {heat['person_s']} s in {heat['watched_s']} s",
              abs(sum(map(sum, heat["seconds"])) - heat["person_s"]) < 1e-3 and heat["rows"] == 48
              and heat["pictures"] >= measured and heat["person_s"] > heat["watched_s"])
        status, picture = api.call("GET", "/api/v1/flux/file/heat?format=png")
        check("and as a picture", status == 200 and picture[:4] == b"\x89PNG")
        found = metrics(api)
        check("every picture still has one fate after a new scene", fates_add_up(found, "file"))
    except RuntimeError as error:
        check(str(error), False)
    finally:
        code = server.stop()
        camera.kill()
    check(f"an orderly end (code {code})", code == 0)
    audit = subprocess.run([server.vigie, "admin", "audit-verify", "--data", server.data],
                           capture_output=True, text=True, check=False)
    check("the audit chain holds", audit.returncode == 0)
    if FAILS:
        print(server.read_log()[-6000:])
    return 1 if FAILS else 0


if __name__ == "__main__":
    sys.exit(main())
