#!/usr/bin/env python3
"""The demonstration: starts the server on the clip as a live flux, prints alerts as they come.

With --once it ends with 0 after the first alert is seen through the HTTPS API, with 1 after
120 s without one.
"""
import argparse
import fcntl
import os
import shutil
import signal
import sys
import time

from vigie_server import Server, add_flux

LABELS = {"wrong_way": "Sens de circulation", "crossing": "Franchissement ou présence",
          "density": "Densité"}
SEVERITIES = {"low": "faible", "medium": "moyenne", "high": "élevée"}


def show(alert):
    where = alert.get("place") or "image entière"
    print(f"  {alert['time'][11:19]}  {LABELS.get(alert['event'], alert['event']):28} {where:16}"
          f" gravité {SEVERITIES.get(alert['severity'], '?'):8} score {alert.get('score') or 0:.2f}"
          f"  {alert['id']}", flush=True)


def follow(server, api, once, seconds):
    seen, end = set(), time.monotonic() + seconds
    while server.process.poll() is None:
        try:
            items = api.json("GET", "/api/v1/alerts?limit=50")["items"]
        except OSError:
            items = []
        for alert in sorted(items, key=lambda a: a["id"]):
            if alert["id"] in seen:
                continue
            seen.add(alert["id"])
            show(alert)
            if once:
                status, picture = api.call("GET", f"/api/v1/alerts/{alert['id']}/picture")
                if status != 200 or picture[:2] != b"\xff\xd8":
                    raise RuntimeError(f"the alert's picture: {status}")
                return 0
        if once and time.monotonic() > end:
            print("demo: no alert came", file=sys.stderr)
            return 1
        time.sleep(0.5)
    return 1


def in_use(lock):
    """Whether a server holds the lock of its data folder."""
    try:
        with open(lock, "r+", encoding="utf-8") as f:
            fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser()
    for name in ("vigie", "clip", "scene", "data"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--listen", default="127.0.0.1:8443")
    parser.add_argument("--once", action="store_true")
    args = parser.parse_args()
    if in_use(os.path.join(args.data, "vigie.lock")):
        print(f"demo: a demonstration runs already on {args.data}: stop it first", file=sys.stderr)
        return 4
    shutil.rmtree(args.data, ignore_errors=True)
    signal.signal(signal.SIGTERM, interrupt)
    server = Server(args.vigie, args.data, args.listen)
    code = 1
    try:
        api = server.api()
        add_flux(api, "parvis", "file:" + os.path.abspath(args.clip), args.scene,
                 label="Parvis (démonstration)", rate_fps=5)
        print(f"Vigie écoute sur https://{server.host}:{server.port}/\n"
              f"Compte de démonstration : demo   Mot de passe : {server.password}\n"
              f"Traces du serveur : {server.log_path}\nSignalements (Ctrl-C pour arrêter) :", flush=True)
        code = follow(server, api, args.once, 120)
    except KeyboardInterrupt:
        code = 130 if args.once else 0
    except RuntimeError as error:
        print(f"demo: {error}", file=sys.stderr)
    finally:
        server.stop()
        if code == 1:
            sys.stderr.write("\n".join(server.read_log().splitlines()[-25:]) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
