# shellcheck shell=bash disable=SC2034
# The survey's lab: a world that stands until it is taken down, where a case of `lab/run` lasts for its own run.
#
#   outside  the scanner, 198.51.100.7 and 2001:db8:5::7
#   inside   behind the cable `border`: the blocks that only need a kernel, and the way to the others
#   guard    behind inside: firewalls, SYN proxies, tarpits (connection tracking would cost inside its speed)
#   servers  behind inside: real daemons
#   far      behind inside, over a relay that delays every packet
#
# Names carry an id, by default made of this folder's path, so that two working copies do not meet; LAB_ID is another.
# What stands is told in $STATE: the files lab.sh (shell variables), scope*.toml, *.truth, and a mark for each part.
# None of the namespaces has a route to anywhere else.

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=net.sh
. "$LAB/net.sh"
LAB_ID=${LAB_ID:-$(printf %s "$LAB" | sha256sum | cut -c1-6)}
case $LAB_ID in *[!a-z0-9]* | '') echo "LAB_ID: small letters and digits only" >&2; exit 2 ;; esac
ID=wpworld$LAB_ID OUT=wpworld$LAB_ID-out IN=wpworld$LAB_ID-in
STATE=/run/watchpost-lab-$LAB_ID
WORLD_PARTS="services wide dead firewalls synproxy tarpit six link delay daemons udp"
SOURCE=198.51.100.7 SOURCE6=2001:db8:5::7
OUT_MAC=02:00:5e:00:00:01 IN_MAC=02:00:5e:00:00:02
# shellcheck source=world/blocks.sh
. "$LAB/world/blocks.sh"
# shellcheck source=world/guard.sh
. "$LAB/world/guard.sh"
# shellcheck source=world/servers.sh
. "$LAB/world/servers.sh"

stands() { ip netns list | grep -q "^$ID-$1\b"; }
namespace() {
  case $1 in
    outside) echo "$OUT" ;;
    inside) echo "$IN" ;;
    guard | servers | far) echo "$ID-$1" ;;
    *) echo "no such side: $1 (outside inside guard servers far)" >&2; return 2 ;;
  esac
}

# base: the two namespaces, the cable, the scanner's addresses.
base() {
  if stands in && [ -e "$STATE/base" ]; then return; fi
  net_down
  rm -rf "$STATE"
  mkdir -p -m 711 "$STATE/log" # daemons with users of their own walk through it
  net_make
  address out $SOURCE $SOURCE6
  ip netns exec "$IN" sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  # Back to the scanner's networks and nowhere else: what is nobody's ends here.
  ip -n "$IN" route replace 198.51.100.0/24 via 169.254.77.1 dev border
  ip -n "$IN" -6 route replace 2001:db8:5::/64 via fe80::77:1 dev border
  ip -n "$IN" route replace blackhole default
  ip -n "$IN" -6 route replace blackhole default
  hardened "$IN"
  : >"$STATE/base"
}

# hardened NAMESPACE: queues and cookies that live through a flood of SYNs.
hardened() {
  ip netns exec "$1" sysctl -q -w net.core.somaxconn=65535 net.ipv4.tcp_max_syn_backlog=65535 net.ipv4.tcp_syncookies=1 net.ipv4.tcp_fin_timeout=5
}

# behind SIDE N PREFIX...: one more namespace behind inside, and the way to its blocks; every address of them is alive.
behind() {
  local side=$1 n=$2 ns p
  ns=$ID-$side
  shift 2
  if ! stands "$side"; then
    space "$ns"
    hardened "$ns"
    ip -n "$IN" link add "$side" type veth peer name "$side" netns "$ns"
    ip -n "$IN" addr add "169.254.78.$((n * 4 + 1))/30" dev "$side"
    ip -n "$ns" addr add "169.254.78.$((n * 4 + 2))/30" dev "$side"
    ip -n "$IN" link set "$side" up
    ip -n "$ns" link set "$side" up
    ip -n "$ns" route add default via "169.254.78.$((n * 4 + 1))"
  fi
  for p in "$@"; do
    ip -n "$IN" route replace "$p" via "169.254.78.$((n * 4 + 2))"
    ip -n "$ns" route replace local "$p" dev lo
  done
}

# stay SIDE NAME COMMAND...: a program of the lab's own that runs until lab/down; its words are in $STATE/log/NAME.
stay() {
  local ns name=$2
  ns=$(namespace "$1")
  shift 2
  setsid ip netns exec "$ns" "$@" >"$STATE/log/$name" 2>&1 </dev/null &
  echo $! >>"$STATE/pids"
  disown
}

# rules SIDE: an nftables table from standard input, in the place of the one of its name.
rules() {
  local text
  text=$(cat)
  printf '%s\ndelete %s\n%s\n' "$(head -1 <<<"$text" | tr -d '{')" "$(head -1 <<<"$text" | tr -d '{')" "$text" \
    | ip netns exec "$(namespace "$1")" nft -f -
}

# wait_for FILE: until it is there, 10 seconds at most.
wait_for() {
  for _ in $(seq 200); do [ ! -e "$1" ] || return 0; sleep 0.05; done
  echo "$(basename "$1") did not come: see $STATE/log" >&2
  return 1
}

# scope NAME PREFIX...: a scope file with caps that no lab reaches.
scope() {
  local name=$1 blocks
  shift
  blocks=$(printf '"%s", ' "$@")
  cat >"$STATE/$name.toml" <<TOML
organisation = "Lab $LAB_ID"
authorised_by = "whoever started lab/up"
valid_until = "$(date -u -d '+30 days' +%F)"
about = "https://lab.example/scans"
blocks = [${blocks%, }]
tcp = "1-65535"
udp = "1-65535"
icmp = true
lab = true

[rate]
all = 10000000
network = 10000000
host = 10000000
TOML
}

# Writes lab.sh: what a test needs to know, as shell variables.
tell() {
  local part blocks=() all=() variable
  {
    echo "# Written by lab/up."
    echo "LAB_ID=$LAB_ID"
    echo "LAB_STATE=$STATE"
    for part in outside inside guard servers far; do echo "LAB_${part^^}=$(namespace $part)"; done
    echo "LAB_INTERFACE=border"
    echo "LAB_SOURCE=$SOURCE"
    echo "LAB_SOURCE6=$SOURCE6"
    echo "LAB_SOURCE_MAC=$OUT_MAC"
    echo "LAB_GATEWAY_MAC=$IN_MAC"
    echo "LAB_SCOPE=$STATE/scope.toml"
    for part in $WORLD_PARTS; do
      [ -e "$STATE/part-$part" ] || continue
      mapfile -t blocks <"$STATE/part-$part"
      all+=("${blocks[@]}")
      variable=${part^^}
      echo "LAB_$variable='${blocks[*]}'"
      echo "LAB_SCOPE_$variable=$STATE/scope-$part.toml"
      [ ! -e "$STATE/$part.truth" ] || echo "LAB_TRUTH_$variable=$STATE/$part.truth"
      [ ! -e "$STATE/$part.list" ] || echo "LAB_LIST_$variable=$STATE/$part.list"
      [ ! -e "$STATE/$part.ports" ] || echo "LAB_PORTS_$variable=$(cat "$STATE/$part.ports")"
    done
  } >"$STATE/lab.sh"
  scope scope "${all[@]}"
}

# part NAME: makes it, unless it stands; which blocks it is made of is written down.
part() {
  [ ! -e "$STATE/part-$1" ] || return 0
  BLOCKS=()
  "part_$1"
  scope "scope-$1" "${BLOCKS[@]}"
  printf '%s\n' "${BLOCKS[@]}" >"$STATE/part-$1"
}

# Ends what lab/up started, by id, and removes every namespace of this lab; returns when the programs are gone.
world_down() {
  local pid pids=()
  if [ -e "$STATE/pids" ]; then mapfile -t pids <"$STATE/pids"; fi
  for pid in "${pids[@]}"; do
    # An id may be another's by now: only what runs in one of this lab's namespaces is ended.
    case $(ip netns identify "$pid" 2>/dev/null) in "$ID"-*) kill "$pid" 2>/dev/null || true ;; esac
  done
  net_down
  for pid in "${pids[@]}"; do
    for _ in $(seq 40); do [ -d "/proc/$pid" ] || break; sleep 0.05; done
  done
  rm -rf "$STATE"
}
