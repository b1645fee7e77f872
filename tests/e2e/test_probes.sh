#!/usr/bin/env bash
# Static probes: those of the contract are declared, each one that the sources place stands in the
# program's notes with as many arguments as it has, and none else.
. "$(dirname "$0")/lib.sh"
echo '#include <sys/sdt.h>' | cc -E -x c - >/dev/null 2>&1 || { echo "skipped: no sys/sdt.h (systemtap-sdt-dev)"; exit 77; }
command -v readelf >/dev/null || { echo "skipped: no readelf"; exit 77; }
CONTRACT="batch_begin:2 batch_end:3 step_begin:1 step_end:2 picture_drop:2 alert:1"
readelf -n "$VIGIE" | awk '/Provider: vigie$/ {ours = 1} /Name:/ && ours {name = $2}
    /Arguments:/ && ours {print name ":" NF - 1; ours = 0}' | sort -u >"$T/found"
[ -s "$T/found" ] || fail "the program has no probe of provider vigie"
for probe in $CONTRACT; do
    name=${probe%:*}
    grep -q "vg_probe_$name(" "$VIGIE_SOURCE_DIR/src/base/usdt.h" || fail "$name is not declared"
    if grep -rqs --include='*.c' "vg_probe_$name(" "$VIGIE_SOURCE_DIR"/src "$VIGIE_SOURCE_DIR"/scheduler; then
        grep -qx "$probe" "$T/found" || fail "$probe is placed but not found in the program"
    fi
done
while read -r found; do
    case " $CONTRACT " in *" $found "*) ;; *) fail "$found is not of the contract" ;; esac
done <"$T/found"
for name in picture_drop alert; do grep -q "^$name:" "$T/found" || fail "$name is nowhere"; done
finish
