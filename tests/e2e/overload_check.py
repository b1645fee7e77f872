#!/usr/bin/env python3
"""More flux than the device has time for, on the whole server.

Flux of 25 pictures a second are added, each second one of the last priority, until the device has
no time for all. Then those of the first priority are looked at as often as those of the last, or
oftener; nobody falls under the lowest rate of its rules; what was owed and not looked at counts as
overload, and every picture has one fate. When all but one go, that one gets all that it wants again.
"""
import os
import sys
import time

from load_check import check, fast_clip, judge

sys.path.insert(0, os.path.join(os.environ["VIGIE_SOURCE_DIR"], "tools"))
from vigie_server import Server, add_flux, metrics  # noqa: E402

FPS, MOST, FLOOR_FPS = 25, 24, 4
SCENE = ('{"version": 1, "name": "all", "zones": [{"id": "all", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}], '
         '"rules": [{"id": "in", "event": "crossing", "at": "all", "severity": "low"}]}')


def states(api, names):
    return [api.json("GET", f"/api/v1/flux/{name}/state") for name in names]


def analysed(found, name):
    return found.get(f'vigie_pictures_total{{flux="{name}",fate="analysed"}}', 0)


def rates(api, names, seconds):
    """Pictures a second that each is really analysed at."""
    before, at = metrics(api), time.monotonic()
    time.sleep(seconds)
    after, took = metrics(api), time.monotonic() - at
    return [(analysed(after, name) - analysed(before, name)) / took for name in names]


def is_overloaded(api, names):
    """All of the last priority are told so, three seconds long."""
    for _ in range(3):
        if any(s["share"] not in ("reduced", "shed") for s in states(api, names[1::2])):
            return False
        time.sleep(1)
    return True


def fill(server, api, clip, scene):
    """Adds flux until the device has no time for all; their names, those of both priorities in turn."""
    names = []
    while len(names) < MOST:
        name = f"cam-{len(names):02}"
        add_flux(api, name, "file:" + clip, scene, rate_fps=FPS, priority=0 if len(names) % 2 == 0 else 9)
        names.append(name)
        server.wait_for(f"pictures of {name}", lambda n=name: analysed(metrics(api), n) > 0 or
                        "shed" in api.json("GET", f"/api/v1/flux/{n}/state").get("warnings", ""), 30)
        time.sleep(3)
        if len(names) >= 4 and len(names) % 2 == 0 and is_overloaded(api, names):
            return names
    raise RuntimeError(f"{MOST} flux of {FPS} pictures a second are no load for this machine")


def overload(found, name):
    return found.get(f'vigie_pictures_total{{flux="{name}",fate="overload"}}', 0)


def look(server, api, clip, scene):
    names = fill(server, api, clip, scene)
    first, last = names[0::2], names[1::2]
    print(f"{len(names)} flux are more than there is time for")
    before = metrics(api)
    reached = dict(zip(names, rates(api, names, 10)))
    found = metrics(api)
    told = dict(zip(names, states(api, names)))
    print({n: (round(reached[n], 1), told[n]["share"], told[n]["rate_fps"]) for n in names})
    check("who is of the first priority is looked at oftener",
          min(reached[n] for n in first) > max(reached[n] for n in last))
    check("nobody falls under the lowest rate of its rules", min(reached.values()) > 0.9 * FLOOR_FPS)
    check("the state says how often, and that it is less than wanted", all(
        s["share"] != "reduced" or ("reduced" in s["warnings"] and 0 < float(s["rate_fps"]) < FPS == float(
            s["wanted_fps"])) for s in told.values()))
    check("what was owed to the last and not looked at counts as overload",
          all(overload(found, n) > overload(before, n) for n in last))
    for name in names:
        decoded = found[f'vigie_pictures_decoded_total{{flux="{name}"}}']
        fates = sum(v for k, v in found.items() if k.startswith(f'vigie_pictures_total{{flux="{name}",'))
        check(f"every picture of {name} has one fate", decoded > 0 and abs(decoded - fates) <= 4)
    for name in names[1:]:
        api.json("PUT", f"/api/v1/flux/{name}/active", False, {"If-Match": "*"})
    server.wait_for("all that is wanted, when there is time", lambda: states(api, names[:1])[0]["share"]
                    in ("wanted", "raised"), 30)
    alone = rates(api, names[:1], 5)[0]
    check(f"who is alone gets all: {alone:.1f} a second", alone > 0.8 * FPS)


def main():
    folder = sys.argv[1]
    clip, scene = fast_clip(folder, FPS), os.path.join(folder, "scene.json")
    with open(scene, "w", encoding="utf-8") as f:
        f.write(SCENE)
    server = Server(os.path.join(os.environ["VIGIE_BUILD_DIR"], "vigie"), os.path.join(folder, "data"),
                    environment={"VIGIE_SEAL": "abort"})
    return judge(server, lambda api: look(server, api, clip, scene))


if __name__ == "__main__":
    sys.exit(main())
