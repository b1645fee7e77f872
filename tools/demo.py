#!/usr/bin/env python3
"""The demonstration: starts the server on the clip as a live flux, prints alerts as they come.

It uses the product from outside only: `vigie admin` for the account, the HTTPS API for the
rest. With --once it ends with 0 after the first alert is seen, with 1 after 120 s without one.
"""
import argparse
import http.client
import json
import os
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import time

LABELS = {"wrong_way": "Sens de circulation", "crossing": "Franchissement ou présence",
          "density": "Densité"}


class Api:
    """A signed-in client of the API."""

    def __init__(self, host, port, certificate):
        self.host, self.port = host, port
        self.context = ssl.create_default_context(cafile=certificate)
        self.cookie, self.csrf = "", ""

    def call(self, method, path, body=None, headers=None):
        connection = http.client.HTTPSConnection(self.host, self.port, context=self.context, timeout=20)
        send = {"Accept-Language": "fr", "Cookie": self.cookie, "X-CSRF-Token": self.csrf}
        send.update(headers or {})
        data = None
        if body is not None:
            data = body if isinstance(body, (bytes, str)) else json.dumps(body)
            send["Content-Type"] = "application/json"
        connection.request(method, path, data, send)
        answer = connection.getresponse()
        content = answer.read()
        status, cookie = answer.status, answer.getheader("Set-Cookie")
        connection.close()
        if cookie:
            self.cookie = cookie.split(";")[0]
        return status, content

    def json(self, method, path, body=None, headers=None, expect=(200, 201, 204)):
        status, content = self.call(method, path, body, headers)
        if status not in expect:
            raise RuntimeError(f"{method} {path}: {status} {content.decode(errors='replace')[:300]}")
        return json.loads(content) if content else None

    def sign_in(self, name, password):
        self.csrf = self.json("POST", "/api/v1/session", {"name": name, "password": password})["csrf"]


def wait_for(what, probe, seconds, server):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with code {server.returncode}")
        try:
            if probe():
                return
        except (OSError, RuntimeError, http.client.HTTPException):
            pass
        time.sleep(0.2)
    raise RuntimeError(f"{what}: not within {seconds} s")


def configure(api, clip, scene):
    flux = {"id": "parvis", "label": "Parvis (démonstration)", "url": "file:" + os.path.abspath(clip),
            "transport": "tcp", "rate_fps": 5}
    status, content = api.call("POST", "/api/v1/flux", flux)
    if status not in (200, 201, 409):
        raise RuntimeError(f"POST /flux: {status} {content.decode(errors='replace')[:300]}")
    with open(scene, encoding="utf-8") as f:
        api.json("PUT", "/api/v1/flux/parvis/scene", f.read(), {"If-Match": "*"})


def show(alert):
    where = alert.get("place") or "image entière"
    score = alert.get("score") or 0
    print(f"  {alert['time'][11:19]}  {LABELS.get(alert['event'], alert['event']):28}"
          f" {where:16} gravité {alert['severity']:7} score {score:.2f}  ({alert['id']})", flush=True)


def follow(api, server, once, seconds):
    seen, end = set(), time.monotonic() + seconds
    while server.poll() is None:
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


def main():
    parser = argparse.ArgumentParser()
    for name in ("vigie", "clip", "scene", "data"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--listen", default="127.0.0.1:8443")
    parser.add_argument("--once", action="store_true")
    args = parser.parse_args()
    data = os.path.abspath(args.data)
    shutil.rmtree(data, ignore_errors=True)
    os.makedirs(data, mode=0o700)
    vigie = os.path.abspath(args.vigie)
    password = secrets.token_urlsafe(12)
    subprocess.run([vigie, "admin", "init", "--data", data], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([vigie, "admin", "account-create", "demo", "--role", "technical",
                    "--password-stdin", "--data", data],
                   input=password + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
    host, port = args.listen.rsplit(":", 1)
    log = open(os.path.join(data, "server.log"), "w", encoding="utf-8")
    server = subprocess.Popen([vigie, "serve", "--data", data, "--listen", args.listen], stderr=log)

    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    code = 1
    try:
        certificate = os.path.join(data, "tls", "cert.pem")
        wait_for("certificate", lambda: os.path.exists(certificate), 30, server)
        api = Api(host, int(port), certificate)
        wait_for("API", lambda: api.call("GET", "/api/v1/version")[0] == 200, 60, server)
        api.sign_in("demo", password)
        configure(api, args.clip, args.scene)
        print(f"Vigie écoute sur https://{args.listen}/\n"
              f"Compte de démonstration : demo   Mot de passe : {password}\n"
              f"Journal : {log.name}\nSignalements (Ctrl-C pour arrêter) :", flush=True)
        code = follow(api, server, args.once, 120)
    except KeyboardInterrupt:
        code = 0 if not args.once else 130
    except RuntimeError as error:
        print(f"demo: {error}", file=sys.stderr)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if code == 1:
            log.flush()
            with open(log.name, encoding="utf-8", errors="replace") as f:
                sys.stderr.writelines(f.readlines()[-25:])
    return code


if __name__ == "__main__":
    sys.exit(main())
