#!/usr/bin/env python3
"""The gates are tried on a small tree that offends once in each way: python3 gates_bite.py FOLDER.
Every row must be found, at its line; the same tree without offences must pass."""
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOOD = {
    "docs/layers.txt": "# comment\nsrc/base         :\nkernels          : src/base\n"
                       "src/track        : src/base\nsrc/vision       : src/base\n"
                       "scheduler        : src/base src/track\n"
                       "scheduler/decide : src/base\ntests            : *\n",
    "src/base/point.h": "#ifndef VG_BASE_POINT_H\n#define VG_BASE_POINT_H\n"
                        "enum vg_status vg_point_read(int x) VG_MUST_USE;\n#endif\n",
    "src/track/walk.h": "#ifndef VG_TRACK_WALK_H\n#define VG_TRACK_WALK_H\n#endif\n",
    "src/track/walk.c": '#include "src/track/walk.h"\n\n#include "src/base/point.h"\n\n'
                        '/* strcpy( and a tab in words: \\t */\nstatic const char *const name = N_("walk");\n',
    "src/vision/near_shim.h": "#ifndef VG_VISION_NEAR_SHIM_H\n#define VG_VISION_NEAR_SHIM_H\n"
                              "#ifdef __cplusplus\nextern \"C\" {\n#endif\n#ifdef __cplusplus\n}\n#endif\n#endif\n",
    "src/vision/near_shim.cpp": '#include "src/vision/near_shim.h"\n\nvoid vg_near(void)\n'
                                "{\n    try {\n    } catch (...) {\n    }\n}\n",
    "kernels/add.cl": "kernel void add(void) {}\n",
    "kernels/twins/add.c": "int vg_add;\n",
    "tests/fuzz/fuzz_walk.c": "int vg_fuzz;\n",
    "tests/fuzz/seeds/walk/one": "\t \n\n",
    "po/fr.po": 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
                'msgid "walk"\nmsgstr "marche"\n',
}
# rule, file, line of the offence, content of the file
BAD = [
    ("layers", "src/base/up.c", 2, '/* up */\n#include "src/track/walk.h"\n'),
    ("layers", "scheduler/decide_rate.c", 1, '#include "src/track/walk.h"\n'),
    ("layers", "src/track/near.c", 1, '#include "walk.h"\n'),
    ("layers_acyclic", "docs/layers.txt", 1, "src/base : src/track\nsrc/track : src/base\nkernels : \n"
                                            "scheduler :\ntests : *\n"),
    ("layers_acyclic", "docs/layers.txt", 2, "src/base :\nsrc/track : src/base src/none\nkernels :\ntests : *\n"),
    ("file_names", "src/base/PointList.c", 1, "int vg_list;\n"),
    ("file_names", "src/track/point.h", 1, "#ifndef VG_TRACK_POINT_H\n#define VG_TRACK_POINT_H\n#endif\n"),
    ("no_cplusplus", "src/base/list.cpp", 1, "int vg_list;\n"),
    ("no_cplusplus", "src/track/list_shim.cpp", 1, "int vg_list;\n"),
    ("no_cplusplus", "src/vision/list_shim.cpp", 1, "void vg_list(void) { try {} catch (...) {} }\n"),
    ("no_cplusplus", "src/vision/near_shim.cpp", 1, "void vg_near(void) {} // catch (...)\n"),
    ("no_cplusplus", "src/vision/near_shim.h", 1, "#ifndef VG_VISION_NEAR_SHIM_H\n#define VG_VISION_NEAR_SHIM_H\n#endif\n"),
    ("no_cplusplus", "src/vision/near_shim.h", 4, "#ifndef VG_VISION_NEAR_SHIM_H\n#define VG_VISION_NEAR_SHIM_H\n"
                                                  'extern "C" {\n#include <opencv2/core.hpp>\n}\n#endif\n'),
    ("layers", "src/vision/near_shim.cpp", 1, '#include "src/track/walk.h"\n// catch (...)\n'),
    ("globals", "src/vision/near_shim.cpp", 2, "// catch (...)\nstatic int count;\n"),
    ("forbidden_calls", "src/base/copy.c", 3, "void f(char *a)\n{\n    strcpy (a, \"b\");\n}\n"),
    ("forbidden_calls", "src/base/dice.c", 1, "int f(void) { return rand(); }\n"),
    ("clock", "src/base/late.c", 1, "int f(void) { return clock_gettime(CLOCK_REALTIME, 0); }\n"),
    ("globals", "src/base/state.c", 2, "\nstatic int count;\n"),
    ("globals", "src/base/table.c", 1, "static char table[9] = {0};\n"),
    ("spaces", "src/base/tab.c", 1, "\tint vg_x;\n"),
    ("spaces", "docs/end.md", 2, "a\nb \n"),
    ("spaces", "docs/last.md", 1, "a"),
    ("todo", "src/base/later.c", 1, "/* TODO: all */\n"),
    ("must_use", "src/base/lost.h", 3, "#ifndef VG_BASE_LOST_H\n#define VG_BASE_LOST_H\n"
                                      "enum vg_status vg_lost(int a,\n    int (*b)(int));\n#endif\n"),
    ("places", "docs/where.md", 1, "see ../shared/data\n"),
    ("places", "docs/machine.md", 2, "see\n/home/somebody\n"),
    ("twins", "kernels/sub.cl", 1, "kernel void sub(void) {}\n"),
    ("seeds", "tests/fuzz/fuzz_run.c", 1, "int vg_fuzz;\n"),
    ("seeds", "tests/fuzz/seeds/none/one", 1, "x"),
    ("guards", "src/base/open.h", 1, "int vg_open(void);\n"),
    ("guards", "src/track/walk_on.h", 1, "#ifndef VG_BASE_POINT_H\n#define VG_BASE_POINT_H\n#endif\n"),
    ("translations", "src/base/word.c", 2, '\nconst char *const vg_word = N_("a word");\n'),
    ("translations", "po/fr.po", 1, GOOD["po/fr.po"].replace('msgid "walk"', '#, fuzzy\nmsgid "walk"')),
]


def write(root, file, text):
    path = os.path.join(root, file)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def style(root):
    return subprocess.run([sys.executable, os.path.join(ROOT, "tools/style.py"), "--root", root],
                          capture_output=True, text=True)


def good_tree(folder, name):
    root = os.path.join(folder, name)
    for file, text in GOOD.items():
        write(root, file, text)
    os.makedirs(os.path.join(root, "tools"))
    shutil.copy(os.path.join(ROOT, "tools/po.sh"), os.path.join(root, "tools"))
    for layer in ("scheduler", "api", "bench", "models"):
        os.makedirs(os.path.join(root, layer), exist_ok=True)
    return root


def conformity(root, *arguments):
    return subprocess.run([sys.executable, os.path.join(ROOT, "tools/conformity.py"), "--root", root, *arguments],
                          capture_output=True, text=True)


HEAD = "id,niveau,exigence,statut,preuve,issue\n"
# what the table says, part of the refusal ("" = accepted)
CONFORMITY = [
    ("E1,F0,x,tenue,test_walk,1\nE2,F1,y,a_venir,,2\n", ""),
    ("E1,F0,x,tenue,src/base/point.h,1\nE2,F1,y,a_venir,,2\n", ""),
    ("E1,F0,x,tenue,test_walk;test_none,1\nE2,F1,y,a_venir,,2\n", "E1: test_none"),
    ("E1,F0,x,tenue,,1\nE2,F1,y,a_venir,,2\n", "E1: tenue without a proof"),
    ("E1,F0,x,partielle,docs/none.md,1\nE2,F1,y,a_venir,,2\n", "E1: docs/none.md"),
    ("E1,F0,x,fait,test_walk,1\nE2,F1,y,a_venir,,2\n", "E1: statut fait"),
    ("E1,F0,x,a_venir,,1\n", "E2 is missing"),
    ("E1,F0,x,a_venir,,1\nE1,F0,x,a_venir,,1\nE2,F1,y,a_venir,,2\n", "E1 stands twice"),
    ("E1,F0,x,a_venir,,1\nE2,F1,y,a_venir,,2\nE3,F1,y,a_venir,,2\n", "E3 is not"),
    ("E1,F0,x,a_venir,1\nE2,F1,y,a_venir,,2\n", "columns"),
]


def try_conformity(folder):
    failures = 0
    for n, (rows, words) in enumerate(CONFORMITY):
        root = good_tree(folder, f"conformity{n}")
        write(root, "tests/unit/test_walk.c", "int main(void);\n")
        write(root, "docs/conformite.csv", HEAD + rows)
        write(root, "docs/conformite_ids.txt", "E1\nE2\n")
        written = conformity(root, "--write") if not words else None
        result = conformity(root, "--check")
        bitten = result.returncode == 1 and words in result.stdout + result.stderr
        if (not words and (written.returncode or result.returncode)) or (words and not bitten):
            failures += 1
            print(f"conformity row {n} ({words or 'good'}): {result.returncode} {result.stdout}{result.stderr}")
        if not words:
            write(root, "docs/conformite.md", "old\n")
            if conformity(root, "--check").returncode != 1:
                failures += 1
                print("an old docs/conformite.md was not seen")
    return failures


def try_symbols(folder):
    """A library with one name of ours, one that is not and one that nobody sees; and C++ with a name that
    is merged and one that is not."""
    build = os.path.join(folder, "symbols")
    write(build, "x.c", "int vg_good(void);\nint vg_good(void) { return 0; }\nint bad;\n"
                        "static int hidden(void) { return vg_good(); }\nint vg_also(void);\n"
                        "int vg_also(void) { return hidden(); }\n")
    subprocess.run(["cc", "-c", "x.c"], cwd=build, check=True)
    write(build, "y_shim.cpp", "template <typename T> T same(T x) { return x; }\ntemplate int same(int);\n"
                               "void strong() {}\n")
    subprocess.run(["c++", "-c", "y_shim.cpp", "-o", "y_shim.cpp.o"], cwd=build, check=True)
    subprocess.run(["ar", "rc", "libvg_x.a", "x.o", "y_shim.cpp.o"], cwd=build, check=True)
    result = subprocess.run([sys.executable, os.path.join(ROOT, "tools/style.py"), "--build", build, "--root",
                             os.path.join(folder, "good")], capture_output=True, text=True)
    if result.returncode == 1 and result.stdout == ("libvg_x.a(x):1: external symbol bad [symbols]\n"
                                                    "libvg_x.a(y_shim.cpp):1: external symbol _Z6strongv [symbols]\n"):
        return 0
    print("symbols:", result.returncode, result.stdout, result.stderr)
    return 1


def main():
    folder, failures = sys.argv[1], 0
    result = style(good_tree(folder, "good"))
    if result.returncode:
        failures += 1
        print("the good tree was refused:", result.stdout, result.stderr)
    for n, (rule, file, line, text) in enumerate(BAD):
        root = good_tree(folder, f"bad{n}")
        write(root, file, text)
        result = style(root)
        place = file if rule != "translations" or file != "po/fr.po" else "src/track/walk.c"
        want = f"{place}:{line}:" if place == file else f"{place}:"
        hits = [h for h in result.stdout.split("\n") if h.startswith(want) and h.endswith(f"[{rule}]")]
        if result.returncode != 1 or not hits:
            failures += 1
            print(f"{rule} did not see {want}: {result.returncode} {result.stdout}{result.stderr}")
    failures += try_symbols(folder) + try_conformity(folder)
    print(f"{len(BAD) + 1} offences of style and {len(CONFORMITY)} tables tried, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
