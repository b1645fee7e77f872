#!/usr/bin/env python3
"""The authorisation's first and last moment are obeyed without a hand: before and after it no
flux is connected and nothing is analysed."""
import os
import sys
import time
from datetime import datetime, timezone

sys.path.insert(0, os.path.join(os.environ["VIGIE_SOURCE_DIR"], "tools"))
from vigie_server import Server, add_flux, metrics  # noqa: E402

ANALYSED = 'vigie_pictures_total{flux="file",fate="analysed"}'


def iso(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def main():
    server = Server(os.path.join(os.environ["VIGIE_BUILD_DIR"], "vigie"), sys.argv[1])
    try:
        api = server.api()
        clip = os.path.join(os.environ["VIGIE_SOURCE_DIR"], "cache/vtest.avi")
        add_flux(api, "file", "file:" + clip, rate_fps=5)

        def state():
            return api.json("GET", "/api/v1/flux/file/state").get("state")

        def analysed():
            return metrics(api).get(ANALYSED, 0)

        server.wait_for("pictures without an authorisation", lambda: analysed() > 5, 60)
        first, last = time.time() + 6, time.time() + 14
        api.json("PUT", "/api/v1/authorisation", {"reference": "AP 2026-118", "from": iso(first), "to": iso(last)})
        server.wait_for("stopped before the first moment", lambda: state() == "stopped", 3)
        time.sleep(1)  # what was under way ends
        before = analysed()
        server.wait_for("live after the first moment", lambda: state() == "live", first - time.time() + 5)
        if time.time() < first:
            raise RuntimeError("live before the first moment")
        server.wait_for("pictures within it", lambda: analysed() > before, last - time.time())
        server.wait_for("stopped after the last moment", lambda: time.time() >= last and state() == "stopped",
                        last - time.time() + 3)
        time.sleep(1)
        after = analysed()
        time.sleep(2)
        if analysed() != after:
            raise RuntimeError("analysed after the last moment")
        print("obeyed")
        return 0
    except RuntimeError as error:
        print(f"FAILED: {error}")
        print(server.read_log()[-3000:])
        return 1
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
