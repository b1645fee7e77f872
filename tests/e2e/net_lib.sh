# Networks of one's own, without root: sourced FIRST (it sources lib.sh), a script then runs as root of
# namespaces of its own. What drops packets there:
#   lost for good, and silently     net_drop [PORT]      (an XFRM policy: nothing to install, any kernel that has it)
#   a dead link                     net_down, net_up
#   one RTP packet in sixteen       net_lossy            (htb, u32 on the sequence number, blackhole)
#   less than is sent               net_narrow RATE      (tbf)
# tc netem and iptables or nft would do more; not every kernel and machine has them, nothing here asks.
if [ -z "${VIGIE_OWN_NETWORK:-}" ]; then
    unshare -Urn true 2>/dev/null || { echo "skipped: no namespaces for an ordinary user here"; exit 77; }
    VIGIE_OWN_NETWORK=1 exec unshare -Urn bash "$0" "$@"
fi
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# ip has neither a device nor a link of the host's to show: all below is this script's own
ip link set lo up

# Two hosts on two networks: here near0 10.77.0.1 and near1 10.77.1.1, there far0 10.77.0.2 and far1 10.77.1.2.
# Groups 239.0.0.0/8 go by near0 and far0 unless something else is asked for.
FAR=0
net_two() {
    local i
    unshare -n sleep infinity &
    FAR=$!
    PIDS+=("$FAR")
    until [ "$(readlink "/proc/$FAR/ns/net")" != "$(readlink /proc/self/ns/net)" ] &&
        [ "$(cat "/proc/$FAR/comm")" = sleep ]; do sleep 0.02; done
    far ip link set lo up
    for i in 0 1; do
        ip link add "near$i" type veth peer name "far$i" netns "$FAR" 2>"$T/veth" ||
            { echo "skipped: no veth here: $(cat "$T/veth")"; exit 77; }
        ip addr add "10.77.$i.1/24" dev "near$i"
        ip link set "near$i" up
        far ip addr add "10.77.$i.2/24" dev "far$i"
        far ip link set "far$i" up
    done
    ip route add 239.0.0.0/8 dev near0
    far ip route add 239.0.0.0/8 dev far0
}
# far COMMAND...: on the other host
far() { nsenter -t "$FAR" -n "$@"; }

# net_drop [PORT]: what the far host sends (from that TCP port alone) disappears from now on
net_drop() {
    local i
    for i in 0 1; do
        ip xfrm policy add src "10.77.$i.2/32" dst "10.77.$i.1/32" ${1:+proto tcp sport "$1"} dir in action block
    done
}
net_undrop() { ip xfrm policy flush; }
net_down() { far ip link set "${1:-far0}" down; }
net_up() {
    far ip link set "${1:-far0}" up
    [ "${1:-far0}" != far0 ] || far ip route replace 239.0.0.0/8 dev far0
}
# net_lossy: of RTP by UDP, the packets whose sequence number ends in 7 (of 16)
net_lossy() {
    far tc qdisc replace dev far0 root handle 1: htb default 10 &&
        far tc class add dev far0 parent 1: classid 1:10 htb rate 1gbit quantum 60000 &&
        far tc class add dev far0 parent 1: classid 1:20 htb rate 1gbit quantum 60000 &&
        far tc qdisc add dev far0 parent 1:20 blackhole &&
        far tc filter add dev far0 parent 1: protocol ip prio 1 u32 match ip protocol 17 0xff \
            match u16 0x0007 0x000f at 30 flowid 1:20
}
# net_narrow RATE: the far host's link takes so much, and what waits longer than 50 ms is lost
net_narrow() { far tc qdisc replace dev far0 root tbf rate "$1" burst 8k latency 50ms; }
net_wide() { far tc qdisc del dev far0 root; }
# port_open tcp|udp PORT: somebody here listens
port_open() {
    grep -qi ":$(printf %04x "$2") 0*:0000 $([ "$1" = tcp ] && echo 0A || echo 07) " "/proc/net/$1"
}
