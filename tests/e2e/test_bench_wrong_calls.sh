#!/usr/bin/env bash
# What the bench commands refuse, as a table: the code, what must be said, the call. Nothing here
# starts a server or a measure: a wrong call that is taken is seen by its time, or by its code.
. "$(dirname "$0")/lib.sh"
need_model
need_clip
export VIGIE_DATA=$T/data
cp "$VIGIE_MODELS/nanodet-g.vgm" "$T/"
cp "$T/nanodet-g.vgm" "$T/cut.vgm"
head -c 4096 "$T/nanodet-g.vgm" >"$T/cut-int8.vgm"
export VIGIE_MODELS=$T
echo '{"version":9,"name":"x"}' >"$T/bad.json"
: >"$T/empty.mp4"
head -c 4096 /dev/zero >"$T/none.mp4"
mkdir "$T/folder"

rows=0
while IFS='|' read -r code words call; do
    [ -n "$code" ] || continue
    rows=$((rows + 1))
    call=${call//@T/$T}
    call=${call//@C/$CLIP}
    read -ra argv <<<"$call"
    for i in "${!argv[@]}"; do [ "${argv[$i]}" = '""' ] && argv[i]=; done
    expect "$code" "${words//@T/$T}" timeout 60 "$VIGIE" bench "${argv[@]}"
done <<'ROWS'
2|unknown word|no-such-bench
2|no-such-option|pipeline --flux 1 --no-such-option @C
2|--flux|pipeline --flux
2|--flux|pipeline --flux two @C
2|--flux|pipeline --flux -1 @C
2|--flux|pipeline --flux nan @C
2|--flux|pipeline --flux 1e9 @C
2|--flux|pipeline --flux 0x @C
2|--rate|pipeline --flux 1 --rate 0 @C
2|--rate|pipeline --flux 1 --rate 5,5 @C
2|--rate|pipeline --flux 1 --rate inf @C
2|--seconds|pipeline --flux 1 --seconds 1 @C
2|--settle|pipeline --flux 1 --settle -1 @C
2|--open|pipeline --flux 1 --open 0 @C
2|no such precision|pipeline --flux 1 --precision int4 @C
2|no such precision|pipeline --flux 1 --precision "" @C
2|the model has no 8-bit form: nanodet-g|pipeline --flux 1 --precision int8 @C
2|vigie model quantize|pipeline --flux 1 --precision int8 @C
2|no name of a model|pipeline --flux 1 --model ../nanodet-g @C
2|no name of a model|pipeline --flux 1 --model "" @C
3|no such model|pipeline --flux 1 --model no-such-model @C
3|no such model|pipeline --flux 1 --precision int8 --model no-such-model @C
3|@T/none.mp4|pipeline --flux 1 @T/none.mp4
3|@T/empty.mp4|pipeline --flux 1 @T/empty.mp4
3|@T/no-such.mp4|pipeline --flux 1 @T/no-such.mp4
3|@T/folder|pipeline --flux 1 @T/folder
3|no-such.json|pipeline --flux 1 --scene @T/no-such.json @C
3|@T/folder|pipeline --flux 1 --scene @T/folder @C
3|bad.json|pipeline --flux 1 --scene @T/bad.json @C
4|no-such-device|pipeline --flux 1 --device no-such-device @C
4|no OpenCL device of this name: 7|pipeline --flux 1 --device 0,7 @C
2|named twice: 0|pipeline --flux 1 --device 0,0 @C
3|cut-int8|pipeline --flux 1 --precision int8 --model cut @C
2|not a whole number: --flux 2.5|pipeline --flux 2.5 @C
2|wrong number of arguments|pipeline --flux 1 @C @C
2|the model has no 8-bit form: nanodet-g|sizing --quick --precision int8 @C
2|no such precision|sizing --quick --precision f8 @C
3|@T/folder|sizing --quick @T/folder
3|@T/none.mp4|sizing --quick @T/none.mp4
2|no value of a power strip|sizing --quick --snmp bad @C
2|--settle|sizing --quick --settle x @C
2|--measure|sizing --quick --measure x @C
2|not a whole number: --max 2.5|sizing --max 2.5 @C
4|no-such-device|sizing --quick --device no-such-device @C
2|--days|sizing --quick --days x @C
3|@T/folder|sizing --profile @T/folder @C
2|no value of a power strip|energy --snmp bad
2|no value of a power strip|energy --snmp 10.0.0.1
2|no value of a power strip|energy --snmp 10.0.0.1/
2|no value of a power strip|energy --snmp /1.3.6.1
2|no value of a power strip|energy --snmp 10.0.0.1/1.x.6
2|no value of a power strip|energy --snmp 10.0.0.1:99999/1.3.6.1
2|no value of a power strip|energy --snmp 10.0.0.1:0/1.3.6.1
2|no value of a power strip|energy --snmp [::1/1.3.6.1
2|this is empty|energy --snmp ""
2|this is empty|energy --power-cmd ""
2|--snmp-scale|energy --snmp 127.0.0.1:1/1.3.6.1 --snmp-scale x
2|--for|energy --for soon
2|no such scope|energy --power-scope ""
2|a model is wanted|model
2|no such precision|model --model nanodet-g --precision f8
2|make one: vigie model quantize|model --model nanodet-g --precision int8
2|no such lane|model --model nanodet-g --lane fast
2|--size|model --model nanodet-g --size 416
2|--batch|model --model nanodet-g --batch 0
2|--runs|model --model nanodet-g --runs many
2|--threads|model --model nanodet-g --threads -1
3|no-such-model|model --model no-such-model
4|no-such-device|model --model nanodet-g --device no-such-device
3|no-such.plan|model --model nanodet-g --plan @T/no-such.plan
2|not a whole number: --runs 1.5|model --model nanodet-g --runs 1.5
2|not a whole number: --batch 1.5|kernels --batch 1.5
2|--seed|kernels --seed x
2|no such precision|kernels --precision f8
2|wrong number of arguments|stages @C
2|--rate|stages --model nanodet-g --rate -1 @C
3|@T/folder|stages --model nanodet-g @T/folder
3|@T/none.mp4|stages --model nanodet-g @T/none.mp4
3|no-such.json|stages --model nanodet-g --scene @T/no-such.json @C
3|no such model|api --model no-such-model
2|no name of a model|api --model a/b
2|--clients|api --clients x
2|--flux|scheduler --flux 1.x
2|not a whole number: --flux 1.5|scheduler --flux 1.5
2|not a whole number: --devices 1.5|scheduler --flux 1 --devices 1.5
2|not a whole number: --clients 1.5|api --clients 1.5
2|not a whole number: --flux 1.5|ingest --flux 1.5 rtsp://127.0.0.1:1/a
2|--seconds|scheduler --flux 1 --seconds x
2|--settle|scheduler --flux 1 --settle -1
2|--want|ingest --want x rtsp://127.0.0.1:1/a
2|--warm|ingest --warm x rtsp://127.0.0.1:1/a
2|wrong number of arguments|report @T/bad.json
3|@T/no-such.json|report @T/no-such.json --report @T/page.html
3|@T/folder|report @T/folder --report @T/page.html
ROWS
[ "$rows" -ge 80 ] || fail "only $rows rows were read"
# what the bench says to the analysis is read as strictly: here by a part that is told a wrong word
VIGIE_RATES=moon python3 - "$VIGIE" <<'PY' || fail "rates that there are not are taken"
import os, socket, subprocess, sys
pair = socket.socketpair()
ours, its = (end.dup() for end in pair) # one of the pair may be 3 itself
for end in pair:
    end.close()
os.dup2(its.fileno(), 3)
child = subprocess.run([sys.argv[1], "child", "analysis", "1", "unix:/nowhere"], pass_fds=[3], timeout=60, check=False)
os.close(3)
its.close()
told = b"".join(iter(lambda: ours.recv(4096), b""))
assert child.returncode == 2 and b"there are no such rates" in told and b"VIGIE_RATES=moon" in told, (child, told)
PY
[ ! -e "$VIGIE_DATA" ] || fail "a refused call made a data folder"
finish
