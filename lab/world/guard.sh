# shellcheck shell=bash disable=SC2034,SC2154
# The parts that stand in a scanner's way: firewalls, SYN proxies, tarpits. Ports 80 and 443 of each are true services,
# but for the tarpits, which have none: their truth is empty.

guard_up() {
  behind guard 0 "$@"
  [ -e "$STATE/listen-guard.ready" ] || listen_in guard 80 443 silent=64009 drip=64013
}

# Hosts with 80 and 443 open, behind firewalls: .0/26 drops all else, .64/26 says "administratively prohibited", .128/26 resets.
part_firewalls() {
  BLOCKS=(10.77.8.0/24)
  guard_up 10.77.8.0/24
  ip -n "$ID-guard" route replace blackhole 10.77.8.192/26
  ip -n "$ID-guard" route del local 10.77.8.0/24 dev lo
  for n in 0 64 128; do ip -n "$ID-guard" route replace local "10.77.8.$n/26" dev lo; done
  rules guard <<'N'
table inet lab_firewalls {
  chain input {
    type filter hook input priority 0
    ip daddr 10.77.8.0/24 tcp dport { 80, 443 } accept
    ip daddr 10.77.8.0/26 drop
    ip daddr 10.77.8.64/26 reject with icmp type admin-prohibited
    ip daddr 10.77.8.128/26 meta l4proto tcp reject with tcp reset
    ip daddr 10.77.8.128/26 reject with icmp type port-unreachable
  }
}
N
  truth_of firewalls 10.77.8 0 191
}

# The kernel's own SYN proxy answers every SYN with a window of 0. Behind .0/26 the other ports are closed: what connects
# is reset; behind .64/26 they are dropped: what connects hears nothing, ever.
part_synproxy() {
  BLOCKS=(10.77.9.0/25)
  guard_up 10.77.9.0/25
  ip netns exec "$ID-guard" sysctl -q -w net.netfilter.nf_conntrack_tcp_loose=0
  rules guard <<'N'
table inet lab_synproxy {
  chain early {
    type filter hook prerouting priority raw
    iifname "guard" ip daddr 10.77.9.0/25 tcp flags syn / fin,syn,rst,ack notrack
  }
  chain input {
    type filter hook input priority 0
    ip daddr 10.77.9.64/26 iifname "lo" tcp dport != { 80, 443 } drop
    ip daddr 10.77.9.0/25 iifname "guard" meta l4proto tcp ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
    ip daddr 10.77.9.0/25 meta l4proto tcp ct state invalid drop
  }
}
N
  truth_of synproxy 10.77.9 0 127
}

# Every port of every host "opens". .0/26: nobody ever speaks; .64/26: a byte every ten seconds; .128/26: a window of
# ten bytes that never opens (as LaBrea does), by a program.
part_tarpit() {
  BLOCKS=(10.77.10.0/25 10.77.10.128/26)
  guard_up 10.77.10.0/25
  rules guard <<'N'
table ip lab_tarpit {
  chain every_port {
    type nat hook prerouting priority dstnat
    ip daddr 10.77.10.0/26 meta l4proto tcp redirect to :64009
    ip daddr 10.77.10.64/26 meta l4proto tcp redirect to :64013
  }
}
N
  rm -f "$STATE/tarpit.ready"
  stay guard tarpit python3 "$LAB/tarpit.py" "$STATE/tarpit.ready"
  wait_for "$STATE/tarpit.ready"
  ip -n "$ID-guard" link set pit up
  ip -n "$ID-guard" route replace 10.77.10.128/26 dev pit
  ip netns exec "$ID-guard" sysctl -q -w net.ipv4.ip_forward=1
  ip -n "$IN" route replace 10.77.10.128/26 via 169.254.78.2
  : >"$STATE/tarpit.truth"
}

# truth_of PART PREFIX FIRST LAST: 80 and 443 of these addresses.
truth_of() {
  local n
  for n in $(seq "$3" "$4"); do printf '%s %s\n' "$2.$n" 80 "$2.$n" 443; done >"$STATE/$1.truth"
}
