#!/usr/bin/env python3
"""Will it fit, on the whole server: asked before a flux is saved.

Right after the start nothing is known, and a flux is admitted. Once its pictures were analysed the
answer has figures. Flux of 25 pictures a second are added until one is refused: the refusal says in
the reader's language why, which flux would fall, and that no more such flux find room. It is saved
with admit=degraded; less is never refused. Flux that are switched off leave their room to another at
once.
"""
import json
import os
import sys

from load_check import check, fast_clip, judge

sys.path.insert(0, os.path.join(os.environ["VIGIE_SOURCE_DIR"], "tools"))
from vigie_server import Server  # noqa: E402

FPS, MOST = 25, 240  # a fast machine holds many


def add(api, name, clip, query="", **more):
    """Code and body of the answer."""
    status, content = api.call("POST", "/api/v1/flux" + query, {"id": name, "url": "file:" + clip, **more})
    return status, json.loads(content)


def ask(api, **question):
    return api.json("POST", "/api/v1/admission", question)


def load(api):
    """What all want now; 0: it cannot be told."""
    return ask(api).get("load", {"before": 0})["before"]


def fill(server, api, clip):
    """Adds flux until one is refused: its name, and the answer."""
    for n in range(1, MOST):
        before = load(api)
        status, answer = add(api, f"cam-{n:02}", clip, rate_fps=FPS)
        if status != 201:
            return f"cam-{n:02}", status, answer
        server.wait_for("the load with one flux more", lambda before=before: load(api) > before, 90)
    raise RuntimeError(f"{MOST} flux of {FPS} pictures a second are no load for this machine")


def pass_on(api, clip, last):
    """One flux more than were refused finds no room, and finds it once those before it are off."""
    check("one more is refused", add(api, "cam-next", clip, rate_fps=FPS)[0] == 409)
    others = [f"cam-{n:02}" for n in range(1, int(last.removeprefix("cam-")) + 1)]
    codes = [api.call("PUT", f"/api/v1/flux/{name}/active", False, {"If-Match": "*"})[0] for name in others]
    check(f"{others} are switched off: {codes}", set(codes) == {200})
    status, answer = add(api, "cam-next", clip, rate_fps=FPS)
    check("then it is held, and nothing was started again",
          status == 201 and answer["admission"]["verdict"] == "held")


def look(server, api, clip):
    check("asked right after the start it is not known", ask(api)["verdict"] == "not_known")
    status, answer = add(api, "cam-00", clip, rate_fps=1)
    check("and a flux is admitted", status == 201 and answer["admission"]["verdict"] == "not_known")
    server.wait_for("something measured", lambda: ask(api)["verdict"] != "not_known", 90)
    told = ask(api, rate_fps=0.1)
    print(told)
    check("then it is, with headroom and latency", told["verdict"] == "held" and 0 < told["headroom"] < 1 and
          0 < told["latency_ms"]["p50"] <= told["latency_ms"]["p99"] and told["more"] > 0)
    name, status, answer = fill(server, api, clip)
    fit = answer.get("admission", {})
    print(name, status, answer)
    check("what does not fit is refused", status == 409 and answer["error"]["code"] == "does_not_fit" and
          fit["verdict"] in ("degraded", "refused"))
    words = answer["error"]["message"]
    check(f"with the reason, in French: {words}", any(w in words for w in ("cadence", "trop tard")))
    check("with those that would fall", fit["fallen_count"] > 0 and all(
        f["after_fps"] < f["before_fps"] for f in fit["fallen"]))
    check("and no more such flux", fit["more"] == 0)
    check("nothing is saved", api.call("GET", f"/api/v1/flux/{name}")[0] == 404)
    check("asked only, the answer is the same", ask(api, rate_fps=FPS)["verdict"] != "held")
    status, answer = add(api, name, clip, "?admit=degraded", rate_fps=FPS)
    check("admitted if the administrator says so", status == 201 and answer["admission"]["verdict"] != "held")
    status, _ = api.call("PATCH", f"/api/v1/flux/{name}", {"rate_fps": FPS - 1}, {"If-Match": "*"})
    check("less is not refused", status == 200)
    pass_on(api, clip, name)


def main():
    folder = sys.argv[1]
    clip = fast_clip(folder, FPS)
    server = Server(os.path.join(os.environ["VIGIE_BUILD_DIR"], "vigie"), os.path.join(folder, "data"))
    return judge(server, lambda api: look(server, api, clip))


if __name__ == "__main__":
    sys.exit(main())
