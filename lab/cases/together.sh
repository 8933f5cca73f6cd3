# shellcheck shell=bash disable=SC2154
# Who belongs together: one scan from several addresses; strangers with the same tool and port on the same block; and two tools at once.

# meanwhile COMMAND...: in the background, until `all_done`
RUNNING=()
meanwhile() { "$@" & RUNNING+=($!); }
all_done() { wait "${RUNNING[@]}" || true; RUNNING=(); captured; }
raw_nmap() { outside nmap -sS -n -Pn --max-retries 0 -S "$1" -e border "${@:2}"; }

case_together-two-tools() {
  target_network 198.51.100.140 192.0.2.140
  border
  meanwhile masscan_to 198.51.100.140 -p443 --rate 90 203.0.113.0/24
  meanwhile zmap_to 192.0.2.140 -p 443 -r 80 203.0.113.0/24
  all_done
  scan 198.51.100.140 horizontal tcp-syn 256 443 "" masscan
  scan 192.0.2.140 horizontal tcp-syn 256 443 "" zmap
  separate
  about "masscan and zmap at once, from two addresses, to the same port of the same block."
}
case_together-three-tools() {
  target_network 198.51.100.141 192.0.2.141 10.44.1.9
  border
  meanwhile masscan_to 198.51.100.141 -p22 --rate 80 203.0.113.0/25
  meanwhile zmap_to 192.0.2.141 -p 22 -r 60 203.0.113.0/25
  meanwhile raw_nmap 10.44.1.9 -p 22 --max-rate 50 203.0.113.0/25
  all_done
  scan 198.51.100.141 horizontal tcp-syn 128 22 "" masscan
  scan 192.0.2.141 horizontal tcp-syn 128 22 "" zmap
  scan 10.44.1.9 horizontal tcp-syn 128 22 "" nmap
  separate
}
case_strangers-masscan() {
  target_network 198.51.100.142 192.0.2.142
  border
  meanwhile masscan_to 198.51.100.142 -p22 --rate 100 --seed 11 203.0.113.0/24
  meanwhile masscan_to 192.0.2.142 -p22 --rate 80 --seed 4711 203.0.113.0/24
  all_done
  scan 198.51.100.142 horizontal tcp-syn 256 22 "" masscan
  scan 192.0.2.142 horizontal tcp-syn 256 22 "" masscan
  separate
  about "The same tool, port, block and time; each covers all of it: two scans."
}
case_strangers-masscan-samples() {
  target_network 198.51.100.143 192.0.2.143
  border
  meanwhile masscan_to 198.51.100.143 -p22 --rate 60 --seed 11 --shard 1/3 203.0.113.0/24
  meanwhile masscan_to 192.0.2.143 -p22 --rate 60 --seed 4711 --shard 2/3 203.0.113.0/24
  all_done
  samples 198.51.100.143 192.0.2.143 22 masscan
  about "Each probes a third of the block, drawn by its own seed: they meet as often as chance lets them."
}
# samples A B PORT TOOL: two labels, with as many hosts as each of them touched
samples() {
  local source
  for source in "$1" "$2"; do scan "$source" horizontal tcp-syn "$(touched "$source")" "$3" "" "$4"; done
  separate
}
touched() { tcpdump -nr "$DIR/input.pcap" "src host $1 and tcp[13] == 2" 2>/dev/null | awk '{print $5}' | sed 's/\.[0-9]*:$//' | sort -u | wc -l; }
case_strangers-zmap() {
  target_network 198.51.100.144 192.0.2.144
  border
  meanwhile zmap_to 198.51.100.144 -p 8443 -r 100 --seed 11 203.0.113.0/24
  meanwhile zmap_to 192.0.2.144 -p 8443 -r 80 --seed 4711 203.0.113.0/24
  all_done
  scan 198.51.100.144 horizontal tcp-syn 256 8443 "" zmap
  scan 192.0.2.144 horizontal tcp-syn 256 8443 "" zmap
  separate
  about "The same tool, port, block and time, with different seeds: two scans."
}
case_strangers-zmap-samples() {
  target_network 198.51.100.145 192.0.2.145
  border
  meanwhile zmap_to 198.51.100.145 -p 8443 -r 60 --seed 11 --shards 3 --shard 0 203.0.113.0/24
  meanwhile zmap_to 192.0.2.145 -p 8443 -r 60 --seed 4711 --shards 3 --shard 1 203.0.113.0/24
  all_done
  samples 198.51.100.145 192.0.2.145 8443 zmap
  about "Each walks a third of the block, by its own generator."
}
case_strangers-nmap() {
  target_network 198.51.100.146 192.0.2.146
  border
  meanwhile raw_nmap 198.51.100.146 -p 3389 --max-rate 90 203.0.113.0/25
  meanwhile raw_nmap 192.0.2.146 -p 3389 --max-rate 70 203.0.113.0/25
  all_done
  scan 198.51.100.146 horizontal tcp-syn 128 3389 "" nmap
  scan 192.0.2.146 horizontal tcp-syn 128 3389 "" nmap
  separate
}
case_strangers-connect() {
  target_network 198.51.100.147 192.0.2.147
  border
  meanwhile outside python3 "$LAB/programs/connect.py" --source 198.51.100.147 --wait 0.05 203.0.113.0-203.0.113.79 23
  meanwhile outside python3 "$LAB/programs/connect.py" --source 192.0.2.147 --wait 0.04 203.0.113.0-203.0.113.79 23
  all_done
  scan 198.51.100.147 horizontal tcp-connect 80 23 "" none
  scan 192.0.2.147 horizontal tcp-connect 80 23 "" none
  separate
  about "Two ordinary stacks go through the same 80 hosts in the same order."
}
case_shards-masscan() {
  local n=0 sources=(198.51.100.148 198.51.100.149 192.0.2.148 10.44.2.77)
  target_network "${sources[@]}"
  border
  for source in "${sources[@]}"; do n=$((n + 1)); meanwhile masscan_to "$source" -p445 --rate 40 --seed 99 --shard $n/4 203.0.113.0/24; done
  all_done
  scan "$(IFS=,; echo "${sources[*]}")" horizontal tcp-syn 256 445 "" masscan
  about "One scan in four shards (masscan --shard 1/4 to 4/4, one seed) from four addresses of three networks."
}
case_shards-zmap-at-once() {
  local n=0 sources=(198.51.100.150 198.51.100.151 192.0.2.150 10.44.3.8)
  address out "${sources[@]}"
  alive in 198.18.40.16/30 198.18.42.200/30
  serve in 443=http
  border
  for source in "${sources[@]}"; do meanwhile zmap_to "$source" -p 443 -r 100 --seed 4242 --shards 4 --shard $n 198.18.40.0/22; n=$((n + 1)); done
  all_done
  scan "$(IFS=,; echo "${sources[*]}")" horizontal tcp-syn 1024 443 "" zmap
  about "One scan of a /22 in four shards at once, from four addresses of three networks."
}
case_quarters-nmap() {
  local n=0 sources=(198.51.100.152 198.51.100.153 192.0.2.152 10.44.4.21)
  target_network "${sources[@]}"
  border
  for source in "${sources[@]}"; do meanwhile raw_nmap "$source" -p 22,5900 --max-rate 60 203.0.113.$((n * 64))/26; n=$((n + 1)); done
  all_done
  scan "$(IFS=,; echo "${sources[*]}")" horizontal tcp-syn 256 22,5900 "" nmap
  about "Four hosts scan a quarter of the block each, at the same time, with the same two ports."
}

# What options change, and what they do not.
one_masscan() { target_network "$1"; border; masscan_to "$1" "${@:2}" --rate 300 203.0.113.0/25; captured; scan "$1" horizontal tcp-syn 128 5985 "" masscan; }
case_masscan-source-port() { one_masscan 198.51.100.154 -p5985 --source-port 53211; about "One fixed source port."; }
case_masscan-ttl() { one_masscan 198.51.100.155 -p5985 --ttl 64; about "A TTL like that of an ordinary stack."; }
case_zmap-source-port() {
  target_network 198.51.100.156
  border
  zmap_to 198.51.100.156 -p 5985 -r 300 -s 53000 203.0.113.0/25
  captured
  scan 198.51.100.156 horizontal tcp-syn 128 5985 "" zmap
}
case_zmap-four-threads() {
  address out 198.51.100.157
  alive in 198.18.40.16/30
  border
  zmap_to 198.51.100.157 -p 5985 -r 400 -T 4 --seed 77 198.18.40.0/22
  captured
  scan 198.51.100.157 horizontal tcp-syn 1024 5985 "" zmap
}
masscan6_to() {
  ran masscan --adapter-ip "$1" "${@:2}"
  at out timeout -s KILL 8 masscan --adapter border --adapter-ip "$1" --router-mac-ipv6 02:00:5e:00:00:02 --wait 0 "${@:2}" >>"$SCRATCH/log" 2>&1 || true
}
case_ipv6-two-tools() {
  address out 2001:db8:51::68 2001:db8:52::69
  alive in 2001:db8:113::10/126
  serve in 22=ssh
  border
  meanwhile masscan6_to 2001:db8:51::68 -p22 --rate 100 2001:db8:113::/121
  meanwhile outside nmap -6 -sS -n -Pn -p 22 --max-rate 90 --max-retries 0 -S 2001:db8:52::69 -e border 2001:db8:113::/121
  all_done
  scan 2001:db8:51::68 horizontal tcp-syn 128 22 "" masscan
  scan 2001:db8:52::69 horizontal tcp-syn 128 22 "" nmap\?
  separate
}
case_ipv6-masscan-network() {
  address out 2001:db8:51::6a
  alive in 2001:db8:113::10/126
  border
  masscan6_to 2001:db8:51::6a -p3389 --rate 400 2001:db8:113::/119
  captured
  scan 2001:db8:51::6a horizontal tcp-syn 512 3389 "" masscan
}
