#!/usr/bin/env bash
# Fetches the reference runtime: onnxruntime-node 1.30.0 (MIT) with its CPU library, by npm and
# without any install script, into cache/ort (not in the repository). Prints the folder that
# bench/ort/time.mjs wants in ORT_DIR.
#   bench/ort/fetch.sh [FOLDER]
# The archive's sha512 is checked here against the figure below, and by npm against its lock file.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
dir=${1:-$here/cache/ort}
version=1.30.0
integrity=sha512-twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw==
archive=onnxruntime-node-$version.tgz

die() { printf 'fetch.sh: %s\n' "$*" >&2; exit 1; }
installed() {
    [ "$(cat "$dir/integrity" 2>/dev/null)" = "$integrity" ] &&
        [ -d "$dir/node_modules/onnxruntime-node/bin" ] && [ -d "$dir/node_modules/onnxruntime-common" ]
}

if installed; then printf '%s\n' "$dir"; exit 0; fi
command -v npm >/dev/null || die "npm is not installed (apt install npm, or node from nodejs.org)"
rm -rf "$dir"
mkdir -p "$dir"
cd "$dir"
printf 'fetch.sh: fetching onnxruntime-node %s (108 MiB)\n' "$version" >&2
npm pack --silent --ignore-scripts "onnxruntime-node@$version" >/dev/null || die "npm cannot fetch the package: is the network there?"
sum=sha512-$(node -p 'require("crypto").createHash("sha512").update(require("fs").readFileSync("'"$archive"'")).digest("base64")')
[ "$sum" = "$integrity" ] || { rm -rf "$dir"; die "the archive's sha512 is not the one expected ($sum): nothing was kept"; }
printf '{"private": true}\n' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund "./$archive" >/dev/null || die "npm install failed"
rm -f "$archive"
printf '%s\n' "$integrity" >integrity
installed || die "the package is not as expected: see $dir"
printf '%s\n' "$dir"
