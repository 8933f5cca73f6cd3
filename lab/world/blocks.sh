# shellcheck shell=bash disable=SC2034,SC2154
# The parts that only need a kernel: blocks of live, half-live and dead addresses.

# A /22 on which every address has a few of a hundred ports open, 4,096 in all; the others are closed (RST).
part_services() {
  BLOCKS=(10.77.4.0/22)
  python3 "$LAB/world/truth.py" services "$STATE"
  alive in 10.77.4.0/22
  rules inside <"$STATE/services.nft"
  listeners
}

# A /16 of which one address in twenty answers, on port 80 and no other; all others are silent.
part_wide() {
  BLOCKS=(10.88.0.0/16)
  python3 "$LAB/world/truth.py" wide "$STATE"
  alive in 10.88.0.0/16
  rules inside <"$STATE/wide.nft"
  listeners
}

# Nobody at all: a /12, and the /16 10.99.0.0 in it. The scope names the /16, scope-dead12.toml the whole.
part_dead() {
  BLOCKS=(10.99.0.0/16)
  ip -n "$IN" route replace blackhole 10.96.0.0/12
  scope scope-dead12 10.96.0.0/12
}

# A few live hosts in a /64, by number, by name and by MAC address; 2001:db8:77:1::/64 answers everywhere.
part_six() {
  BLOCKS=(2001:db8:77::/64 2001:db8:77:1::/64)
  local a hosts=(1 2 3 a 10 11 53 80 100 443 1:1 cafe babe beef dead:beef face:b00c 211:22ff:fe33:4455 211:22ff:fe33:4456
    5054:ff:fe12:3456 be24:11ff:fe00:9a7c a00:27ff:fe4e:66a1 3a5d:91c2:77b0:e41f)
  for a in "${hosts[@]}"; do
    case $a in *:*:*:*) a=2001:db8:77:0:$a ;; *) a=2001:db8:77::$a ;; esac
    alive in "$a/128"
    printf '%s %s\n' "$a" 22 "$a" 80 "$a" 443
  done >"$STATE/six.truth"
  alive in 2001:db8:77:1::/64
  rules inside <<'N'
table inet lab_six {
  chain input {
    type filter hook input priority 0
    ip6 daddr { 2001:db8:77::/64, 2001:db8:77:1::/64 } tcp dport != { 22, 80, 443 } reject with tcp reset
  }
}
N
  # Nobody is there: silence, where a host behind a real router would be looked for by ND.
  ip -n "$IN" -6 route replace blackhole 2001:db8:77::/64
  listeners
}

# Hosts on the scanner's own link, found by ARP and by ND.
part_link() {
  BLOCKS=(10.77.12.0/24 2001:db8:78::/64)
  local a
  ip -n "$OUT" addr add 10.77.12.7/24 dev border
  ip -n "$OUT" addr add 2001:db8:78::7/64 dev border nodad
  for a in 10.77.12.1 10.77.12.20 10.77.12.33 10.77.12.254; do
    ip -n "$IN" addr add $a/24 dev border
    printf '%s %s\n' $a 22 $a 80
  done >"$STATE/link.truth"
  for a in 2001:db8:78::1 2001:db8:78::20 2001:db8:78::cafe 2001:db8:78:0:5e:ff:fe00:2; do
    ip -n "$IN" addr add $a/64 dev border nodad
    printf '%s %s\n' $a 22 $a 80
  done >>"$STATE/link.truth"
  rules inside <<'N'
table inet lab_link {
  chain input {
    type filter hook input priority 0
    ip daddr 10.77.12.0/24 tcp dport != { 22, 80 } reject with tcp reset
    ip6 daddr 2001:db8:78::/64 tcp dport != { 22, 80 } reject with tcp reset
  }
}
N
  listeners
}

# A /24 with 64 hosts, 40 ms away in each direction (LAB_DELAY: another number of milliseconds).
part_delay() {
  BLOCKS=(10.77.11.0/24)
  local n
  space "$ID-far"
  hardened "$ID-far"
  rm -f "$STATE/relay.ready"
  # The relay holds a device in both namespaces; it runs in the one behind.
  stay far relay python3 "$LAB/relay.py" "$IN" "$ID-far" "$STATE/relay.ready" --delay "${LAB_DELAY:-40}"
  wait_for "$STATE/relay.ready"
  ip -n "$IN" link set far up
  ip -n "$ID-far" link set far up
  ip -n "$IN" route replace 10.77.11.0/24 dev far
  ip -n "$ID-far" route replace default dev far
  for n in $(seq 0 4 252); do
    ip -n "$ID-far" route replace local "10.77.11.$n/32" dev lo
    printf '%s %s\n' "10.77.11.$n" 22 "10.77.11.$n" 80 "10.77.11.$n" 443
  done >"$STATE/delay.truth"
  listen_in far 22 80 443
}

# listeners: one listener a port on every address of `inside`; the blocks' tables say who may be asked.
listeners() {
  [ ! -e "$STATE/listen-inside.ready" ] || return 0
  local ports
  mapfile -t ports < <(python3 "$LAB/world/truth.py" ports)
  listen_in inside "${ports[@]}"
}

# listen_in SIDE PORT-OR-KIND=PORT...
listen_in() {
  local side=$1
  shift
  stay "$side" "listen-$side" python3 "$LAB/programs/listen.py" "$STATE/listen-$side.ready" "$@"
  wait_for "$STATE/listen-$side.ready"
}
