"""A Vigie server run by a script, and a signed-in client of its API, with the standard library.

Used by the demonstration, the soak and the whole-program tests: they see the product from
outside only.
"""
import http.client
import json
import os
import secrets
import signal
import ssl
import subprocess
import time


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
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
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


class Server:
    """`vigie serve` on a data folder of its own, with an account "demo" of role technical."""

    def __init__(self, vigie, data, listen="127.0.0.1:0", environment=None, create=True):
        self.vigie, self.data = os.path.abspath(vigie), os.path.abspath(data)
        self.password = secrets.token_urlsafe(12)
        models = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cache", "models")
        self.environment = {"VIGIE_MODELS": os.path.abspath(models), **os.environ, **(environment or {})}
        if create:
            os.makedirs(self.data, mode=0o700, exist_ok=True)
            self.admin("init")
            self.admin("account-create", "demo", "--role", "technical", "--password-stdin",
                       words=self.password + "\n")
        self.log_path = os.path.join(self.data, "server.log")
        self.log = open(self.log_path, "a", encoding="utf-8")
        self.start_at = self.log.tell()
        self.process = subprocess.Popen([self.vigie, "serve", "--data", self.data, "--listen", listen],
                                        stdout=self.log, stderr=self.log, env=self.environment)
        self.host, self.port = listen.rsplit(":", 1)
        self.port = int(self.port)

    def admin(self, *words_of_command, words=""):
        subprocess.run([self.vigie, "admin", *words_of_command, "--data", self.data], input=words,
                       text=True, check=True, stdout=subprocess.DEVNULL, env=self.environment)

    def read_log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            f.seek(self.start_at)
            return f.read()

    def wait_for(self, what, probe, seconds):
        """Waits for a fact, with a deadline; what the probe returns when it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with code {self.process.returncode}")
            try:
                found = probe()
                if found:
                    return found
            except (OSError, RuntimeError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        raise RuntimeError(f"{what}: not within {seconds} s")

    def find_port(self):
        """The port that the api chose, from its log line."""
        for line in self.read_log().splitlines():
            if "listening on " in line:
                return int(line.rsplit(":", 1)[1].split()[0])
        return 0

    def api(self, seconds=60):
        """A client that is signed in, once the server answers."""
        certificate = os.path.join(self.data, "tls", "cert.pem")
        self.wait_for("certificate", lambda: os.path.exists(certificate), seconds)
        if self.port == 0:
            self.port = self.wait_for("port", self.find_port, seconds)
        client = Api(self.host, self.port, certificate)
        self.wait_for("API", lambda: client.call("GET", "/api/v1/version")[0] == 200, seconds)
        client.sign_in("demo", self.password)
        return client

    def stop(self, seconds=20):
        """Orderly end; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = -9
        self.log.close()
        return code


def declare_sources(api, *hosts):
    """The site declares these hosts: no flux may name another."""
    api.json("PUT", "/api/v1/site", {"sources": [{"host": host} for host in hosts]}, {"If-Match": "*"})


def add_flux(api, name, url, scene=None, **more):
    """A flux and its scene, whether the devices have time for it or not; one that is there already is kept."""
    status, content = api.call("POST", "/api/v1/flux?admit=degraded", {"id": name, "url": url, **more})
    if status not in (200, 201, 409):
        raise RuntimeError(f"POST /flux: {status} {content.decode(errors='replace')[:300]}")
    if scene:
        with open(scene, encoding="utf-8") as f:
            api.json("PUT", f"/api/v1/flux/{name}/scene?admit=degraded", f.read(), {"If-Match": "*"})


def metrics(api):
    """/metrics as {name{labels}: value}."""
    status, content = api.call("GET", "/metrics")
    if status != 200:
        raise RuntimeError(f"GET /metrics: {status}")
    found = {}
    for line in content.decode().splitlines():
        if line and line[0] != "#":
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found
