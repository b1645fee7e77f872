#!/usr/bin/env python3
"""The table of requirements docs/conformite.csv: is each proof there, is each requirement there?

    tools/conformity.py --check [--build DIR]   exits 1 and says what is wrong
    tools/conformity.py --write                 writes docs/conformite.md from the table

Columns: id,niveau,exigence,statut,preuve,issue. docs/conformite_ids.txt names every id that must
have a row. preuve holds items apart by ";": a test's name (test_*, fuzz_*), a file or folder of the
project, a command (./dev ..., vigie ...). Rows that are `tenue` or `partielle` need a proof, and every
item of it must exist; with --build a test must also be one that CTest knows there."""
import argparse
import csv
import io
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COLUMNS = ["id", "niveau", "exigence", "statut", "preuve", "issue"]
STATUS = {  # statut: heading and meaning in docs/conformite.md
    "tenue": ("Tenues", "L'exigence est satisfaite ; la preuve citée passe à chaque `./dev check`."),
    "partielle": ("Partielles", "Une partie est satisfaite et prouvée ; le reste est à venir."),
    "a_venir": ("À venir", "Rien n'est encore promis."),
    "hors_logiciel": ("Hors du logiciel", "L'exigence porte sur l'organisation, le site ou le marché."),
}
TABLE, IDS, PAGE = "docs/conformite.csv", "docs/conformite_ids.txt", "docs/conformite.md"
TEST = re.compile(r"(test|fuzz)_[a-z0-9_]+")


def read(root, file):
    with open(os.path.join(root, file), encoding="utf-8") as f:
        return f.read()


def rows_of(root):
    """(line, row) of each row; a row with another number of columns is told."""
    reader, found, wrong = csv.reader(io.StringIO(read(root, TABLE))), [], []
    header = next(reader, [])
    if header != COLUMNS:
        return [], [f"{TABLE}:1: the columns must be {','.join(COLUMNS)}"]
    for cells in reader:
        if len(cells) == len(COLUMNS):
            found.append((reader.line_num, dict(zip(COLUMNS, cells))))
        else:
            wrong.append(f"{TABLE}:{reader.line_num}: {len(cells)} columns, not {len(COLUMNS)}")
    return found, wrong


def tests_of(root, build):
    """Names of the tests: those of CTest if there is a build, else of the test files."""
    if build and os.path.exists(os.path.join(build, "CTestTestfile.cmake")):
        out = subprocess.run(["ctest", "--test-dir", build, "-N"], capture_output=True, text=True).stdout
        names = set(re.findall(r"Test +#\d+: (\S+)", out))
        if names:
            return names
    return {os.path.splitext(name)[0] for _, _, names in os.walk(os.path.join(root, "tests"))
            for name in names if TEST.fullmatch(os.path.splitext(name)[0])}


def exists(root, tests, item):
    if TEST.fullmatch(item):
        return item in tests
    if item.startswith("./dev "):
        return re.search(rf"^{re.escape(item.split()[1])}\)", read(root, "dev"), re.M) is not None
    if item.startswith("vigie "):
        return f'{{"{item.split()[1]}", vg_cmd_' in read(root, "src/cli/main.c")
    return os.path.exists(os.path.join(root, item))


def check(root, build):
    rows, wrong = rows_of(root)
    tests, wanted, seen = tests_of(root, build), set(read(root, IDS).split()), set()
    for line, row in rows:
        where = f"{TABLE}:{line}: {row['id']}"
        items = [i.strip() for i in row["preuve"].split(";") if i.strip()]
        if row["id"] in seen:
            wrong.append(f"{where} stands twice")
        if row["id"] not in wanted:
            wrong.append(f"{where} is not in {IDS}")
        seen.add(row["id"])
        if row["statut"] not in STATUS:
            wrong.append(f"{where}: statut {row['statut']} is none of {', '.join(STATUS)}")
        if not row["exigence"].strip():
            wrong.append(f"{where}: no words in exigence")
        if row["statut"] in ("tenue", "partielle"):
            if not items:
                wrong.append(f"{where}: {row['statut']} without a proof")
            wrong += [f"{where}: {item}: no such test, file or command"
                      for item in items if not exists(root, tests, item)]
    wrong += [f"{TABLE}: {missing} is missing" for missing in sorted(wanted - seen)]
    page = os.path.join(root, PAGE)
    if not wrong and (not os.path.exists(page) or read(root, PAGE) != page_of(rows)):
        wrong.append(f"{PAGE}: not what the table says: run tools/conformity.py --write")
    return wrong, len(rows)


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def page_of(rows):
    out = ["# Conformité\n",
           "<!-- Engendré par tools/conformity.py à partir de docs/conformite.csv : ne pas modifier. -->\n",
           "Ce que le marché demande au logiciel et à sa documentation, où nous en sommes et ce qui le prouve. "
           "Une preuve est un essai (`./dev test NOM`), un fichier du projet ou une commande.\n",
           "| statut | nombre |", "|---|---|"]
    groups = {s: [r for _, r in rows if r["statut"] == s] for s in STATUS}
    out += [f"| {STATUS[s][0].lower()} | {len(groups[s])} |" for s in STATUS] + [f"| en tout | {len(rows)} |\n"]
    for status, (title, meaning) in STATUS.items():
        if not groups[status]:
            continue
        out += [f"## {title}\n", f"{meaning}\n"]
        proven = status in ("tenue", "partielle")
        out += ["| id | niveau | exigence | preuve |", "|---|---|---|---|"] if proven else \
               ["| id | niveau | exigence |", "|---|---|---|"]
        for r in groups[status]:
            proof = ", ".join(f"`{i.strip()}`" for i in r["preuve"].split(";") if i.strip())
            out.append(f"| {r['id']} | {cell(r['niveau'])} | {cell(r['exigence'])} |"
                       + (f" {cell(proof)} |" if proven else ""))
        out.append("")
    return "\n".join(out).rstrip("\n") + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--build", metavar="DIR")
    parser.add_argument("--root", default=ROOT, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        rows, wrong = rows_of(options.root)
        if not wrong:
            with open(os.path.join(options.root, PAGE), "w", encoding="utf-8") as f:
                f.write(page_of(rows))
        print("\n".join(wrong) or f"{PAGE}: {len(rows)} requirements")
        return 1 if wrong else 0
    wrong, count = check(options.root, options.build)
    print("\n".join(wrong) or f"conformity: {count} requirements, every proof is there")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
