#!/usr/bin/env python3
"""A flame graph out of `perf script`, with the OpenCL kernels under their own names.

  perf script -i perf.data | bench/flame.py [--title WORDS] [--folded] >flame.svg

A box is a function, as wide as its share of the samples, standing on what called it. PoCL's
_pocl_kernel_NAME_workgroup is shown as NAME, with the start of its cache folder's name behind it:
one kernel built with other options is another file. --folded: lines "a;b;c N" instead, for other
tools. Needs Python alone. (Flame graphs: B. Gregg, Communications of the ACM 59 (6), 2016.)
"""
import argparse
import html
import re
import sys

FRAME = re.compile(r"^\s+[0-9a-f]+ (.*) \((.*)\)$")
KERNEL = re.compile(r"^_pocl_kernel_(\w+?)_workgroup(?:_fast)?$")
WIDTH, LINE, MARGIN, CHARACTER, LEAST = 1100, 18, 10, 7.3, 0.5
KERNEL_COLOUR, OTHER_COLOURS = "#d55e00", ("#0072b2", "#2b8ca3", "#6a63c7", "#7c7c86")


def name_of(symbol, file):
    symbol = re.sub(r"\+0x[0-9a-f]+$", "", symbol)
    kernel = KERNEL.match(symbol)
    if kernel:
        parts = file.split("/")
        return f"kernel {kernel.group(1)} {parts[-4][:6]}" if len(parts) >= 4 else f"kernel {kernel.group(1)}"
    if symbol == "[unknown]":
        return f"[{file.rsplit('/', 1)[-1].strip('[]')}]"
    return symbol.replace(";", ":")


def stacks(lines):
    """{stack from the root: samples}; a stack is a tuple of names, the program first."""
    found, stack, program = {}, [], None
    for line in [*lines, "\n"]:
        frame = FRAME.match(line.rstrip("\n"))
        if frame:
            stack.append(name_of(*frame.groups()))
        elif line.strip():
            program = line.split()[0]
        elif program:
            key = (program, *reversed(stack))
            found[key] = found.get(key, 0) + 1
            stack, program = [], None
    return found


def tree(found):
    """Nested {"samples": n, "below": {name: tree}}."""
    root = {"samples": 0, "below": {}}
    for stack, samples in found.items():
        at = root
        at["samples"] += samples
        for name in stack:
            at = at["below"].setdefault(name, {"samples": 0, "below": {}})
            at["samples"] += samples
    return root


def depth(node):
    return 1 + max((depth(n) for n in node["below"].values()), default=0)


def boxes(node, x, level, scale):
    """(name, samples, x, level) of all that is wide enough to be seen, the widest first."""
    for name, below in sorted(node["below"].items(), key=lambda item: (-item[1]["samples"], item[0])):
        if below["samples"] * scale >= LEAST:
            yield name, below["samples"], x, level
            yield from boxes(below, x, level + 1, scale)
        x += below["samples"] * scale


def svg(root, title):
    scale = (WIDTH - 2 * MARGIN) / max(root["samples"], 1)
    height = (depth(root) + 1) * LINE + 2 * MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           f'viewBox="0 0 {WIDTH} {height}" role="img">',
           f"<title>{html.escape(title)}</title>",
           "<style>text { font: 12px 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #1b1b1f; }",
           ".page { fill: #ffffff; } .in { fill: #ffffff; } rect.box { stroke: #ffffff; stroke-width: 0.5; }",
           "@media (prefers-color-scheme: dark) { text { fill: #ececf1; } .page { fill: #1b1b1f; } }</style>",
           '<rect class="page" width="100%" height="100%"/>',
           f'<text x="{MARGIN}" y="{MARGIN + 12}">{html.escape(title)}</text>']
    for name, samples, x, level in boxes(root, MARGIN, 0, scale):
        width, y = samples * scale, height - MARGIN - (level + 1) * LINE
        colour = KERNEL_COLOUR if name.startswith("kernel ") else OTHER_COLOURS[sum(map(ord, name)) % len(OTHER_COLOURS)]
        words = f"{name}, {100 * samples / root['samples']:.1f} %"
        room = int((width - 4) / CHARACTER)
        label = name if len(name) <= room else name[:room - 1] + "…"
        out.append(f'<g><title>{html.escape(words)}</title><rect class="box" x="{x:.1f}" y="{y}" width="{width:.1f}" '
                   f'height="{LINE}" fill="{colour}"/>'
                   + (f'<text class="in" x="{x + 2:.1f}" y="{y + 13}">{html.escape(label)}</text>' if room >= 3 else "")
                   + "</g>")
    return "\n".join([*out, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--title", default="vigie")
    parser.add_argument("--folded", action="store_true")
    args = parser.parse_args()
    found = stacks(sys.stdin)
    if not found:
        print("flame.py: no samples in what perf script printed", file=sys.stderr)
        return 1
    if args.folded:
        sys.stdout.writelines(f"{';'.join(stack)} {n}\n" for stack, n in sorted(found.items()))
    else:
        sys.stdout.write(svg(tree(found), args.title))
    return 0


if __name__ == "__main__":
    sys.exit(main())
