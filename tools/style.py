#!/usr/bin/env python3
"""The rules of the code's text that a machine can judge: prints file:line: rule, exits 1 if any.

    tools/style.py [--build DIR]     DIR: also looks at the symbols of its libvg_*.a
    tools/style.py --list            names the rules

Each rule is a function of the table RULES and yields (file, line, words)."""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED_FOLDERS = {".git", "cache", "demo", "node_modules", "__pycache__"}
CODE = (".c", ".h", ".cl", ".clh", ".cpp")
TEXT = CODE + (".py", ".sh", ".mjs", ".js", ".css", ".html", ".svg", ".cmake", ".txt", ".md", ".json",
               ".csv", ".po", ".yml", ".service", ".supp", ".ll")
TEXT_NAMES = {"dev", "run", ".gitignore", ".clang-format", "Dockerfile"}
# bytes kept as they came: seeds of the fuzzers and golden files
VERBATIM = re.compile(r"^tests/(fuzz/seeds|golden|scenes/bad)/")

FORBIDDEN_CALLS = {
    "strcpy": "snprintf or memcpy with a size", "strcat": "snprintf", "sprintf": "snprintf",
    "vsprintf": "vsnprintf", "gets": "fgets", "strtok": "strcspn and strspn", "atoi": "strtol",
    "atol": "strtol", "atof": "strtod", "system": "src/supervise/spawn.h", "rand": "src/base/random.h",
    "srand": "src/base/random.h", "alloca": "vg_alloc", "popen": "src/supervise/spawn.h",
    "tmpnam": "mkstemp", "mktemp": "mkstemp",
}
CLOCK_FILE = "src/base/clock.c"
# they hand on the status they are given, always refuse, or name another library's error: the
# caller writes `return f(...)`, and dropping their answer loses nothing
PASSES_STATUS_ON = re.compile(r"^vg_(fault_set|\w*refuse|\w+_status)$")
# the seal belongs to the thread and its counter to the process
MAY_HAVE_STATICS = {"src/base/alloc.c"}
# the only C++, each behind a header of C with its own name; in a library its templates leave symbols
# of C++, which are weak: the linker merges them, and no name of ours can meet them
SHIM = re.compile(r"^src/vision/\w+_shim\.(cpp|h)$")
WEAK = re.compile(r"^(_Z|DW\.ref\.)\S* [VWu]\b")
# where the place of test data that the project does not carry may be named
KNOWS_SHARED = {"tests/shared_data.c", "tests/shared_data.h", "tests/e2e/lib.sh", "tools/style.py",
                "tests/e2e/gates_bite.py"}


class Tree:
    """The files of the project, read once."""

    def __init__(self, root):
        self.root, self.files, self._text, self._code = root, [], {}, {}
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("build"))
            for name in sorted(names):
                self.files.append(os.path.relpath(os.path.join(folder, name), root))
        self.files.sort()

    def ending(self, *endings):
        return [f for f in self.files if f.endswith(endings)]

    def is_text(self, file):
        return not VERBATIM.match(file) and (file.endswith(TEXT) or os.path.basename(file) in TEXT_NAMES)

    def text(self, file):
        if file not in self._text:
            with open(os.path.join(self.root, file), "rb") as f:
                self._text[file] = f.read().decode("utf-8", "replace")
        return self._text[file]

    def code(self, file):
        """The text with comments and the insides of strings blanked, lines kept."""
        if file not in self._code:
            self._code[file] = blank(self.text(file))
        return self._code[file]


def blank(text):
    pattern = r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"

    def cover(match):
        word = match.group(0)
        if word[0] in "\"'":
            return word[0] + re.sub(r"[^\n]", " ", word[1:-1]) + word[0]
        return re.sub(r"[^\n]", " ", word)

    return re.sub(pattern, cover, text, flags=re.S)


def find(text, pattern, flags=0):
    for match in re.finditer(pattern, text, flags):
        yield text.count("\n", 0, match.start()) + 1, match


# ---- the rules -------------------------------------------------------------------------------


def read_layers(tree):
    layers = {}
    for n, line in enumerate(tree.text("docs/layers.txt").split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            folder, _, uses = line.partition(":")
            layers[folder.strip()] = (uses.split(), n)
    return layers


def layer_of(layers, path):
    """The longest entry that is the path's folder, one above it, or (decide) a file's name or its beginning."""
    best = ""
    for folder in layers:
        if path.startswith((folder + "/", folder + "_", folder + ".")) and len(folder) > len(best):
            best = folder
    return best


def layers(tree, _):
    """a folder includes only what docs/layers.txt grants it"""
    table = read_layers(tree)
    for file in tree.ending(".c", ".h", ".cpp"):
        mine = layer_of(table, file)
        for line, match in find(tree.text(file), r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M):
            path = match.group(1)
            if path.startswith("gen/"):
                continue  # made by the build
            theirs = layer_of(table, path)
            if not os.path.exists(os.path.join(tree.root, path)):
                yield file, line, f'"{path}" is not a path from the root'
            elif not mine or not theirs:
                yield file, line, f'"{path}": no line of docs/layers.txt holds for it'
            elif mine != theirs and table[mine][0] != ["*"] and theirs not in table[mine][0] \
                    and not (theirs.startswith(mine + "/") and theirs != mine):
                yield file, line, f"{mine} may not include {theirs}"


def layers_acyclic(tree, _):
    """docs/layers.txt has no cycle and names only folders it knows"""
    table, state = read_layers(tree), {}

    def walk(folder, trail):
        if state.get(folder) == "done" or table[folder][0] == ["*"]:
            return None
        if folder in trail:
            return trail[trail.index(folder):] + [folder]
        for used in table[folder][0]:
            cycle = walk(used, trail + [folder]) if used in table else None
            if cycle:
                return cycle
        state[folder] = "done"
        return None

    for folder, (uses, line) in table.items():
        for used in uses:
            if used != "*" and used not in table:
                yield "docs/layers.txt", line, f"{used} has no line of its own"
        cycle = walk(folder, [])
        if cycle:
            yield "docs/layers.txt", line, "cycle: " + " > ".join(cycle)
            return


def file_names(tree, _):
    """file names are snake_case and unique in the tree"""
    seen = {}
    for file in tree.ending(*CODE, ".py", ".sh", ".mjs", ".js"):
        if VERBATIM.match(file):
            continue
        name = os.path.basename(file)
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\.[a-z]+", name):
            yield file, 1, "the name is not snake_case"
        if name in seen:
            yield file, 1, f"the name stands already at {seen[name]}"
        seen[name] = file


def no_cplusplus(tree, _):
    """C++ stands in src/vision/*_shim.cpp alone, behind a header of C, and throws nothing out"""
    for file in tree.ending(".cpp", ".cc", ".cxx", ".hpp", ".hh"):
        if not SHIM.match(file):
            yield file, 1, "C++ source"
            continue
        if file[:-3] + "h" not in tree.files:
            yield file, 1, "a shim without its header"
        if not re.search(r"\bcatch\s*\(\s*\.\.\.\s*\)", tree.code(file)):
            yield file, 1, "a shim without catch (...)"
    for file in tree.ending(".h"):
        if SHIM.match(file):
            if 'extern "C" {' not in tree.text(file):
                yield file, 1, 'the header of a shim without extern "C"'
            for line, match in find(tree.code(file), r"\b(class|namespace|template)\b|\w::\w|#\s*include\s*<opencv"):
                yield file, line, f"{match.group(0)}: C++ in the header of a shim"
            continue
        for line, _m in find(tree.text(file), r"\b__cplusplus\b"):
            yield file, line, "made for C++, which includes none of this"


def symbols(tree, build):
    """external symbols start with vg_"""
    if not build:
        return
    libraries = sorted(glob.glob(os.path.join(build, "libvg_*.a")))
    if not libraries:
        yield build, 1, "no libvg_*.a there: build first"
    for library in libraries:
        out = subprocess.run(["nm", "-g", "--defined-only", "-P", library], capture_output=True, text=True,
                             check=True).stdout
        member = ""
        for row in out.split("\n"):
            if row.endswith("]:"):
                member = row[row.rfind("[") + 1:-2].removesuffix(".o")
            elif member.endswith("_shim.cpp") and WEAK.match(row):
                continue
            elif row and not row.startswith(("vg_", "_.stapsdt.")):  # sys/sdt.h's mark for the linker
                yield f"{os.path.basename(library)}({member})", 1, f"external symbol {row.split()[0]}"


def forbidden_calls(tree, _):
    """no call without a length, an error or a seed"""
    names = "|".join(FORBIDDEN_CALLS)
    for file in tree.ending(".c", ".h", ".cpp"):
        for line, match in find(tree.code(file), rf"(?<![\w.>])({names})\s*\("):
            yield file, line, f"{match.group(1)}: use {FORBIDDEN_CALLS[match.group(1)]}"


def clock(tree, _):
    """only src/base/clock.c asks the system for the time"""
    for file in tree.ending(".c", ".h", ".cpp"):
        if file == CLOCK_FILE or file.startswith("tests/"):
            continue
        for line, match in find(tree.code(file), r"\b(clock_gettime|gettimeofday|time)\s*\(\s*(NULL|0|CLOCK_\w+|&)"):
            yield file, line, f"{match.group(1)}: take the time as an argument, or use src/base/clock.h"


def globals_(tree, _):
    """no mutable static or global data"""
    for file in tree.ending(".c", ".cpp"):
        if file.startswith("tests/") or file in MAY_HAVE_STATICS:
            continue
        for line, match in find(tree.code(file), r"^[ \t]*static[ \t]+([^;={(]*)(?:=|;|\[)", re.M):
            # volatile: the flag that a signal handler sets
            if not re.search(r"\b(const|inline|volatile|_Static_assert)\b", match.group(1)):
                yield file, line, "static data that can change"


def spaces(tree, _):
    """no tabs, no blanks at line ends, one line feed at the end"""
    for file in filter(tree.is_text, tree.files):
        text = tree.text(file)
        for n, line in enumerate(text.split("\n"), 1):
            if "\t" in line:
                yield file, n, "tab"
            if line != line.rstrip():
                yield file, n, "blank at the line's end"
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            yield file, text.count("\n") + 1, "the file does not end with one line feed"


def todo(tree, _):
    """nothing is left to do in a comment"""
    for file in filter(tree.is_text, tree.files):
        if file in ("tools/style.py", "tests/e2e/gates_bite.py"):
            continue
        for line, match in find(tree.text(file), r"\b(TODO|FIXME|XXX)\b"):
            yield file, line, f"{match.group(1)}: write an issue"


def must_use(tree, _):
    """what returns enum vg_status in a header is VG_MUST_USE"""
    for file in tree.ending(".h"):
        pattern = r"\benum\s+vg_status\s+(vg_\w+)\s*\(((?:[^();]|\([^()]*\))*)\)\s*([^;{}]*);"
        for line, match in find(tree.code(file), pattern):
            if "VG_MUST_USE" not in match.group(3) and not PASSES_STATUS_ON.match(match.group(1)):
                yield file, line, f"{match.group(1)} without VG_MUST_USE"


def places(tree, _):
    """no path of a machine; test data from outside only by tests/shared_data.c"""
    for file in filter(tree.is_text, tree.files):
        if file in KNOWS_SHARED:
            continue
        for line, match in find(tree.text(file), r"\.\./shared\b|(?<![\w.])shared/[a-z]|(?<![\w.])/(?:home|root|mnt)/\w"):
            yield file, line, f"{match.group(0)}: a path outside the project"


def twins(tree, _):
    """every kernel has its twin in plain C"""
    for file in tree.ending(".cl"):
        stem = re.sub(r"_(x86|ptx)$", "", os.path.basename(file)[:-3])
        if f"kernels/twins/{stem}.c" not in tree.files:
            yield file, 1, f"no kernels/twins/{stem}.c"


def seeds(tree, _):
    """every fuzz target has seeds, and the other way round"""
    targets = {os.path.basename(f)[5:-2]: f for f in tree.ending(".c") if f.startswith("tests/fuzz/fuzz_")}
    seeded = {f.split("/")[3]: f for f in tree.files if f.startswith("tests/fuzz/seeds/") and f.count("/") > 3}
    for name in sorted(targets.keys() - seeded.keys()):
        yield targets[name], 1, f"no file in tests/fuzz/seeds/{name}"
    for name in sorted(seeded.keys() - targets.keys()):
        yield seeded[name], 1, f"no tests/fuzz/fuzz_{name}.c"


def guards(tree, _):
    """every header has a guard of its own"""
    seen = {}
    for file in tree.ending(".h"):
        match = re.search(r"^#ifndef (\w+)\n#define (\w+)\b", tree.text(file), re.M)
        if not match or match.group(1) != match.group(2):
            yield file, 1, "no include guard"
        elif match.group(1) in seen:
            yield file, 1, f"the guard of {seen[match.group(1)]}"
        else:
            seen[match.group(1)] = file


def translations(tree, _):
    """every word for people has its French one"""
    with tempfile.TemporaryDirectory() as folder:
        merged = os.path.join(folder, "fr.po")
        made = subprocess.run(["bash", os.path.join(tree.root, "tools/po.sh"), "--merge-to", merged],
                              capture_output=True, text=True)
        if made.returncode:
            yield "po/fr.po", 1, made.stderr.strip() or "tools/po.sh failed"
            return
        for which, words in (("--untranslated", "not translated"), ("--only-fuzzy", "fuzzy")):
            out = subprocess.run(["msgattrib", which, "--no-obsolete", "--no-wrap", merged],
                                 capture_output=True, text=True, check=True).stdout
            for entry in out.split("\n\n")[0 if not out.startswith("msgid \"\"\n") else 1:]:
                place = re.search(r"^#: (\S+?):(\d+)", entry, re.M)
                msgid = re.search(r"^msgid (.*?)^msgstr", entry + "\nmsgstr", re.M | re.S)
                if not msgid or msgid.group(1).strip() == '""':
                    continue
                text = "".join(re.findall(r'"(.*)"', msgid.group(1)))
                file, line = (place.group(1), int(place.group(2))) if place else ("po/fr.po", 1)
                yield file, line, f'{words} in po/fr.po: "{text}"'
        checked = subprocess.run(["msgfmt", "-c", "-o", os.devnull, os.path.join(tree.root, "po/fr.po")],
                                 capture_output=True, text=True)
        if checked.returncode:
            yield "po/fr.po", 1, checked.stderr.strip()


RULES = (layers, layers_acyclic, file_names, no_cplusplus, symbols, forbidden_calls, clock, globals_, spaces,
         todo, must_use, places, twins, seeds, guards, translations)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", metavar="DIR", help="build folder, for the symbols")
    parser.add_argument("--list", action="store_true", help="name the rules")
    parser.add_argument("--root", default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.list:
        for rule in RULES:
            print(f"{rule.__name__.rstrip('_')}: {rule.__doc__}")
        return 0
    tree = Tree(options.root)
    count = 0
    for rule in RULES:
        for file, line, words in rule(tree, options.build):
            print(f"{file}:{line}: {words} [{rule.__name__.rstrip('_')}]")
            count += 1
    print(f"style: {count} offences" if count else f"style: {len(RULES)} rules hold in {len(tree.files)} files",
          file=sys.stderr if count else sys.stdout)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
