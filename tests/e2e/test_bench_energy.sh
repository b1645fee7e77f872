#!/usr/bin/env bash
# vigie bench energy: every kind of meter has its line, a program that prints watts is measured, one that
# hangs holds up nobody, and what is not known is not told as a number. Mostly waits.
. "$(dirname "$0")/lib.sh"
energy() { timeout 60 "$VIGIE" bench energy "$@"; }
told() { grep -qF -- "$1" "$T/stdout" || fail "no \"$1\" in: $(cat "$T/stdout")"; }
# is EXPRESSION of d (the whole) and m (its meters by kind)
is() {
    python3 -c 'import json, sys
d = json.load(open(sys.argv[1])); m = {x["kind"]: x for x in d["meters"]}
sys.exit(not eval(sys.argv[2]))' "$T/stdout" "$1" || fail "not so: $1: $(cut -c1-600 "$T/stdout")"
}

expect 0 "" energy
for kind in rapl nvml hwmon ipmi snmp command; do told "$kind"; done
told "no power strip was named"

expect 0 "" energy --json
is 'set(m) == {"rapl", "nvml", "hwmon", "ipmi", "snmp", "command"}'
is 'm["command"]["there"] == "missing" and m["command"]["watts"] is None and m["command"]["why"]'
is 'all(x["status"] == "not_measured" and x["watts"] is None for x in d["meters"])'

echo 'echo 40; echo >>'"$T/asked" >"$T/watts.sh"
expect 0 "" energy --for 2 --power-cmd "sh $T/watts.sh" --power-scope board
told "board    40.00 W, 0.96 kWh a day"
[ "$(wc -l <"$T/asked")" -ge 10 ] || fail "asked $(wc -l <"$T/asked") times in ten blocks"
expect 0 "" energy --for 1 --json --power-cmd "sh $T/watts.sh"
is 'm["command"]["status"] == "measured" and m["command"]["scope"] == "wall" and abs(m["command"]["watts"] - 40) < 1e-6'

# no number where there is none: it fails at once, hangs, or is gone after the first reading
expect 0 "" energy --for 1 --json --power-cmd "echo off"
is 'm["command"]["there"] == "input" and m["command"]["watts"] is None'
before=$SECONDS
expect 0 "" energy --for 1 --json --power-cmd "sleep 100"
is 'm["command"]["there"] == "timeout" and m["command"]["watts"] is None'
[ $((SECONDS - before)) -le 20 ] || fail "a program that hangs held up the bench for $((SECONDS - before)) s"
echo "test ! -e $T/once && touch $T/once && echo 40" >"$T/once.sh"
expect 0 "" energy --for 1 --json --power-cmd "sh $T/once.sh"
is 'm["command"]["status"] == "not_measured" and m["command"]["watts"] is None'

# the community is in nothing that is told
VIGIE_SNMP_COMMUNITY=S3CRET expect 0 "" energy --json --snmp 127.0.0.1:1/1.3.6.1.4.1
grep -q S3CRET "$T/stdout" "$T/stderr" && fail "the community is told"
is 'm["snmp"]["there"] in ("closed", "timeout")'

expect 2 "no such scope" energy --power-scope socket
expect 2 "--for" energy --for -1
expect 2 "--snmp-scale" energy --snmp-scale 0
expect 2 "wrong number of arguments" energy now
finish
