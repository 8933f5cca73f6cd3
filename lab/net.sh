# shellcheck shell=bash
# One case's network: two namespaces, joined by one cable, and nothing else.
#
#   out  "the Internet": scanners, clients, far servers       169.254.77.1 fe80::77:1
#   in   "the guarded network": servers, and who infects it   169.254.77.2 fe80::77:2
#
# Both ends are called `border`. Each side's default route is the other side; there is no route out of the two. An
# address is alive where `alive` says so (a local route gives a whole block at once), and dead otherwise: packets to
# it cross the cable and are dropped in silence. The neighbours are static, so ARP and ND are seen only where a case
# asks for them. Checksums and segments are the kernel's own: the offloads are off.

PREFIX=wplab
PIDS=()

net_up() {
  ID=$PREFIX$(od -An -N3 -tx1 /dev/urandom | tr -d ' ')
  trap net_down EXIT
  net_make
}

# net_make: the two namespaces of $ID and their cable.
net_make() {
  OUT=$ID-out IN=$ID-in
  space "$OUT"
  space "$IN"
  cable border
}

# space NAMESPACE: makes it, with the kernel's own traffic and limits off.
space() {
  ip netns add "$1"
  ip -n "$1" link set lo up
  ip netns exec "$1" sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
    net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.router_solicitations=0 \
    net.ipv6.conf.default.autoconf=0 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.tcp_syncookies=0 \
    net.ipv4.ip_local_port_range='20000 60999' net.ipv4.ping_group_range='0 2147483647' net.ipv6.conf.all.mldv1_unsolicited_report_interval=600000
  ip netns exec "$1" sysctl -q -w net.ipv4.icmp_msgs_per_sec=100000 net.ipv4.icmp_msgs_burst=100000 2>/dev/null || true
}

# cable NAME: a veth pair of that name between the two namespaces, with static neighbours.
cable() {
  local ns
  ip -n "$OUT" link add "$1" address 02:00:5e:00:00:01 type veth peer name "$1" address 02:00:5e:00:00:02 netns "$IN"
  for ns in "$OUT" "$IN"; do
    ip netns exec "$ns" ethtool -K "$1" tx off tso off gso off gro off >/dev/null 2>&1
    ip netns exec "$ns" sysctl -q -w "net.ipv6.conf.$1.addr_gen_mode=1" "net.ipv6.conf.$1.accept_ra=0"
  done
  [ "$1" = border ] || { ip -n "$OUT" link set "$1" up; ip -n "$IN" link set "$1" up; return; }
  ip -n "$OUT" addr add 169.254.77.1/30 dev border
  ip -n "$IN" addr add 169.254.77.2/30 dev border
  ip -n "$OUT" link set border up
  ip -n "$IN" link set border up
  ip -n "$OUT" addr add fe80::77:1/64 dev border nodad
  ip -n "$IN" addr add fe80::77:2/64 dev border nodad
  ip -n "$OUT" neigh replace 169.254.77.2 lladdr 02:00:5e:00:00:02 dev border nud permanent
  ip -n "$IN" neigh replace 169.254.77.1 lladdr 02:00:5e:00:00:01 dev border nud permanent
  ip -n "$OUT" neigh replace fe80::77:2 lladdr 02:00:5e:00:00:02 dev border nud permanent
  ip -n "$IN" neigh replace fe80::77:1 lladdr 02:00:5e:00:00:01 dev border nud permanent
  ip -n "$OUT" route replace default via 169.254.77.2 dev border
  ip -n "$IN" route replace default via 169.254.77.1 dev border
  ip -n "$OUT" -6 route replace default via fe80::77:2 dev border
  ip -n "$IN" -6 route replace default via fe80::77:1 dev border
}

# Ends this case's own processes, by id, and its namespaces.
net_down() {
  local ns pid
  for pid in "${PIDS[@]:-}"; do [ -z "$pid" ] || kill "$pid" 2>/dev/null || true; done
  for ns in $(ip netns list | sed -n "s/^\($ID-[a-z0-9]*\).*/\1/p"); do
    for pid in $(ip netns pids "$ns" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
    ip netns del "$ns" 2>/dev/null || true
  done
  [ -z "${SCRATCH:-}" ] || rm -rf "$SCRATCH"
}

# address out|in ADDRESS...: addresses of the link; the first of each family is what programs send from.
address() {
  local ns=$OUT gate=169.254.77.2 gate6=fe80::77:2 a first='' first6=''
  [ "$1" = out ] || { ns=$IN gate=169.254.77.1 gate6=fe80::77:1; }
  shift
  for a in "$@"; do
    case $a in
      *:*) ip -n "$ns" addr add "$a/128" dev border nodad; : "${first6:=$a}" ;;
      *) ip -n "$ns" addr add "$a/32" dev border; : "${first:=$a}" ;;
    esac
  done
  [ -z "$first" ] || ip -n "$ns" route replace default via $gate dev border src "$first"
  [ -z "$first6" ] || ip -n "$ns" -6 route replace default via $gate6 dev border src "$first6"
}

# alive out|in PREFIX...: every address of these prefixes is a host that answers.
alive() {
  local ns=$OUT p
  [ "$1" = out ] || ns=$IN
  shift
  for p in "$@"; do
    case $p in
      *:*) ip -n "$ns" -6 route add local "$p" dev lo ;;
      *) ip -n "$ns" route add local "$p" dev lo ;;
    esac
  done
}

# at out|in COMMAND...: runs it there, unrecorded, for 200 seconds at most.
at() {
  local ns=$OUT
  [ "$1" = out ] || ns=$IN
  shift
  timeout -k 2 200 ip netns exec "$ns" "$@"
}

# outside / inside COMMAND...: runs it there; its command line becomes part of the label.
outside() { ran "$@"; at out "$@" >>"$SCRATCH/log" 2>&1 || true; }
inside() { ran "$@"; at in "$@" >>"$SCRATCH/log" 2>&1 || true; }
ran() { local line="$*"; line=${line//"$LAB/programs/"/lab/programs/}; echo "${line//"$SCRATCH"/.}" >>"$SCRATCH/commands"; }

# daemon out|in COMMAND...: runs it there in the background until the case ends.
daemon() { at "$@" >>"$SCRATCH/log" 2>&1 & PIDS+=($!); }

# serve out|in PORT=KIND...: programs/serve.py, ready when this returns.
serve() {
  local side=$1 ready="$SCRATCH/ready.$RANDOM"
  shift
  daemon "$side" python3 "$LAB/programs/serve.py" --ready "$ready" "$@"
  for _ in $(seq 100); do [ ! -e "$ready" ] || return 0; sleep 0.05; done
  echo "the servers did not start" >&2
  return 1
}

# capture FILE SIDE INTERFACE TCPDUMP-ARGUMENTS...: tcpdump in the background, listening when this returns.
capture() {
  local file=$1 ns=$OUT interface=$3 said
  [ "$2" = out ] || ns=$IN
  shift 3
  said=$SCRATCH/tcpdump.$RANDOM
  ip netns exec "$ns" tcpdump --immediate-mode -B 16384 -U -n -Z root -i "$interface" -w "$file" "$@" 2>"$said" &
  CAPTURES+=($!)
  for _ in $(seq 100); do grep -q 'listening on' "$said" && return 0; sleep 0.05; done
  cat "$said" >&2
  return 1
}
CAPTURES=()

# captured: ends the captures, once the last packets are in.
captured() {
  local pid
  sleep 0.5
  for pid in "${CAPTURES[@]}"; do kill -INT "$pid"; wait "$pid" || true; done
  CAPTURES=()
}

# border [FILTER]: captures at the inner end of the cable into the case's input.
border() { capture "$DIR/input.pcap" in border "$@"; }

# zmap_to SOURCE ARGUMENTS...: zmap, with what it needs to know of this network.
zmap_to() {
  outside zmap -i border -S "$1" -G 02:00:5e:00:00:02 -b /dev/null -c 1 -q -v 0 --disable-syslog -o /dev/null "${@:2}"
}

# masscan_to SOURCE ARGUMENTS...: masscan likewise; 1.3.2 often does not end by itself.
masscan_to() {
  ran masscan --adapter-ip "$1" "${@:2}"
  at out timeout -s KILL "${MASSCAN_SECONDS:-6}" masscan --adapter border --adapter-ip "$1" --router-mac 02:00:5e:00:00:02 --wait 0 "${@:2}" \
    >>"$SCRATCH/log" 2>&1 || true
}

# What the label says: `about TEXT`, `scan ...` (see lab/label.py), `followup SOURCE TARGET...` and `no_followups` (of the last scan), `detect_with ARGUMENT...`,
# `open_label`, `separate`.
about() { echo "$*" >"$SCRATCH/note"; }
scan() { printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" "${6:-}" "${7:-}" >>"$SCRATCH/scans"; }
followup() { printf '%s\t%s\t%s\n' "$(wc -l <"$SCRATCH/scans")" "$1" "$(echo "${@:2}" | tr " " ,)" >>"$SCRATCH/followups"; }
no_followups() { printf '%s\t\t\n' "$(wc -l <"$SCRATCH/scans")" >>"$SCRATCH/followups"; }
detect_with() { printf '%s\n' "$@" >"$SCRATCH/args"; }
open_label() { : >"$SCRATCH/open"; }
separate() { : >"$SCRATCH/separate"; }
