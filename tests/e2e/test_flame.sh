#!/usr/bin/env bash
# bench/flame.py: perf script's lines become stacks with the kernels' own names, and a sound picture.
. "$(dirname "$0")/lib.sh"
FLAME=$VIGIE_SOURCE_DIR/bench/flame.py
cat >"$T/script" <<'P'
vigie 1 1.0:    2004008 cpu-clock:
                4368 _pocl_kernel_conv_wino_workgroup+0x1418 (/var/cache/pocl/GN/LDJBNJODKP/conv_wino/1-1-1/conv_wino.so)

vigie 1 1.1:    2004008 cpu-clock:
                4368 _pocl_kernel_conv_wino_workgroup+0x18 (/var/cache/pocl/GN/LDJBNJODKP/conv_wino/1-1-1/conv_wino.so)

vigie 1 1.2:    2004008 cpu-clock:
                0368 inner<int, a&b>+0x18 (/usr/bin/x)
                0300 outer+0x18 (/usr/bin/x)

vigie 2 1.3:    2004008 cpu-clock:
        7f66d92a2e60 [unknown] (/usr/lib/libz.so.1)
P
python3 "$FLAME" --folded <"$T/script" >"$T/folded" || fail "--folded: exit code not 0"
printf '%s\n' 'vigie;[libz.so.1] 1' 'vigie;kernel conv_wino LDJBNJ 2' 'vigie;outer;inner<int, a&b> 1' >"$T/wanted"
diff "$T/wanted" "$T/folded" || fail "other stacks than expected"
python3 "$FLAME" --title 'a & b' <"$T/script" >"$T/flame.svg" || fail "exit code not 0"
python3 -c 'import sys, xml.dom.minidom as x; d = x.parse(sys.argv[1]); assert len(d.getElementsByTagName("g")) == 5' \
    "$T/flame.svg" || fail "the picture is not well-formed, or not of five boxes"
expect 1 "no samples" python3 "$FLAME" </dev/null
finish
