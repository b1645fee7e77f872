#!/usr/bin/env python3
"""Whether the page of sizing results leaves nothing out unseen: the values of a key, all changed, change the
page of one of the results at least, but for the keys below, each with its reason. A key is the same in
all rows of a list; what is null or empty in all the results cannot be looked at.

    report_keys_check.py VIGIE RESULT.json..."""
import copy
import fnmatch
import json
import os
import subprocess
import sys
import tempfile

LEFT_OUT = {
    "costs/classes/fps": "the profile has it",
    "costs/device/memory_why": "said for each tier",
    "costs/device/status": "that of the costs",
    "idle*": "an older bench: now with each measure",
    "machine/devices/kind": "its name says so",
    "profile/classes/events": "counted, not named",
    "runs/due_ms/*": "from when a picture was due: for who works on the scheduler",
    "runs/energy/*": "the rows of the meters, where there are some",
    "runs/*/assumption/busy": "follows from the measure's cores",
    "runs/*/covered": "what is covered too little does not count, with the reason",
    "runs/*/gross_?": "power of a flux, times the flux",
    "runs/*/idle_drift": "said where it is too much",
    "runs/*/interval/*": "that of the power of a flux is shown",
    "runs/*/left_out": "each is one run",
    "runs/*/net_*": "power without idle is shown",
    "runs/*/runs": "each is one run",
    "tiers/energy/*": "but power and scope, with the measure",
    "tiers/latency_ms/p?[09]": "p95 decides; the measures have all",
    "tiers/needs/*/bare": "the headroom is that of the method",
    "tiers/needs/*/status": "of a part of a figure: the figure's",
    "tiers/needs/headroom": "that of the method",
    "tiers/needs/latency_ms/p?[09]": "p95 decides",
    "tiers/predicted_*": "beside the measures; a tier that none was made for has it as its answer",
}


def places(at, key=""):
    """(key, container, index) of every value that holds no others."""
    pairs = at.items() if isinstance(at, dict) else enumerate(at)
    for index, value in pairs:
        name = f"{key}/{index}".lstrip("/") if isinstance(at, dict) else key
        if isinstance(value, (dict, list)) and value:
            yield from places(value, name)
        elif value not in (None, [], {}):
            yield name, at, index


def other(value):
    """What a value might be instead."""
    if isinstance(value, bool):
        return not value
    return value + "x" if isinstance(value, str) else value * 2 + 100


def page(vigie, result, folder):
    paths = [os.path.join(folder, name) for name in ("result.json", "page.html")]
    with open(paths[0], "w", encoding="utf-8") as file:
        json.dump(result, file)
    subprocess.run([vigie, "bench", "report", paths[0], "--report", paths[1]], check=True)
    with open(paths[1], encoding="utf-8") as file:
        return file.read()


def shows(vigie, result, key, folder, plain):
    """Whether the page changes with the values of the key."""
    changed = copy.deepcopy(result)
    for name, holder, index in list(places(changed)):
        if name == key:
            holder[index] = other(holder[index])
    return page(vigie, changed, folder) != plain


def main():
    vigie, results = sys.argv[1], sys.argv[2:]
    on_page, hidden = set(), set()
    with tempfile.TemporaryDirectory() as folder:
        for path in results:
            with open(path, encoding="utf-8") as file:
                result = json.load(file)
            plain = page(vigie, result, folder)
            for key in sorted({name for name, _, _ in places(result)} - on_page):
                (on_page if shows(vigie, result, key, folder, plain) else hidden).add(key)
    hidden -= on_page
    used = {p for p in LEFT_OUT for key in hidden if fnmatch.fnmatchcase(key, p)}
    wrong = [f"{key} is not on the page" for key in sorted(hidden) if not any(fnmatch.fnmatchcase(key, p) for p in used)]
    wrong += [f"{pattern}: nothing is left out by that" for pattern in sorted(set(LEFT_OUT) - used)]
    print("\n".join(f"FAIL {what}" for what in wrong))
    print(f"{len(results)} results, {len(on_page)} keys on the page, {len(hidden)} left out, {len(wrong)} wrong")
    return 1 if wrong else 0


sys.exit(main())
