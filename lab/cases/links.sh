# shellcheck shell=bash disable=SC2154
# One and the same small scan, as different links, files and wrappings show it: 16 hosts (four of them alive), three ports.

SMALL=203.0.113.16/28

# small_network SOURCE; small_scan SOURCE [ARGUMENTS]; the label's line
small_network() { address out "$1"; alive in 203.0.113.16/30; serve in 22=ssh 80=http; }
small_scan() { outside nmap -sS -n -Pn -p 22,80,443 --min-rate 200 --max-retries 1 -S "$1" -e border "${@:2}" $SMALL; }
small_label() { scan "$1" horizontal tcp-syn 16 22,80,443 "" nmap; }

# wrapped KIND SOURCE NOTE: captured as Ethernet, then wrapped
wrapped() {
  small_network "$2"
  capture "$SCRATCH/plain.pcap" in border
  small_scan "$2"
  captured
  python3 "$LAB/encapsulate.py" "$1" "$SCRATCH/plain.pcap" "$DIR/input.pcap"
  small_label "$2"
  about "$3 made by lab/encapsulate.py around the packets of a real capture: this kernel has no such link."
}

case_link-ethernet() { small_network 198.51.100.7; border; small_scan 198.51.100.7; captured; small_label 198.51.100.7; about "Ethernet, pcap with microseconds."; }
case_link-any-cooked2() {
  small_network 198.51.100.21
  capture "$DIR/input.pcap" in any -y LINUX_SLL2
  small_scan 198.51.100.21
  captured
  small_label 198.51.100.21
  about "tcpdump -i any: Linux cooked v2."
}
case_link-any-cooked1() {
  small_network 198.51.100.22
  capture "$DIR/input.pcap" in any -y LINUX_SLL
  small_scan 198.51.100.22
  captured
  small_label 198.51.100.22
  about "tcpdump -i any -y LINUX_SLL: Linux cooked v1."
}
case_link-raw-tun() {
  small_network 198.51.100.23
  daemon out python3 "$LAB/programs/tun_relay.py" "$OUT" "$IN" "$SCRATCH/tun"
  for _ in $(seq 100); do [ ! -e "$SCRATCH/tun" ] || break; sleep 0.05; done
  ip -n "$OUT" addr add 169.254.78.1/30 dev tun0
  ip -n "$IN" addr add 169.254.78.2/30 dev tun0
  ip -n "$OUT" link set tun0 up
  ip -n "$IN" link set tun0 up
  ip -n "$OUT" route add 203.0.113.0/24 dev tun0 src 198.51.100.23
  ip -n "$IN" route add 198.51.100.23/32 dev tun0
  capture "$DIR/input.pcap" in tun0
  outside nmap -sS -n -Pn -p 22,80,443 --min-rate 200 --max-retries 1 --send-ip -S 198.51.100.23 -e tun0 $SMALL
  captured
  small_label 198.51.100.23
  about "A tun device: raw IP without a link header."
}
case_link-loopback() {
  serve in 22=ssh 80=http
  capture "$DIR/input.pcap" in lo
  inside nmap -sT -n -Pn -p 22,80,443 --max-retries 0 127.0.3.0/27
  inside nmap -6 -sT -n -Pn -p 1-30 --max-retries 0 ::1
  captured
  about "A scan of 127.0.0.0/8 and ::1 on lo: loopback is never a campaign."
}
case_link-vxlan() {
  small_network 198.51.100.24
  ip -n "$OUT" link add vx address 02:00:5e:00:01:01 type vxlan id 77 local 169.254.77.1 remote 169.254.77.2 dstport 4789 dev border
  ip -n "$IN" link add vx address 02:00:5e:00:01:02 type vxlan id 77 local 169.254.77.2 remote 169.254.77.1 dstport 4789 dev border
  ip -n "$OUT" addr add 169.254.79.1/30 dev vx
  ip -n "$IN" addr add 169.254.79.2/30 dev vx
  ip -n "$OUT" link set vx up
  ip -n "$IN" link set vx up
  ip -n "$OUT" neigh replace 169.254.79.2 lladdr 02:00:5e:00:01:02 dev vx nud permanent
  ip -n "$IN" neigh replace 169.254.79.1 lladdr 02:00:5e:00:01:01 dev vx nud permanent
  ip -n "$OUT" route add 203.0.113.0/24 via 169.254.79.2 dev vx src 198.51.100.24
  ip -n "$IN" route add 198.51.100.24/32 via 169.254.79.1 dev vx
  border udp port 4789
  outside nmap -sS -n -Pn -p 22,80,443 --min-rate 200 --max-retries 1 -S 198.51.100.24 -e vx $SMALL
  captured
  small_label 198.51.100.24
  about "VXLAN by the kernel, captured on the outer link."
}
case_link-vlan() { wrapped vlan 198.51.100.25 "802.1Q,"; }
case_link-qinq() { wrapped qinq 198.51.100.26 "802.1ad,"; }
case_link-mpls() { wrapped mpls 198.51.100.27 "Two MPLS labels,"; }
case_link-pppoe() { wrapped pppoe 198.51.100.28 "PPPoE,"; }
case_link-gre() { wrapped gre 198.51.100.29 "GRE,"; }
case_link-gre-key() { wrapped gre-key 198.51.100.30 "GRE with key and sequence number,"; }
case_link-gre-ethernet() { wrapped gre-ethernet 198.51.100.31 "Ethernet in GRE,"; }
case_link-ipip() { wrapped ipip 198.51.100.32 "IP in IP,"; }
case_link-ip-in-ipv6() { wrapped ip-in-ipv6 198.51.100.33 "IPv4 in IPv6,"; }
case_link-geneve() { wrapped geneve 198.51.100.34 "Geneve,"; open_label; about "Geneve made by lab/encapsulate.py; a reader that does not open it may report nothing, but nothing false."; : >"$SCRATCH/scans"; }
case_link-null() { wrapped null 198.51.100.35 "BSD loopback header,"; }
case_link-loop() { wrapped loop 198.51.100.36 "OpenBSD loopback header,"; }
case_link-radiotap() { wrapped radiotap 198.51.100.37 "802.11 with radiotap,"; open_label; : >"$SCRATCH/scans"; about "802.11 with radiotap, made by lab/encapsulate.py; may be skipped with a count."; }
case_file-big-endian() { wrapped big-endian 198.51.100.38 "pcap in the other byte order,"; about "pcap in the other byte order."; }

case_link-6in4() { v6_wrapped ipip 2001:db8:51::53 "IPv6 in IPv4 (protocol 41)"; }
case_link-6in6() { v6_wrapped ip-in-ipv6 2001:db8:51::54 "IPv6 in IPv6"; }
case_ipv6-extension-headers() { v6_wrapped hop-by-hop 2001:db8:51::55 "IPv6 with hop-by-hop, destination options and an atomic fragment header"; }
v6_wrapped() {
  address out "$2"
  address in 2001:db8:113::1
  alive in 2001:db8:113::10/126
  serve in 22=ssh 80=http
  capture "$SCRATCH/plain.pcap" in border ip6 and not icmp6
  outside nmap -6 -sS -n -Pn -p 22,80,443 --min-rate 200 --max-retries 1 -S "$2" -e border 2001:db8:113::10/124
  captured
  python3 "$LAB/encapsulate.py" "$1" "$SCRATCH/plain.pcap" "$DIR/input.pcap"
  scan "$2" horizontal tcp-syn 16 22,80,443 "" nmap\?
  about "$3, made by lab/encapsulate.py around the packets of a real capture."
}
case_ipv6-options-connect() {
  address out 2001:db8:51::56
  alive in 2001:db8:113::10/126
  serve in 22=ssh 80=http
  border ip6 and not icmp6
  outside python3 "$LAB/programs/connect.py" --options 2001:db8:113::10/124 22,80,443
  captured
  scan 2001:db8:51::56 horizontal tcp-connect 16 22,80,443 banner-grab none
  about "Connects whose SYNs carry hop-by-hop and destination options, by the kernel itself."
}

case_file-nanosecond() { small_network 198.51.100.39; border --time-stamp-precision=nano; small_scan 198.51.100.39; captured; small_label 198.51.100.39; about "pcap with nanoseconds."; }
case_file-snap64() { small_network 198.51.100.40; border -s 64; small_scan 198.51.100.40; captured; small_label 198.51.100.40; about "Snap length 64: every packet's headers are there, payload is cut."; }
case_file-snap38() {
  small_network 198.51.100.41
  border -s 38
  small_scan 198.51.100.41
  captured
  open_label
  about "Snap length 38: Ethernet, IPv4 and four bytes of TCP; the flags are cut off, so nothing can be known but addresses and ports."
}
case_file-gzip() { small_network 198.51.100.42; border; small_scan 198.51.100.42; captured; gzip -n "$DIR/input.pcap"; small_label 198.51.100.42; about "gzip."; }
case_file-zstd() { small_network 198.51.100.43; border; small_scan 198.51.100.43; captured; zstd -q --rm "$DIR/input.pcap"; small_label 198.51.100.43; about "zstd."; }
case_file-pcapng() {
  small_network 198.51.100.44
  capture "$SCRATCH/plain.pcap" in border
  small_scan 198.51.100.44
  captured
  editcap -F pcapng "$SCRATCH/plain.pcap" "$DIR/input.pcapng"
  small_label 198.51.100.44
  about "pcapng, by editcap."
}
case_file-pcapng-two-interfaces() {
  small_network 198.51.100.45
  cable second
  ip -n "$OUT" addr add 169.254.80.1/30 dev second
  ip -n "$IN" addr add 169.254.80.2/30 dev second
  ip -n "$OUT" neigh replace 169.254.80.2 lladdr 02:00:5e:00:00:02 dev second nud permanent
  ip -n "$OUT" route add 203.0.113.24/29 via 169.254.80.2 dev second src 198.51.100.45
  ip netns exec "$IN" dumpcap -q -i border -i second -w "$DIR/input.pcapng" 2>"$SCRATCH/dumpcap" &
  CAPTURES+=($!)
  sleep 1.5
  outside nmap -sS -n -Pn -p 22,80,443 --min-rate 200 --max-retries 1 -S 198.51.100.45 203.0.113.16/29
  outside nmap -sS -n -Pn -p 22,80,443 --min-rate 200 --max-retries 1 -S 198.51.100.45 203.0.113.24/29
  captured
  small_label 198.51.100.45
  about "dumpcap on two interfaces: half of the scan comes by each."
}
case_file-pcapng-two-links() {
  small_network 198.51.100.46
  ip netns exec "$IN" dumpcap -q -i border -i any -w "$DIR/input.pcapng" 2>"$SCRATCH/dumpcap" &
  CAPTURES+=($!)
  sleep 1.5
  small_scan 198.51.100.46
  captured
  small_label 198.51.100.46
  about "dumpcap on Ethernet and on any: two link types in one file, every packet twice."
}
case_file-cut() {
  small_network 198.51.100.47
  capture "$SCRATCH/plain.pcap" in border
  small_scan 198.51.100.47
  captured
  head -c -21 "$SCRATCH/plain.pcap" >"$DIR/input.pcap"
  small_label 198.51.100.47
  about "Cut off within the last packet, as by a full disk: what came before counts."
}
case_ipv4-options() { small_network 198.51.100.48; border; small_scan 198.51.100.48 --ip-options R; captured; small_label 198.51.100.48; about "IPv4 with the record-route option (nmap --ip-options R)."; }
case_fragments-8() {
  small_network 198.51.100.49
  border
  small_scan 198.51.100.49 -f
  captured
  scan 198.51.100.49 horizontal tcp-syn 16 22,80,443 "" nmap\?
  about "nmap -f: TCP headers in fragments of 8 bytes, so the first one holds the ports and the second one the flags."
}
case_fragments-16() {
  small_network 198.51.100.50
  border
  small_scan 198.51.100.50 --mtu 16
  captured
  scan 198.51.100.50 horizontal tcp-syn 16 22,80,443 "" nmap\?
  about "nmap --mtu 16: the first fragment holds ports and flags, the second one the option."
}
