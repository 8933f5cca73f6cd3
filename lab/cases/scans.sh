# shellcheck shell=bash disable=SC2154
# One scan in each, of every kind. In the block 203.0.113.0/24 four or eight hosts are alive, with SSH and HTTP; all others are dead.

target_network() { address out "$@"; alive in 203.0.113.16/30 203.0.113.200/30; serve in 22=ssh 80=http 25=smtp; }

# one_nmap SOURCE SHAPE PROBES HOSTS PORTS TARGETS ARGUMENTS...: a raw nmap scan of 203.0.113.0/24 or a part of it
one_nmap() {
  target_network "$1"
  border
  outside nmap -n -Pn --min-rate 400 --max-retries 1 -S "$1" -e border "${@:7}" "$6"
  captured
  # Window 1024, the MSS alone, one sequence number: SYNs show who sent them, the other kinds hardly do.
  if [ "$3" = tcp-syn ]; then scan "$1" "$2" "$3" "$4" "$5" "" "${TOOL:-nmap}"; else scan "$1" "$2" "$3" "$4" "$5" "" nmap\?; fi
}
case_nmap-syn() { one_nmap 198.51.100.60 horizontal tcp-syn 64 22,80,443 203.0.113.0/26 -sS -p 22,80,443; }
case_nmap-fin() { one_nmap 198.51.100.61 horizontal tcp-fin 64 22,80,443 203.0.113.0/26 -sF -p 22,80,443; }
case_nmap-null() { one_nmap 198.51.100.62 horizontal tcp-null 64 22,80,443 203.0.113.0/26 -sN -p 22,80,443; }
case_nmap-xmas() { one_nmap 198.51.100.63 horizontal tcp-xmas 64 22,80,443 203.0.113.0/26 -sX -p 22,80,443; }
case_nmap-maimon() { one_nmap 198.51.100.64 horizontal tcp-maimon 64 22,80,443 203.0.113.0/26 -sM -p 22,80,443; }
case_nmap-ack() { one_nmap 198.51.100.65 horizontal tcp-ack 64 22,80,443 203.0.113.0/26 -sA -p 22,80,443; }
case_nmap-window() { one_nmap 198.51.100.66 horizontal tcp-ack 64 22,80,443 203.0.113.0/26 -sW -p 22,80,443; about "The window scan sends ACKs."; }
case_nmap-synfin() { one_nmap 198.51.100.67 horizontal tcp-syn-fin 64 22,80,443 203.0.113.0/26 -sS --scanflags SYNFIN -p 22,80,443; }
case_nmap-udp() { one_nmap 198.51.100.68 horizontal udp 64 53,123,161,1900 203.0.113.0/26 -sU -p 53,123,161,1900; }
case_nmap-sctp() { one_nmap 198.51.100.69 horizontal sctp-init 64 2905,3868,36412 203.0.113.0/26 -sY -p 2905,3868,36412; about "No SCTP in this kernel: live hosts answer with ICMP protocol unreachable."; }
case_nmap-protocols() { one_nmap 198.51.100.70 horizontal ip-protocol 32 "2,4,47,50,51,88,103,112" 203.0.113.0/27 -sO -p 2,4,47,50,51,88,103,112; about "Eight IP protocols of 32 hosts; ports are protocol numbers."; }
case_nmap-udp-vertical() { one_nmap 198.51.100.71 vertical udp 1 "100 ports, 200-299" 203.0.113.17 -sU -p 200-299; }
case_nmap-null-vertical() { one_nmap 198.51.100.72 vertical tcp-null 1 "60 ports, 1-60" 203.0.113.17 -sN -p 1-60; }
case_nmap-vertical() { one_nmap 198.51.100.73 vertical tcp-syn 1 "1000, the most common" 203.0.113.201 -sS; }
case_nmap-block() { one_nmap 198.51.100.74 block tcp-syn 32 "20 ports, 1-20" 203.0.113.0/27 -sS -p 1-20; }
case_nmap-ten-ports() { one_nmap 198.51.100.75 vertical tcp-syn 1 21,22,23,25,80,110,143,443,3306,8080 203.0.113.16 -sS -p 21,22,23,25,80,110,143,443,3306,8080; about "Ten ports of one live host: the least that is vertical."; }
case_nmap-five-dead() { TOOL=nmap\? one_nmap 198.51.100.76 horizontal tcp-syn 5 445 203.0.113.100-104 -sS -p 445; about "Five dead hosts, one port: the least that must be reported."; }
case_nmap-random-order() { one_nmap 198.51.100.77 horizontal tcp-syn 128 3389 203.0.113.0/25 -sS -p 3389 --randomize-hosts; }
case_nmap-decoys() {
  target_network 198.51.100.78
  border
  outside nmap -sS -n -Pn -p 22,80 --min-rate 300 --max-retries 0 -S 198.51.100.78 -e border -D 192.0.2.9,192.0.2.77,ME 203.0.113.0/26
  captured
  for source in 198.51.100.78 192.0.2.9 192.0.2.77; do scan $source horizontal tcp-syn 64 22,80 "" nmap; done
  about "Decoys: the packets of three addresses cannot be told apart, so each of them scans."
}
case_nmap-connect() {
  target_network 198.51.100.79
  border
  outside nmap -sT -n -Pn -p 22,80,443 --max-retries 0 --host-timeout 20s --min-rate 300 203.0.113.0/26
  captured
  scan 198.51.100.79 horizontal tcp-connect 64 22,80,443 banner-grab none
}
case_nmap-version() {
  target_network 198.51.100.80
  border
  outside nmap -sS -sV --version-light -n -Pn -p 22,25,80 --min-rate 300 --max-retries 1 203.0.113.8/29 203.0.113.16/30
  captured
  scan 198.51.100.80 horizontal tcp-syn,version-probe 12 22,25,80 tcp-connect,banner-grab nmap
}
case_nmap-os() {
  target_network 198.51.100.81
  border
  outside nmap -O -n -Pn -p 1-30 --min-rate 300 --max-retries 1 --max-os-tries 1 203.0.113.200/30
  captured
  scan 198.51.100.81 vertical tcp-syn,os-probe 4 "30 ports, 1-30" icmp-echo,tcp-ack,tcp-fin,tcp-null,tcp-syn-fin,tcp-xmas,udp,tcp-connect nmap
}
case_nmap-default-discovery() {
  target_network 198.51.100.82
  border
  outside nmap -sn -n --min-rate 300 --max-retries 0 203.0.113.0/25
  captured
  scan 198.51.100.82 horizontal icmp-echo 128 "" icmp-timestamp,tcp-ack,tcp-syn,tcp-connect nmap\?
  about "nmap's usual discovery: ping, timestamp, SYN to 443, ACK to 80."
}

# one_ping SOURCE PROBES ARGUMENT
one_ping() {
  target_network "$1"
  border
  outside nmap -sn -n "$3" --min-rate 300 --max-retries 0 -S "$1" -e border 203.0.113.0/25
  captured
  scan "$1" horizontal "$2" 128 "" "" nmap\?
}
case_ping-echo() { one_ping 198.51.100.83 icmp-echo -PE; }
case_ping-timestamp() { one_ping 198.51.100.84 icmp-timestamp -PP; }
case_ping-mask() { one_ping 198.51.100.85 icmp-mask -PM; }
case_ping-protocols() {
  target_network 198.51.100.86
  border
  outside nmap -sn -n -PO2,4,47 --min-rate 300 --max-retries 0 -S 198.51.100.86 -e border 203.0.113.0/26
  captured
  scan 198.51.100.86 horizontal ip-protocol 64 2,4,47 "" nmap\?
}

# The link's own sweeps: no static neighbours, so ARP and ND are asked.
case_arp-sweep() {
  ip -n "$OUT" addr add 10.66.1.9/24 dev border
  for host in 1 2 20 21 22 130; do ip -n "$IN" addr add 10.66.1.$host/24 dev border; done
  border
  outside nmap -sn -n -PR --max-retries 0 -S 10.66.1.9 -e border 10.66.1.0/24
  captured
  scan 10.66.1.9 horizontal arp 256 "" "" nmap\?
  about "nmap asks for all 256 addresses, its own among them."
}
case_nd-sweep() {
  ip -n "$OUT" addr add 2001:db8:66::9/64 dev border nodad
  for host in 1 2 20 21; do ip -n "$IN" addr add 2001:db8:66::$host/64 dev border nodad; done
  border
  outside nmap -6 -sn -n --max-retries 0 -S 2001:db8:66::9 -e border 2001:db8:66::/121
  captured
  scan 2001:db8:66::9 horizontal nd 128 "" "" nmap\?
  about "Neighbour solicitations for the 128 addresses of a /121, the scanner's own among them."
}

case_ipv6-syn() { one_nmap6 2001:db8:51::60 tcp-syn 64 22,80,443 2001:db8:113::/122 -sS -p 22,80,443; }
case_ipv6-ping() { one_nmap6 2001:db8:51::61 icmp-echo 128 "" 2001:db8:113::/121 -sn -PE; }
case_ipv6-udp() { one_nmap6 2001:db8:51::62 udp 64 53,161 2001:db8:113::/122 -sU -p 53,161; }
case_ipv6-fin() { one_nmap6 2001:db8:51::63 tcp-fin 64 22,80 2001:db8:113::/122 -sF -p 22,80; }
one_nmap6() {
  address out "$1"
  alive in 2001:db8:113::10/126
  serve in 22=ssh 80=http
  border
  if [ "$2" = icmp-echo ]; then outside nmap -6 -n --min-rate 300 --max-retries 0 -S "$1" -e border "${@:6}" "$5"
  else outside nmap -6 -n -Pn --min-rate 300 --max-retries 0 -S "$1" -e border "${@:6}" "$5"; fi
  captured
  scan "$1" horizontal "$2" "$3" "$4" "" nmap\?
}
case_ipv6-low-byte-networks() {
  address out 2001:db8:51::64
  alive in 2001:db8:113:4::1/128 2001:db8:113:9::1/128
  serve in 22=ssh
  border
  local targets=()
  for n in $(seq 0 47); do targets+=("2001:db8:113:$(printf %x "$n")::1"); done
  outside nmap -6 -sS -n -Pn -p 22 --min-rate 300 --max-retries 0 -S 2001:db8:51::64 -e border "${targets[@]}"
  captured
  scan 2001:db8:51::64 horizontal tcp-syn 48 22 "" nmap\?
  about "::1 of 48 networks."
}
case_ipv6-masscan() {
  address out 2001:db8:51::65
  alive in 2001:db8:113::10/126
  serve in 80=http
  border
  ran masscan -p80,443 --rate 300 2001:db8:113::/121
  at out timeout -s KILL 8 masscan --adapter border --adapter-ip 2001:db8:51::65 --router-mac-ipv6 02:00:5e:00:00:02 --wait 0 -p80,443 --rate 300 2001:db8:113::/121 >>"$SCRATCH/log" 2>&1 || true
  captured
  scan 2001:db8:51::65 horizontal tcp-syn 128 80,443 "" masscan
}

# one_hping SOURCE SHAPE PROBES HOSTS PORTS ARGUMENTS...: one hping3 a host
one_hping() {
  target_network "$1"
  border
  ran "hping3 ${*:6} 203.0.113.N, for N from 0 to 63"
  for n in $(seq 0 63); do at out timeout 2 hping3 -q -n -c 1 -i u1000 -I border -a "$1" "${@:6}" 203.0.113."$n" >>"$SCRATCH/log" 2>&1 & sleep 0.02; done
  sleep 2
  captured
  if [ "$3" = tcp-syn ]; then scan "$1" "$2" "$3" "$4" "$5" "" hping3; else scan "$1" "$2" "$3" "$4" "$5" "" hping3\?; fi
}
case_hping3-syn() { one_hping 198.51.100.87 horizontal tcp-syn 64 8443 -S -p 8443; }
case_hping3-fin() { one_hping 198.51.100.88 horizontal tcp-fin 64 22 -F -p 22; }
case_hping3-udp() { one_hping 198.51.100.89 horizontal udp 64 5060 -2 -p 5060; }
case_hping3-icmp() { one_hping 198.51.100.90 horizontal icmp-echo 64 "" -1; }
case_hping3-timestamp() { one_hping 198.51.100.91 horizontal icmp-timestamp 64 "" -1 -C 13; }
case_hping3-ports() {
  target_network 198.51.100.92
  border
  outside hping3 --scan 1-200 -S -I border -a 198.51.100.92 203.0.113.18
  captured
  scan 198.51.100.92 vertical tcp-syn 1 "200 ports, 1-200" "" hping3
}
case_hping3-synack() {
  target_network 198.51.100.93
  border
  ran "hping3 -SA -p 80 203.0.113.N, for N from 0 to 63"
  for n in $(seq 0 63); do at out timeout 2 hping3 -q -n -c 1 -i u1000 -I border -a 198.51.100.93 -S -A -p 80 203.0.113."$n" >>"$SCRATCH/log" 2>&1 & sleep 0.02; done
  sleep 2
  captured
  scan 198.51.100.93 horizontal tcp-synack 64 80 "" hping3\?
  about "SYN-ACKs to one service of many: a scan, unlike backscatter, whose source port is the service."
}

case_masscan-two-ports() {
  target_network 198.51.100.94
  border
  masscan_to 198.51.100.94 -p22,8080 --rate 300 203.0.113.0/24
  captured
  scan 198.51.100.94 horizontal tcp-syn 256 22,8080 "" masscan
}
case_masscan-one-host() {
  target_network 198.51.100.95
  border
  masscan_to 198.51.100.95 -p1-300 --rate 300 203.0.113.202
  captured
  scan 198.51.100.95 vertical tcp-syn 1 "300 ports, 1-300" "" masscan
}
case_masscan-ping() {
  target_network 198.51.100.96
  border
  masscan_to 198.51.100.96 --ping --rate 300 203.0.113.0/24
  captured
  scan 198.51.100.96 horizontal icmp-echo 256 "" "" masscan\?
}
case_masscan-udp() {
  target_network 198.51.100.97
  border
  masscan_to 198.51.100.97 -pU:161 --rate 300 203.0.113.0/24
  captured
  scan 198.51.100.97 horizontal udp 256 161 "" masscan\?
}
case_masscan-banners() {
  target_network 198.51.100.98
  # masscan speaks TCP itself; the kernel must not reset its connections.
  at out nft add table ip lab
  at out nft 'add chain ip lab out { type filter hook output priority 0; }'
  at out nft add rule ip lab out tcp flags rst drop
  border
  MASSCAN_SECONDS=14 masscan_to 198.51.100.98 -p22,80 --banners --source-port 61000 --rate 300 203.0.113.0/25
  captured
  scan 198.51.100.98 horizontal tcp-syn 128 22,80 banner-grab,version-probe,tcp-connect masscan
}
case_zmap-tcp() { target_network 198.51.100.99; border; zmap_to 198.51.100.99 -p 8080 -r 400 203.0.113.0/24; captured; scan 198.51.100.99 horizontal tcp-syn 256 8080 "" zmap; }
case_zmap-icmp() { target_network 198.51.100.100; border; zmap_to 198.51.100.100 -M icmp_echoscan -r 400 203.0.113.0/24; captured; scan 198.51.100.100 horizontal icmp-echo 256 "" "" zmap\?; }
case_zmap-udp() {
  target_network 198.51.100.101
  border
  zmap_to 198.51.100.101 -M udp -p 53 --probe-args=hex:000001000001000000000000076578616d706c6503636f6d0000010001 -r 400 203.0.113.0/24
  captured
  scan 198.51.100.101 horizontal udp 256 53 "" zmap\?
}

case_order-reverse() {
  target_network 198.51.100.102
  border
  outside python3 "$LAB/programs/connect.py" --reverse --wait 0.05 203.0.113.0-203.0.113.99 5900
  captured
  scan 198.51.100.102 horizontal tcp-connect 100 5900 "" none
  about "From the highest address to the lowest."
}
case_order-sequential() {
  target_network 198.51.100.103
  border
  outside python3 "$LAB/programs/connect.py" --wait 0.05 203.0.113.0-203.0.113.99 5900
  captured
  scan 198.51.100.103 horizontal tcp-connect 100 5900 "" none
}
case_order-ports-sequential() {
  target_network 198.51.100.104
  border
  outside nmap -r -sS -n -Pn -p 100-160 --min-rate 300 --max-retries 0 -S 198.51.100.104 -e border 203.0.113.19
  captured
  scan 198.51.100.104 vertical tcp-syn 1 "61 ports, 100-160" "" nmap
}
case_connect-grab() {
  target_network 198.51.100.105
  alive in 203.0.113.64/27
  border
  outside python3 "$LAB/programs/connect.py" --pause 0.02 --wait 0.05 203.0.113.60-203.0.113.110 25
  captured
  scan 198.51.100.105 horizontal tcp-connect 51 25 banner-grab none
  about "Most of the targets are alive and greet; the source closes without a word."
}

# slow NAME: one probe at a time, then the pauses are stretched
slow() { captured; python3 "$LAB/stretch.py" "$SCRATCH/plain.pcap" "$DIR/input.pcap" --longer-than 0.03 --jitter 0.2 --gap "$1"; }
case_slow-hourly() {
  target_network 198.51.100.106
  capture "$SCRATCH/plain.pcap" in border ip
  zmap_to 198.51.100.106 -p 3389 -r 10 -n 120 203.0.113.0/24
  slow 3600
  scan 198.51.100.106 horizontal tcp-syn 120 3389 "" zmap
  about "One probe an hour for five days: a real capture whose pauses lab/stretch.py made longer."
}
case_slow-six-hours() {
  target_network 198.51.100.107
  capture "$SCRATCH/plain.pcap" in border ip
  outside python3 "$LAB/programs/connect.py" --wait 0.09 203.0.113.20-203.0.113.59 23
  slow 21600
  scan 198.51.100.107 horizontal tcp-connect 40 23 "" none
  about "One probe every six hours for ten days; pauses by lab/stretch.py."
}
case_slow-vertical() {
  target_network 198.51.100.108
  capture "$SCRATCH/plain.pcap" in border ip
  outside nmap -sS -n -Pn -p 1-24 --scan-delay 100ms --max-retries 0 -S 198.51.100.108 -e border 203.0.113.203
  slow 1800
  scan 198.51.100.108 vertical tcp-syn 1 "24 ports, 1-24" "" nmap
  about "A port every half hour; pauses by lab/stretch.py."
}
case_slow-ping() {
  target_network 198.51.100.109
  capture "$SCRATCH/plain.pcap" in border ip
  ran "hping3 -1 -c 1 203.0.113.N, for N from 100 to 149"
  for n in $(seq 100 149); do at out timeout 2 hping3 -q -n -c 1 -1 -I border -a 198.51.100.109 203.0.113."$n" >>"$SCRATCH/log" 2>&1 & sleep 0.1; done
  slow 7200
  scan 198.51.100.109 horizontal icmp-echo 50 "" "" hping3\?
  about "A ping every two hours; pauses by lab/stretch.py."
}

case_one-way-inbound-scan() {
  target_network 198.51.100.110
  border dst net 203.0.113.0/24
  outside nmap -sS -n -Pn -p 22,80,443 --min-rate 300 --max-retries 1 -S 198.51.100.110 -e border 203.0.113.0/26
  captured
  scan 198.51.100.110 horizontal tcp-syn 64 22,80,443 "" nmap
  about "Only what comes in was captured: a scan still."
}

# A survey of one's own block, as `detect` sees it: whoever is scanned shall see what it was. WATCHPOST names another build.
case_watchpost-survey() {
  target_network 198.51.100.96
  printf '%s\n' 'organisation = "Lab"' 'authorised_by = "the lab"' 'valid_until = "2999-01-01"' 'about = "https://scans.lab.example/"' \
    'blocks = ["203.0.113.0/26"]' 'lab = true' 'tcp = "22,80,443"' 'icmp = true' '[rate]' 'all = 2000' 'network = 2000' 'host = 50' >"$SCRATCH/scope.toml"
  border
  ran watchpost survey --scope scope.toml --tcp 22,80,443 --discover off --raw
  at out "${WATCHPOST:-$LAB/../target/debug/watchpost}" survey --scope "$SCRATCH/scope.toml" --tcp 22,80,443 --discover off --raw --interface border \
    --source 198.51.100.96 --gateway-mac 02:00:5e:00:00:02 --audit "$SCRATCH/audit" --stop-file "$SCRATCH/stop" >>"$SCRATCH/log" 2>&1 || true
  captured
  scan 198.51.100.96 horizontal tcp-syn 64 22,80,443 tcp-connect,banner-grab,version-probe watchpost
  about "The MSS alone, IP identification WP; then ordinary connections to what is open, and a User-Agent with the address of a page about it."
}
