#!/usr/bin/env bash
# The words for people: collects the msgids of all sources and merges them into po/fr.po.
#   tools/po.sh                  updates po/fr.po; untranslated ones are left empty and printed
#   tools/po.sh --merge-to FILE  writes the merged catalogue to FILE instead (po/fr.po stays)
# Obsolete entries are dropped; nothing is guessed (no fuzzy matches).
set -euo pipefail
cd "$(dirname "$0")/.."
out=po/fr.po
[ "${1:-}" = --merge-to ] && out=$2
pot=$(mktemp)
merged=$(mktemp)
trap 'rm -f "$pot" "$merged"' EXIT

find src models kernels scheduler api bench -name '*.[ch]' | LC_ALL=C sort |
    xgettext --files-from=- --language=C --from-code=UTF-8 --keyword --keyword=_ --keyword=N_ \
        --keyword=vg_text_in:2 --add-comments=Translators --no-wrap --sort-by-file \
        --package-name=vigie --output="$pot"
sed -i 's/charset=CHARSET/charset=UTF-8/' "$pot"
msgmerge --quiet --no-fuzzy-matching --no-wrap --sort-by-file --output-file="$merged" po/fr.po "$pot"
# line numbers change with every edit and would fill the history: keep the file names alone
if [ "$out" = po/fr.po ]; then
    msgattrib --no-obsolete --no-wrap --add-location=file --output-file="$out" "$merged"
    sed -i '/^"POT-Creation-Date:/d; /^"PO-Revision-Date:/d' "$out"
    msgattrib --untranslated --no-wrap "$out" | sed -n 's/^msgid //p' | sed '/^""$/d' || true
else
    msgattrib --no-obsolete --no-wrap --output-file="$out" "$merged"
fi
