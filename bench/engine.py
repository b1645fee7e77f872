#!/usr/bin/env python3
"""The engine against ONNX Runtime: same net, same input size, same threads, in turns.

  bench/engine.py --onnx DIR [--build build] [--rounds 6] [--runs 30] [--only WORD]... [--name NAME]

Each round runs both, each in a process of its own: first one then the other, in the next round the
other way round. A process times --runs runs after some that do not count and gives their median; a
table's figure is the median over the rounds, its ratio the median of the rounds' ratios. Prints a
Markdown table and writes bench/results/NAME.json with the commands, the machine and the versions.

DIR holds the ONNX files (nanodet_g_416.onnx, yolox_nano_416.onnx, nanodet_plus_m_416.onnx); what is
not there is said and left out. A net that is not installed is imported from its ONNX file for the
run. ONNX Runtime: bench/ort/fetch.sh. A machine that is busy gives no figures: --anyway takes them
all the same, and they say so.
"""
import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUSY_MOST = 0.15  # cores taken by others

# of the engine, and of the ONNX file under ONNX Runtime (always float); must and aim are ratios
NETS = (
    {"id": "nanodet-g", "title": "NanoDet-g 416x416 f32", "model": "nanodet-g", "onnx": "nanodet_g_416.onnx",
     "precision": "f32", "must": 1.6, "aim": 2.0},
    {"id": "yolox-nano", "title": "YOLOX-nano 416x416 f32", "model": "yolox-nano", "onnx": "yolox_nano_416.onnx",
     "precision": "f32", "must": 1.1, "aim": 1.4},
    {"id": "nanodet-plus-m", "title": "NanoDet-Plus-m 416x416 f32", "model": "nanodet-plus-m",
     "onnx": "nanodet_plus_m_416.onnx", "precision": "f32", "must": 1.1, "aim": 1.4},
    {"id": "yolox-tiny-shape", "title": "YOLOX-tiny shape 416x416 f32", "model": "yolox-tiny-shape", "shape": "tiny",
     "precision": "f32", "must": 1.5, "aim": 1.8},
    {"id": "nanodet-g-int8", "title": "NanoDet-g 416x416 int8", "model": "nanodet-g-int8", "onnx": "nanodet_g_416.onnx",
     "quantised_from": "nanodet-g", "precision": "int8", "must": 3.0, "aim": 4.0},
)
# pictures a second on two cores through the whole product, decoding taken off
PRODUCT = (
    {"id": "product-f32", "title": "NanoDet-g 416x320 f32, whole product", "model": "nanodet-g",
     "onnx": "nanodet_g_416.onnx", "precision": "f32", "must": 90, "aim": 120},
    {"id": "product-int8", "title": "NanoDet-g 416x320 int8, whole product", "model": "nanodet-g-int8",
     "onnx": "nanodet_g_416.onnx", "quantised_from": "nanodet-g", "precision": "int8", "must": 160, "aim": 220},
)
SIZE, PRODUCT_SIZE = (416, 416), "416x320"


class Missing(Exception):
    """Something that a figure needs is not there; the words say what."""


def shown(command):
    """As one would type it in the project's folder."""
    return " ".join(shlex.quote(word.removeprefix(ROOT + os.sep)) for word in command)


def run(command, env=None):
    try:
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False)
    except OSError as error:
        raise Missing(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").split("\n")[-1]
        raise Missing(words)
    return done.stdout


def run_json(command, env=None):
    out = run(command, env)
    try:
        return json.loads(out.strip().split("\n")[-1])
    except (json.JSONDecodeError, IndexError) as error:
        raise Missing(f"{os.path.basename(command[0])} printed no JSON") from error


# ---- the machine ---------------------------------------------------------------------------------


def others_busy(seconds):
    """Cores that are busy while we do nothing."""
    def read():
        with open("/proc/stat", encoding="ascii") as f:
            fields = [int(x) for x in f.readline().split()[1:9]]  # user to steal
        return sum(fields) - fields[3] - fields[4]  # idle and waiting
    before, start = read(), time.monotonic()
    time.sleep(seconds)
    return (read() - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - start)


def first_line(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.readline().strip()
    except OSError:
        return None


def machine():
    cpu = {}
    try:
        for line in subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout.split("\n"):
            key, _, value = line.partition(":")
            cpu[key.strip()] = value.strip()
    except (OSError, subprocess.CalledProcessError):
        pass
    governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return {"cpu": cpu.get("Model name"), "cores": os.cpu_count(), "virtual": cpu.get("Hypervisor vendor"),
            "l2": cpu.get("L2 cache"), "l3": cpu.get("L3 cache"),
            "governor": governor or "not known (the machine does not say)", "system": platform.platform()}


def versions(args):
    out = {}
    for name, command in (("vigie", [args.vigie, "--version"]), ("node", [args.node, "--version"]),
                          ("commit", ["git", "-C", ROOT, "rev-parse", "HEAD"])):
        try:
            out[name] = run(command).strip()
        except Missing as error:
            out[name] = f"not known: {error}"
    try:
        out["devices"] = [f'{d["name"]}, {d["driver"]}' for d in
                          run_json([args.vigie, "device", "list", "--json"])["devices"]]
    except (Missing, KeyError) as error:
        out["devices"] = f"not known: {error}"
    return out


# ---- the two sides ---------------------------------------------------------------------------------


class Sides:
    """How to call both programs for a net, with what had to be made for it in a folder of its own."""

    def __init__(self, args, folder):
        self.args, self.folder = args, folder

    def onnx(self, net):
        if "shape" in net:
            path = os.path.join(self.folder, net["model"] + ".onnx")
            if not os.path.exists(path):
                run([sys.executable, os.path.join(HERE, "shapes", "yolox_shape.py"), net["shape"], path])
            return path
        path = os.path.join(self.args.onnx, net["onnx"])
        if not os.path.exists(path):
            raise Missing(f"no {net['onnx']} in {self.args.onnx}")
        return path

    def model(self, net):
        """The installed net's name, or the file that was imported for the run."""
        try:
            run([self.args.vigie, "model", "info", net["model"]], {"VIGIE_LANG": "en"})
            return net["model"]
        except Missing:
            pass
        path = os.path.join(self.folder, net["model"] + ".vgm")
        if not os.path.exists(path) and "quantised_from" in net:
            self.quantise(net)
        elif not os.path.exists(path):
            run([self.args.vigie, "model", "import", self.onnx(net), "--name", net["model"]],
                {"VIGIE_LANG": "en", "VIGIE_MODELS": self.folder})
        if not os.path.exists(path):
            raise Missing(f"the import left no {os.path.basename(path)}")
        return path

    def quantise(self, net):
        """From the ONNX file, in the run's folder."""
        env = {"VIGIE_LANG": "en", "VIGIE_MODELS": self.folder}
        if not self.args.calibration:
            raise Missing(f"no model {net['model']}: install one, or give --calibration")
        if not os.path.exists(os.path.join(self.folder, net["quantised_from"] + ".vgm")):
            run([self.args.vigie, "model", "import", self.onnx(net), "--name", net["quantised_from"]], env)
        run([self.args.vigie, "model", "quantize", "--model", net["quantised_from"], "--out", net["model"],
             *self.args.calibration], env)

    def engine(self, net):
        return [self.args.vigie, "bench", "model", "--model", self.model(net), "--size", f"{SIZE[0]}x{SIZE[1]}",
                "--batch", "1", "--threads", str(self.args.threads), "--runs", str(self.args.runs),
                "--precision", net["precision"], "--json"]

    def reference(self, net):
        return [self.args.node, os.path.join(HERE, "ort", "time.mjs"), self.onnx(net), "--shape",
                f"1,3,{SIZE[1]},{SIZE[0]}", "--threads", str(self.args.threads), "--runs", str(self.args.runs)]

    def env(self):
        return {"VIGIE_LANG": "en", "ORT_DIR": self.args.ort}


def side_of(make, net):
    """(command, None) or (None, why it cannot run)."""
    try:
        return make(net), None
    except Missing as error:
        return None, str(error)


def net_measure(sides, net, args):
    result = {key: net[key] for key in ("id", "title", "precision", "must", "aim")}
    commands, times, busy = {}, {"engine": [], "reference": []}, []
    for side, make in (("engine", sides.engine), ("reference", sides.reference)):
        commands[side], why = side_of(make, net)
        if why:
            result[side + "_missing"] = why
    for index in range(args.rounds):
        order = ("engine", "reference") if index % 2 == 0 else ("reference", "engine")
        busy.append(round(others_busy(0.3), 3))
        for side in order:
            if not commands[side] or side + "_missing" in result:
                continue
            try:
                times[side].append(run_json(commands[side], sides.env()))
            except Missing as error:
                result[side + "_missing"] = str(error)
        print(f"{net['title']}: round {index + 1} of {args.rounds}", file=sys.stderr)
        if len(result.keys() & {"engine_missing", "reference_missing"}) == 2:
            break
    result["others_busy_cores"] = busy
    for side in times:
        if side + "_missing" in result or not times[side]:
            continue
        medians = [t["median_ms"] for t in times[side]]
        result[side] = {"command": shown(commands[side]), "median_ms": statistics.median(medians),
                        "medians_ms": medians, "least_ms": min(t["least_ms"] for t in times[side]),
                        "p99_ms": [t["p99_ms"] for t in times[side]],
                        "runtime": times[side][0].get("runtime") or times[side][0].get("device")}
    if "engine" in result and "reference" in result:
        ratios = [r / e for e, r in zip(result["engine"]["medians_ms"], result["reference"]["medians_ms"])]
        result["ratio"] = statistics.median(ratios)
        result["ratios"] = ratios
    return result


# ---- the whole product ---------------------------------------------------------------------------------


def product_command(args, row, model, rate, out):
    """`vigie batch` with the size and precision of the row, where this program has those options."""
    words = run([args.vigie, "batch", "--help"], {"VIGIE_LANG": "en"})
    command = [args.vigie, "batch", args.clip, "--model", model, "--rate", rate, "--out", out, "--json"]
    if args.scene:
        command += ["--scene", args.scene]
    for option, value, usual in (("--size", PRODUCT_SIZE, None), ("--precision", row["precision"], "f32")):
        if option + " " in words:
            command += [option, value]
        elif value != usual:
            raise Missing(f"vigie batch has no {option}")
    return command


def product_measure(args, row, sides, folder):
    """Every picture of the clip, less the time that the same call takes when it decodes all of them
    and analyses next to none."""
    result = {key: row[key] for key in ("id", "title", "precision", "must", "aim")}
    try:
        if not os.path.exists(args.clip):
            raise Missing(f"no {args.clip}: run ./dev clip")
        env = {"VIGIE_LANG": "en"}
        model = sides.model(row)
        all_of_it, decoding = (product_command(args, row, model, rate, os.path.join(folder, "out"))
                               for rate in ("0", "0.001"))
        rates, parts, busy = [], [], []
        for index in range(args.rounds):
            busy.append(round(others_busy(0.3), 3))
            whole, bare = run_json(all_of_it, env), run_json(decoding, env)
            took = whole["elapsed_s"] - bare["elapsed_s"]
            analysed = whole["analysed"] - bare["analysed"]
            if took <= 0 or analysed <= 0:
                raise Missing("the clip is too short to tell analysis from decoding")
            rates.append(analysed / took)
            parts.append({"whole_s": whole["elapsed_s"], "decoding_s": bare["elapsed_s"], "analysed": whole["analysed"]})
            print(f"{row['title']}: round {index + 1} of {args.rounds}", file=sys.stderr)
        result.update(command=shown(all_of_it), decoding_command=shown(decoding), rounds=parts,
                      others_busy_cores=busy, pictures_per_s=statistics.median(rates), rates=rates)
    except (Missing, KeyError) as error:
        result["missing"] = str(error) if isinstance(error, Missing) else f"vigie batch does not print {error}"
    return result


# ---- what is shown ---------------------------------------------------------------------------------


def reached(value, row, report):
    if value is None:
        return "not measured"
    if max([report["busy_cores_before"], *row.get("others_busy_cores", [])]) > BUSY_MOST:
        return "machine busy"
    if report["runs"] < 30:
        return "too few runs"
    return "aim" if value >= row["aim"] else "must" if value >= row["must"] else "**missed**"


def table(report):
    lines = ["| net | Vigie, ms | ONNX Runtime, ms | ratio (least to most) | must / aim | reached |",
             "|---|---|---|---|---|---|"]
    notes = []
    for r in report["nets"]:
        cells = [f'{r[s]["median_ms"]:.2f}' if s in r else "-" for s in ("engine", "reference")]
        ratio = f'{r["ratio"]:.2f} ({min(r["ratios"]):.2f} to {max(r["ratios"]):.2f})' if "ratio" in r else "-"
        lines.append(f'| {r["title"]} | {cells[0]} | {cells[1]} | {ratio} | {r["must"]:.1f} / {r["aim"]:.1f} | '
                     f'{reached(r.get("ratio"), r, report)} |')
        notes += [f'{r["title"]}, {words}: {r[key]}' for key, words in
                  (("engine_missing", "Vigie"), ("reference_missing", "ONNX Runtime")) if key in r]
    for r in report["product"]:
        rate = f'{r["pictures_per_s"]:.0f} pictures/s' if "pictures_per_s" in r else "-"
        lines.append(f'| {r["title"]} | {rate} | - | - | {r["must"]} / {r["aim"]} | '
                     f'{reached(r.get("pictures_per_s"), r, report)} |')
        if "missing" in r:
            notes.append(f'{r["title"]}: {r["missing"]}')
    return "\n".join(lines + ([""] + [f"Not measured: {n}" for n in notes] if notes else []))


def heading(report):
    m = report["machine"]
    words = (f'{report["date"]}, {m["cpu"]}, {m["cores"]} cores{" (virtual)" if m["virtual"] else ""}, governor '
             f'{m["governor"]}; {report["rounds"]} rounds of {report["runs"]} runs, {report["threads"]} threads.')
    if report["busy_cores_before"] > BUSY_MOST:
        words += f' **The machine was busy ({report["busy_cores_before"]:.2f} cores): not figures to quote.**'
    return f'    {report["command"]}\n\n{words}\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onnx", default=os.path.join(ROOT, "cache", "onnx"), help="folder of the ONNX files")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--ort", default=os.path.join(ROOT, "cache", "ort"), help="what bench/ort/fetch.sh printed")
    parser.add_argument("--node", default="node")
    parser.add_argument("--clip", default=os.path.join(ROOT, "cache", "vtest.avi"))
    parser.add_argument("--scene", default=os.path.join(ROOT, "docs", "examples", "vtest.json"))
    parser.add_argument("--calibration", nargs="+", default=[], metavar="PATH",
                        help="pictures or folders by which an 8-bit model is made where none is installed")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--runs", type=int, default=30, help="of each process, at least 30 for a figure")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="rows whose id holds the word")
    parser.add_argument("--name", help="of the file in bench/results; default: engine-DATE")
    parser.add_argument("--results", default=os.path.join(HERE, "results"), help="folder for the JSON")
    parser.add_argument("--anyway", action="store_true", help="also on a busy machine, or with too few runs")
    args = parser.parse_args()
    args.vigie = os.path.join(args.build, "vigie")
    if args.runs < 30 and not args.anyway:
        parser.error("--runs below 30 gives no figure (--anyway to try)")
    if args.rounds < 1 or args.runs < 1:
        parser.error("--rounds and --runs are at least 1")
    busy = others_busy(3 if not args.anyway else 0.5)
    if busy > BUSY_MOST and not args.anyway:
        print(f"engine.py: other programs take {busy:.2f} cores: figures would say nothing "
              "(wait, or --anyway)", file=sys.stderr)
        return 4

    def wanted(row):
        return not args.only or any(word in row["id"] for word in args.only)

    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        sides = Sides(args, folder)
        report = {"what": "bench/engine.py", "command": shown(["bench/engine.py", *sys.argv[1:]]),
                  "date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": machine(), "versions": versions(args),
                  "busy_cores_before": round(busy, 3), "load": os.getloadavg(), "rounds": args.rounds,
                  "runs": args.runs, "threads": args.threads,
                  "nets": [net_measure(sides, net, args) for net in NETS if wanted(net)],
                  "product": [product_measure(args, row, sides, folder) for row in PRODUCT if wanted(row)]}
    os.makedirs(args.results, exist_ok=True)
    path = os.path.join(args.results, (args.name or f"engine-{report['date']}") + ".json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(report, f, indent=1)
        f.write("\n")
    print(heading(report))
    print(table(report))
    print(f"\n{os.path.relpath(path)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
