#!/usr/bin/env python3
"""The test camera judged by a client that believes nothing: stamps, faults, Digest, time-outs, many sessions.

    camera_check.py CAMERA CLIPS_FOLDER                   prints what holds and what fails, exits 1 if anything does
    camera_check.py --load CAMERA CLIP SESSIONS SECONDS   prints what so many sessions cost the camera

RTP is read here byte by byte (RFC 3550, RFC 2326 10.12), without the project's own code and without a
library's kindness."""
import base64
import concurrent.futures
import hashlib
import os
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time

FAILS = []


def check(what, true):
    print(("ok      " if true else "FAILED  ") + what)
    if not true:
        FAILS.append(what)


class Camera:
    def __init__(self, program, clip, *options):
        self.log = tempfile.NamedTemporaryFile(suffix=".log")
        self.process = subprocess.Popen([program, "--log", self.log.name, *options, clip], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        check("the camera ends well", self.process.wait(10) == 0)
        self.log.close()

    def logged(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read().splitlines()

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            words = file.read().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Gone(Exception):
    """The camera closed the connection, or said nothing in time."""


class Client:
    def __init__(self, port, path="x", wait=5.0):
        self.base = f"rtsp://127.0.0.1:{port}/{path}"
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.settimeout(wait)
        self.data, self.cseq, self.session, self.junk = b"", 0, None, 0

    def close(self):
        self.sock.close()

    def more(self):
        try:
            got = self.sock.recv(262144)
        except (TimeoutError, ConnectionError) as error:
            raise Gone(str(error)) from error
        if not got:
            raise Gone("closed")
        self.data += got

    def take(self, size):
        while len(self.data) < size:
            self.more()
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def frame(self):
        """The next interleaved (channel, bytes), or (None, answer); what is neither is counted."""
        while True:
            while len(self.data) < 4:
                self.more()
            if self.data[0:1] == b"$":
                _, channel, size = struct.unpack(">BBH", self.take(4))
                return channel, self.take(size)
            if self.data.startswith(b"RTSP"):
                return None, self.answer()
            self.junk += 1
            self.data = self.data[1:]

    def answer(self):
        while b"\r\n\r\n" not in self.data:
            self.more()
        head, _, _ = self.data.partition(b"\r\n\r\n")
        self.take(len(head) + 4)
        lines = head.decode().split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
        body = self.take(int(dict(headers).get("Content-Length", 0)))
        return int(lines[0].split()[1]), headers, body.decode()

    def ask(self, method, url=None, **more):
        self.cseq += 1
        lines = [f"{method} {url or self.base} RTSP/1.0", f"CSeq: {self.cseq}"]
        lines += [f"Session: {self.session}"] if self.session else []
        lines += [f"{name}: {value}" for name, value in more.items() if value]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while True:
            channel, got = self.frame()
            if channel is None:
                return got

    def track(self):
        return self.base.partition("?")[0] + "/streamid=0"

    def set_up(self, transport="RTP/AVP/TCP;unicast;interleaved=0-1"):
        code, headers, _ = self.ask("SETUP", self.track(), Transport=transport)
        if code == 200:
            self.session = dict(headers)["Session"].partition(";")[0]
        return code, dict(headers).get("Transport", "")

    def play(self, transport="RTP/AVP/TCP;unicast;interleaved=0-1"):
        check(f"{self.base}: described", self.ask("DESCRIBE")[0] == 200)
        check(f"{self.base}: set up", self.set_up(transport)[0] == 200)
        return self.ask("PLAY", self.track())[0]

    def packets(self, seconds=1e9, count=1 << 30):
        """RTP packets and the kinds of RTCP of so long, by TCP."""
        rtp, rtcp, until = [], [], time.monotonic() + seconds
        while time.monotonic() < until and len(rtp) < count:
            channel, data = self.frame()
            if channel == 0:
                rtp.append(Packet(data))
            elif channel == 1:
                rtcp.append(data)
        return rtp, rtcp


class Packet:
    def __init__(self, data):
        first, second, self.sequence, self.stamp, self.ssrc = struct.unpack(">BBHII", data[:12])
        assert first == 0x80
        self.marker, self.kind, self.payload = second >> 7, second & 127, data[12:]


def gaps(packets):
    """How many sequence numbers are missing between them."""
    return sum((b.sequence - a.sequence - 1) & 0xffff for a, b in zip(packets, packets[1:]))


def steps(packets):
    """The differences of stamps from picture to picture, signed."""
    found = [((b.stamp - a.stamp + (1 << 31)) & 0xffffffff) - (1 << 31) for a, b in zip(packets, packets[1:])]
    return [step for step in found if step]


# ---- what is right when nothing is wrong ----


def sound(camera):
    client = Client(camera.port)
    check("OPTIONS name what is there", "GET_PARAMETER" in dict(client.ask("OPTIONS")[1])["Public"])
    check("it plays", client.play() == 200)
    rtp, rtcp = client.packets(count=200)
    check("no sequence number is missing", gaps(rtp) == 0)
    check("25 pictures a second", set(steps(rtp)) == {3600})
    check("one source", len({p.ssrc for p in rtp}) == 1)
    check("a marker a picture", sum(p.marker for p in rtp) in (len(steps(rtp)), len(steps(rtp)) + 1))
    report = rtcp[0] if rtcp else bytes(64)
    kind, _, ssrc, ntp, _, stamp = struct.unpack(">HHIIII", report[:20])
    check("a sender report comes first", kind == 0x80c8 and ssrc == rtp[0].ssrc)
    check("its wall clock is right", abs(ntp - 2208988800 - time.time()) < 10)
    check("its stamp is the first picture's", ((stamp - rtp[0].stamp) & 0xffffffff) < 9000)
    check("it is kept alive", client.ask("GET_PARAMETER")[0] == 200)
    check("PAUSE is not there", client.ask("PAUSE")[0] == 405)
    check("it is torn down", client.ask("TEARDOWN")[0] == 200)
    client.close()
    asked = [line.split()[0] for line in camera.logged() if line[0].isupper()]
    check("the log names each request", asked == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "PAUSE",
                                                  "TEARDOWN"])


def by_udp(camera):
    rtp, rtcp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for sock in (rtp, rtcp):
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
    client = Client(camera.port)
    ports = f"client_port={rtp.getsockname()[1]}-{rtcp.getsockname()[1]}"
    client.ask("DESCRIBE")
    _, transport = client.set_up("RTP/AVP;unicast;" + ports)
    client.ask("PLAY", client.track())
    data, sender = rtp.recvfrom(4096)
    served = re.search(r"server_port=(\d+)-(\d+)", transport)
    check("UDP comes from the port that was named", served and sender[1] == int(served.group(1)))
    check("that is even", sender[1] % 2 == 0)
    packets = [Packet(data)] + [Packet(rtp.recv(4096)) for _ in range(100)]
    check("by UDP nothing is missing either", gaps(packets) == 0)
    check("reports come by UDP", rtcp.recv(4096)[1] == 200)
    rtcp.sendto(bytes([0x80, 201, 0, 1, 0, 0, 0, 7]), ("127.0.0.1", int(served.group(2))))
    deadline = time.monotonic() + 5
    while "rtcp 201" not in camera.logged() and time.monotonic() < deadline:
        time.sleep(0.01)
    check("ours are seen", "rtcp 201" in camera.logged())
    client.close()


# ---- faults ----


def played(camera, query, seconds=1e9, count=1 << 30):
    client = Client(camera.port, "x?" + query)
    client.play()
    rtp, rtcp = client.packets(seconds, count)
    client.close()
    return rtp, rtcp, client.junk


def losses(camera):
    rtp, _, _ = played(camera, "lose=10", count=100)
    check("lose: one in ten", 9 <= gaps(rtp) <= 12)
    first, _, _ = played(camera, "loss=0.2&seed=7", count=300)
    again, _, _ = played(camera, "loss=0.2&seed=7", count=300)
    check("loss: a part by chance", 30 < gaps(first) < 130)
    check("loss: the same with the same seed", [p.sequence for p in first] == [p.sequence for p in again])
    rtp, _, _ = played(camera, "loss=0.2&lossburst=10&seed=3", count=300)
    runs = [(b.sequence - a.sequence - 1) & 0xffff for a, b in zip(rtp, rtp[1:])]
    check("lossburst: ten in a row", any(runs) and all(run % 10 == 0 for run in runs))


def orders(camera):
    rtp, _, _ = played(camera, "reorder=10", count=100)
    late = sum(1 for a, b in zip(rtp, rtp[1:]) if (b.sequence - a.sequence) & 0xffff == 0xffff)
    check("reorder: one in ten too late", 9 <= late <= 11)
    rtp, _, _ = played(camera, "double=10", count=110)
    twice = sum(1 for a, b in zip(rtp, rtp[1:]) if a.sequence == b.sequence)
    check("double: one in ten twice", 9 <= twice <= 11)
    rtp, _, _ = played(camera, "nomarker", count=50)
    check("nomarker: none", not any(p.marker for p in rtp))
    rtp, _, junk = played(camera, "garbage=10", count=100)
    check("garbage: between whole packets", junk > 50 and gaps(rtp) == 0)


def stamps(camera):
    rtp, _, _ = played(camera, "wrap=0.3", seconds=1)
    check("wrap: stamps and numbers pass their end", rtp[0].stamp > rtp[-1].stamp and rtp[0].sequence > rtp[-1].sequence
          and gaps(rtp) == 0 and set(steps(rtp)) == {3600})
    rtp, rtcp, _ = played(camera, "ssrc=0.5", seconds=1)
    check("ssrc: another source with its own report", len({p.ssrc for p in rtp}) == 2 and len(rtcp) == 2)
    rtp, _, _ = played(camera, "jump=0.5&by=-100", seconds=1)
    check("jump: back by 100 s", min(steps(rtp)) == 3600 - 9000000)
    rtp, _, _ = played(camera, "second=0.4", seconds=1)
    check("second: the stamps go on", gaps(rtp) == 0 and max(steps(rtp)) <= 7200)


def reports(camera):
    rtp, rtcp, _ = played(camera, "bye=0.4&nosr", seconds=0.3)
    check("nosr: no report", not rtcp)
    rtp, rtcp, _ = played(camera, "ntp=-1000", count=20)
    check("ntp: the wall clock is off", abs(struct.unpack(">I", rtcp[0][8:12])[0] - 2208988800 - time.time() + 1000) < 10)


def goodbye(camera):
    client = Client(camera.port, "x?bye=0.3", wait=1)
    client.play()
    kinds = []
    try:
        while True:
            channel, data = client.frame()
            kinds += [data[29] if len(data) > 29 else 0] if channel == 1 else []
    except Gone:
        pass
    check("bye: said once, then nothing", kinds[-1:] == [203])
    client.close()


def refusals(camera):
    for method, code in (("OPTIONS", 501), ("DESCRIBE", 403), ("SETUP", 453)):
        client = Client(camera.port, f"x?{method.lower()}={code}")
        check(f"{method} answered {code}", client.ask(method, client.base)[0] == code)
        client.close()
    client = Client(camera.port, "x?redirect=rtsp%3A%2F%2F127.0.0.2%3A1%2Fy")
    code, headers, _ = client.ask("DESCRIBE")
    check("redirect: 302 there", code == 302 and dict(headers)["Location"] == "rtsp://127.0.0.2:1/y")
    client.close()
    client = Client(camera.port, "x?othercontrol=127.0.0.2:1")
    check("othercontrol: announced", "a=control:rtsp://127.0.0.2:1/" in client.ask("DESCRIBE")[2])
    client.close()
    client = Client(camera.port, "x?abscontrol")
    check("abscontrol: announced", f"a=control:{client.track()}" in client.ask("DESCRIBE")[2])
    client.close()
    client = Client(camera.port, "x?noaggregate")
    client.ask("DESCRIBE")
    client.set_up()
    check("noaggregate: 459, then 200", (client.ask("PLAY", client.base)[0], client.ask("PLAY", client.track())[0]) ==
          (459, 200))
    client.close()
    for word, transport in (("notcp", "RTP/AVP/TCP;interleaved=0-1"), ("noudp", "RTP/AVP;client_port=6000-6001"),
                            ("nomulticast", "RTP/AVP;multicast")):
        client = Client(camera.port, "x?" + word)
        client.ask("DESCRIBE")
        check(f"{word}: 461", client.set_up(transport)[0] == 461)
        client.close()
    client = Client(camera.port, "x?get_parameter=405")
    client.play()
    check("GET_PARAMETER answered 405 while it plays", client.ask("GET_PARAMETER")[0] == 405)
    client.close()


def silences(camera):
    client = Client(camera.port, "x?blackhole=0.3", wait=1)
    client.play()
    rtp = []
    try:
        while True:
            rtp += [client.frame()]
    except Gone as gone:
        check("blackhole: silence, and the connection stays", "timed out" in str(gone) and len(rtp) > 5)
    client.close()
    client = Client(camera.port, "x?slowdrip=20", wait=2)
    client.sock.sendall(b"OPTIONS %s RTSP/1.0\r\nCSeq: 1\r\n\r\n" % client.base.encode())
    start, got = time.monotonic(), b""
    while len(got) < 20:
        got += client.sock.recv(1000)
    check("slowdrip: slowly", time.monotonic() - start > 0.5 and got == b"RTSP/1.0 200 OK\r\nCSeq"[:len(got)])
    client.close()
    client = Client(camera.port, "x?noalive", wait=0.5)
    client.play()
    client.sock.sendall(b"GET_PARAMETER %s RTSP/1.0\r\nCSeq: 9\r\nSession: %s\r\n\r\n" %
                        (client.base.encode(), client.session.encode()))
    until, answered = time.monotonic() + 0.5, False
    while time.monotonic() < until:
        answered |= client.frame()[0] is None
    check("noalive: no answer, the media go on", not answered)
    client.close()


def time_outs(program, clip):
    with Camera(program, clip, "--timeout", "1") as camera:
        client = Client(camera.port)
        client.play()
        start = time.monotonic()
        try:
            client.packets(seconds=4)
        except Gone:
            pass
        check("a session without keep-alive is ended", 0.9 < time.monotonic() - start < 3)
        client.close()
        client = Client(camera.port)
        client.play()
        for _ in range(8):
            client.packets(seconds=0.3)
            client.ask("GET_PARAMETER")
        check("one that is kept alive is not", client.ask("GET_PARAMETER")[0] == 200)
        client.close()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        client = Client(camera.port)
        client.play(f"RTP/AVP;unicast;client_port={sock.getsockname()[1]}-{sock.getsockname()[1]}")
        deadline = time.monotonic() + 5
        while sum(line.startswith("timeout") for line in camera.logged()) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        check("by UDP its next request learns it", client.ask("GET_PARAMETER")[0] == 454)
        client.close()


# ---- who may ----


def digest(client, method, url, challenge, user, password, count=1):
    words = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    name = {"MD5": "md5", "SHA-256": "sha256"}[words.get("algorithm", "MD5")]

    def h(text):
        return hashlib.new(name, text.encode()).hexdigest()
    secret, request = h(f"{user}:{words['realm']}:{password}"), h(f"{method}:{url}")
    if "qop" in words:
        response = h(f"{secret}:{words['nonce']}:{count:08x}:abc:auth:{request}")
        more = f', qop=auth, nc={count:08x}, cnonce="abc"'
    else:
        response, more = h(f"{secret}:{words['nonce']}:{request}"), ""
    line = (f'Digest username="{user}", realm="{words["realm"]}", nonce="{words["nonce"]}", uri="{url}", '
            f'algorithm={words.get("algorithm", "MD5")}, response="{response}"{more}')
    return client.ask(method, url, Authorization=line)


def challenge_of(answer, scheme="Digest"):
    return next((value for name, value in answer[1] if name == "WWW-Authenticate" and value.startswith(scheme)), "")


def credentials(program, clip):
    pair = base64.b64encode("op:p\u00e9".encode()).decode()
    rows = (("md5", []), ("sha256", []), ("md5", ["--no-qop"]), ("sha256", ["--no-qop"]))
    for scheme, options in rows:
        with Camera(program, clip, "-a", pair, "--auth", scheme, *options) as camera:
            client = Client(camera.port)
            told = challenge_of(client.ask("DESCRIBE"))
            check(f"{scheme}: the right password opens",
                  digest(client, "DESCRIBE", client.base, told, "op", "p\u00e9")[0] == 200)
            check(f"{scheme}: a wrong one does not",
                  digest(client, "DESCRIBE", client.base, told, "op", "p", 2)[0] == 401)
            client.close()
    with Camera(program, clip, "-a", pair, "--auth", "basic,md5,sha256", "--nonce-uses", "2") as camera:
        client = Client(camera.port)
        answer = client.ask("DESCRIBE")
        check("all that is offered is named", [value.split()[0] for name, value in answer[1]
                                               if name == "WWW-Authenticate"] == ["Digest", "Digest", "Basic"])
        told = challenge_of(answer)
        codes = [digest(client, "DESCRIBE", client.base, told, "op", "p\u00e9", n) for n in (1, 2, 3)]
        check("a nonce is stale when it is used up", [c[0] for c in codes] == [200, 200, 401] and
              "stale=true" in challenge_of(codes[2]))
        told = challenge_of(codes[2])
        check("the new one opens", digest(client, "DESCRIBE", client.base, told, "op", "p\u00e9", 1)[0] == 200)
        again = digest(client, "DESCRIBE", client.base, told, "op", "p\u00e9", 1)
        check("a count twice is a replay", again[0] == 401)
        check("Basic opens", client.ask("DESCRIBE", Authorization="Basic " + pair)[0] == 200)
        client.close()
        client = Client(camera.port, "x?stale")
        told = challenge_of(client.ask("DESCRIBE"))
        first = digest(client, "DESCRIBE", client.base, told, "op", "p\u00e9")
        second = digest(client, "DESCRIBE", client.base, challenge_of(first), "op", "p\u00e9")
        check("stale: refused once, then let in", (first[0], "stale=true" in challenge_of(first), second[0]) ==
              (401, True, 200))
        client.close()
        client = Client(camera.port, "x?badauth=2")
        check("badauth: an unknown scheme", challenge_of(client.ask("DESCRIBE", Authorization="Basic " + pair), "NTLM"))
        client.close()


# ---- many ----


def many(program, clip):
    with Camera(program, clip, "--cameras", "4", "--small") as camera:
        ports = [camera.port] + [int(camera.process.stdout.readline().split()[1]) for _ in range(3)]
        check("a port for each camera", len(set(ports)) == 4)
        for port in ports:
            client = Client(port)
            client.play()
            rtp, _ = client.packets(seconds=2.3)
            check("small: a picture each two seconds", set(steps(rtp)) == {180000})
            client.close()
    with Camera(program, clip, "--paths", "3") as camera:
        codes = [Client(camera.port, path).ask("DESCRIBE")[0] for path in ("0", "2", "3", "x")]
        check("as many paths as asked for", codes == [200, 200, 404, 404])


def load(program, clip, sessions, seconds):
    with Camera(program, clip) as camera:
        clients = [Client(camera.port) for _ in range(sessions)]
        for client in clients:
            client.ask("DESCRIBE")
            client.set_up()
            client.ask("PLAY", client.track())
        before, start, got = camera.cpu_seconds(), time.monotonic(), 0
        poll, room = select.epoll(), bytearray(1 << 20)
        by_fd = {client.sock.fileno(): client.sock for client in clients}
        for fd in by_fd:
            poll.register(fd, select.EPOLLIN)
        while time.monotonic() - start < seconds:
            for fd, _ in poll.poll(0.1):
                got += by_fd[fd].recv_into(room)
            time.sleep(0.02)
        spent, passed = camera.cpu_seconds() - before, time.monotonic() - start
        with open(f"/proc/{camera.process.pid}/status", encoding="utf-8") as file:
            rss = re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)
        print(f"{sessions} sessions, {passed:.1f} s: {got * 8 / passed / 1e6:.0f} Mbit/s, camera {spent / passed * 100:.1f} % of a "
              f"core, {spent / passed / sessions * 100:.3f} % a session, {int(rss) / 1024:.1f} MB resident")


def main():
    if sys.argv[1] == "--load":
        load(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
        return 0
    program, clips = sys.argv[1], sys.argv[2]
    clip = os.path.join(clips, "h264.mp4")

    def alone(judge):
        with Camera(program, clip, "--second", os.path.join(clips, "cif.mp4")) as camera:
            judge(camera)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        under_way = [pool.submit(alone, judge) for judge in
                     (sound, by_udp, losses, orders, stamps, reports, goodbye, refusals, silences)]
        under_way += [pool.submit(judge, program, clip) for judge in (time_outs, credentials, many)]
    for one in under_way:
        one.result()  # raises what it raised
    print(f"{len(FAILS)} failures" if FAILS else "all as expected")
    return 1 if FAILS else 0


if __name__ == "__main__":
    sys.exit(main())
