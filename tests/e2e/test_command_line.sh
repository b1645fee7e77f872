#!/usr/bin/env bash
# The command line itself: language, log, unknown words, folders that cannot be used, and what a
# person is told to do about it. Needs no model and no device.
. "$(dirname "$0")/lib.sh"
said() { grep -qF -- "$1" "$T/stdout" || fail "no \"$1\" on stdout"; }
run() { env -u VIGIE_LANG "$VIGIE" "$@"; }

# --lang stands anywhere, before "--"
expect 0 "" run help --lang en && said "analyse recorded clips"
expect 2 "no clip was given" run batch --lang en
expect 2 "no clip was given" run --lang fr batch --lang=en
expect 2 "fr or en: de" "$VIGIE" help --lang de
expect 2 "fr or en: --lang" "$VIGIE" batch --lang
expect 3 "--lang" "$VIGIE" scene check -- --lang

# the log: an unknown level is said once and refuses nothing; JSON lines hold nothing else
expect 0 'no level "loud"' env VIGIE_LOG=loud "$VIGIE" --version
expect 0 "" env VIGIE_LOG=warn "$VIGIE" --version
[ -s "$T/stderr" ] && fail "stderr is not empty: $(cat "$T/stderr")"
expect 2 "" env VIGIE_LOG=json "$VIGIE" frob
python3 -c 'import json, sys; [json.loads(line)["message"] for line in open(sys.argv[1])]' \
    "$T/stderr" || fail "not JSON lines: $(cat "$T/stderr")"

# unknown, and not yet there
expect 2 "unknown command: frob: see vigie help" "$VIGIE" frob
expect 2 "unknown command: frob: see vigie help" "$VIGIE" help frob
expect 2 "not available yet: vigie admin backup: see" "$VIGIE" admin backup --data "$T/a"
expect 2 "role is not available yet: --role auditor: give" \
    "$VIGIE" admin account-create x --role auditor --password-stdin --data "$T/a"

# the help of a word: no blank is left at a line's end, every option says what it is for
expect 0 "" "$VIGIE" help --help && said "analyse recorded clips"
for word in "model import" "model quantize" "model run" "bench model" "device list" "device tune" batch probe; do
    # shellcheck disable=SC2086
    expect 0 "" "$VIGIE" $word --help
    grep -nE ' $|^  --[^ ]+( [A-Z|a-z]+)? *$' "$T/stdout" && fail "help of $word: a blank at the end, or an option without a word"
done
expect 2 "a word is missing: vigie bench: add" "$VIGIE" bench
expect 2 "unknown word: vigie bench frob: add" "$VIGIE" bench frob
for option in "--sort time" "--svg x" "--trace x"; do
    # shellcheck disable=SC2086
    expect 2 "wants --profile: ${option% *}: give" "$VIGIE" bench model --model m $option
done
expect 2 "no such order: --sort size: give run or time" "$VIGIE" bench model --model m --profile --sort size

# wrong calls say what to do
expect 2 "wants a value: --listen ADDR:PORT: write it" "$VIGIE" serve --listen
expect 2 "cannot have this id: --flux a b: an id has" "$VIGIE" stop --flux "a b" --data "$T"
expect 2 "out of range: --rate 999 (0..120): give" "$VIGIE" batch --rate 999 x.mp4
expect 2 "name of an account is missing: vigie admin password: write" "$VIGIE" admin password --data "$T"

# folders: the machine lacks a place to write
: >"$T/plain"
expect 4 "cannot be made: /proc/vigie: check" "$VIGIE" admin init --data /proc/vigie
expect 4 "cannot be made: $T/plain/x: check" "$VIGIE" serve --data "$T/plain/x"
expect 4 "no such data folder: $T/none: check" "$VIGIE" stop --data "$T/none"
[ -e "$T/none" ] && fail "stop made a data folder"

# what is stopped, as GET /stop says it
mkdir "$T/data"
expect 0 "" "$VIGIE" stop --data "$T/data" --flux cam-1 --json && said '{"all":false,"flux":["cam-1"],"events":[]}'
expect 0 "" "$VIGIE" stop --data "$T/data" --json && said '{"all":true,"flux":["cam-1"],"events":[]}'
expect 0 "" "$VIGIE" resume --json --data "$T/data" --event crossing --lang fr
expect 0 "" "$VIGIE" resume --json --data "$T/data" && said '{"all":false,"flux":["cam-1"],"events":[]}'
finish
