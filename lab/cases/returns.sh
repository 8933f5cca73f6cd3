# shellcheck shell=bash disable=SC2154
# A scan, and who comes back for what it showed: at once, after minutes, days or weeks, from the same address or another one; and scans
# after which nobody does. Ordinary visitors come before, between and after, always to the public servers 203.0.113.8-11 and .25.
#
# Each part is captured in one piece; the quiet between two parts (three seconds) is made as long as the case says by lab/stretch.py.

OPEN_SSH=203.0.113.9:22
HIDDEN_SSH=203.0.113.77:2222
PORTAL=203.0.113.140:10443

guarded_network() {
  address out "$@"
  alive out 198.18.7.0/26
  alive in 203.0.113.8/30 203.0.113.25/32 203.0.113.77/32 203.0.113.140/32
  certificate portal.example
  site "$(on_each 80 8 11)$(on_each 10443 140 140 +ssl)" '/=<html><title>Portal</title></html>' '/page=<html><title>News</title></html>' '/remote/login=<html><title>Sign in</title></html>'
  nginx_up
  postfix_up
  sshd 22 2222
  # SSH is open on one public server and, under another port, on one more host; nowhere else.
  at in nft add table ip lab
  at in nft 'add chain ip lab in { type filter hook input priority 0; }'
  at in nft add rule ip lab in ip daddr != 203.0.113.9 tcp dport 22 reject with tcp reset
  at in nft add rule ip lab in ip daddr != 203.0.113.77 tcp dport 2222 reject with tcp reset
  at in nft add rule ip lab in ip daddr != 203.0.113.25 tcp dport 25 reject with tcp reset
  # The first bytes of each packet: headers, greetings and the servers' names.
  capture "$SCRATCH/plain.pcap" in border -s "${SNAP:-128}" ip
}
# visitors SEED [CLIENTS]: twenty visits of the public servers
visitors() {
  at out python3 "$LAB/programs/crowd.py" "${2:-198.18.7.0/26}" 203.0.113.8/30 80 17 --seconds 2.4 --seed "$1" >>"$SCRATCH/log" 2>&1
  at out python3 "$LAB/programs/crowd.py" "${2:-198.18.7.0/26}" 203.0.113.25/32 25 3 --seconds 0.6 --seed "$1" >>"$SCRATCH/log" 2>&1
}
quiet() { sleep 3; }
# spread SECONDS: the quiet between the parts becomes as long as that, a tenth more or less
spread() { captured; python3 "$LAB/stretch.py" "$SCRATCH/plain.pcap" "$DIR/input.pcap" --longer-than 2.5 --jitter 0.1 --gap "$1"; }

# came_back SOURCE RETURNS-FROM GAP HOSTS PORTS TOOL SCAN-COMMAND...: visitors, scan, visitors, the return among visitors, visitors
came_back() {
  visitors 31
  quiet
  "${@:7}"
  quiet
  visitors 32
  quiet
  visitors 33 &
  local crowd=$!
  sleep 1
  log_in "$2" "${OPEN_SSH%:*}" 22
  log_in "$2" "${HIDDEN_SSH%:*}" 2222
  wait $crowd
  quiet
  visitors 34
  spread "$3"
  # What the scanner itself asks when it comes back may stand in its campaign.
  scan "$1" horizontal tcp-syn "$4" "$5" "$([ "$1" != "$2" ] || echo tcp-connect,version-probe)" "$6"
  followup "$2" $OPEN_SSH $HIDDEN_SSH
}
back_masscan() { masscan_to "$1" -p22,2222,3389 --rate 400 203.0.113.0/25; }
back_nmap() { outside nmap -sS -n -Pn -p 22,2222 --min-rate 300 --max-retries 0 -S "$1" -e border 203.0.113.0/25; }

case_return-same-source() {
  SNAP=0
  guarded_network 198.51.100.180
  came_back 198.51.100.180 198.51.100.180 240 128 22,2222,3389 masscan back_masscan 198.51.100.180
  about "The scanner itself logs in, minutes later, where its scan had found SSH."
}
case_return-same-network() {
  guarded_network 198.51.100.181 198.51.100.201
  came_back 198.51.100.181 198.51.100.201 300 128 22,2222 nmap back_nmap 198.51.100.181
  about "Another address of the scanner's /24 logs in, minutes later."
}
case_return-elsewhere() {
  guarded_network 198.51.100.182 10.201.3.7
  came_back 198.51.100.182 10.201.3.7 300 128 22,2222,3389 masscan back_masscan 198.51.100.182
  about "An address that never scanned logs in, minutes later, at both hosts that the scan had found, and nowhere else."
}
case_return-days() {
  guarded_network 198.51.100.183 198.51.100.211
  came_back 198.51.100.183 198.51.100.211 172800 128 22,2222 nmap back_nmap 198.51.100.183
  about "From the scanner's /24, days later. Pauses by lab/stretch.py."
}
case_return-days-elsewhere() {
  guarded_network 198.51.100.184 10.202.8.19
  came_back 198.51.100.184 10.202.8.19 172800 128 22,2222,3389 masscan back_masscan 198.51.100.184
  about "From an address that never scanned, days later. Pauses by lab/stretch.py."
}
case_return-weeks() {
  guarded_network 198.51.100.185
  came_back 198.51.100.185 198.51.100.185 864000 128 22,2222 nmap back_nmap 198.51.100.185
  about "The scanner itself, three weeks later. Pauses by lab/stretch.py."
}
case_return-weeks-elsewhere() {
  guarded_network 198.51.100.186 10.203.44.2
  came_back 198.51.100.186 10.203.44.2 864000 128 22,2222,3389 masscan back_masscan 198.51.100.186
  about "From an address that never scanned, three weeks later. Pauses by lab/stretch.py."
}
case_return-one-service() {
  guarded_network 198.51.100.187
  visitors 41
  quiet
  outside nmap -sS -n -Pn -p 22 --min-rate 300 --max-retries 0 -S 198.51.100.187 -e border 203.0.113.0/26
  quiet
  visitors 42
  log_in 198.51.100.187 203.0.113.9 22
  quiet
  visitors 43
  spread 600
  scan 198.51.100.187 horizontal tcp-syn 64 22 tcp-connect,version-probe nmap
  followup 198.51.100.187 $OPEN_SSH
  about "One host of 64 had SSH; the scanner goes straight to it."
}
case_return-block-scan() {
  SNAP=0
  guarded_network 198.51.100.188 192.0.2.219
  visitors 51
  quiet
  MASSCAN_SECONDS=9 masscan_to 198.51.100.188 -p80,443,943,1194,1723,4433,4443,8443,9443,10443 --rate 600 203.0.113.0/24
  quiet
  visitors 52 &
  local crowd=$!
  sleep 1
  ran "curl -sk --interface 192.0.2.219 https://203.0.113.140:10443/remote/login"
  for _ in 1 2 3; do at out curl -sk -m 3 --interface 192.0.2.219 https://203.0.113.140:10443/remote/login >>"$SCRATCH/log" 2>&1 || true; sleep 0.7; done
  wait $crowd
  quiet
  visitors 53
  spread 420
  scan 198.51.100.188 block tcp-syn 256 80,443,943,1194,1723,4433,4443,8443,9443,10443 "" masscan
  followup 192.0.2.219 $PORTAL
  about "A whole block probed on the ports of web and VPN; minutes later another address opens the one portal that was found."
}

# After these scans nobody comes back: the visitors go where they always went, and the administrator logs in as before.
case_scan-then-visitors() {
  guarded_network 198.51.100.189 198.18.9.4
  log_in 198.18.9.4 203.0.113.9 22
  visitors 61
  quiet
  masscan_to 198.51.100.189 -p22,25,80 --rate 400 203.0.113.0/24
  quiet
  visitors 62
  log_in 198.18.9.4 203.0.113.9 22
  quiet
  visitors 63
  spread 3000
  scan 198.51.100.189 horizontal tcp-syn 256 22,25,80 "" masscan
  no_followups
  about "The scan found what the visitors know already; the administrator was there before it. Nobody comes back for what it showed."
}
case_scan-then-visitors-weeks() {
  guarded_network 198.51.100.190
  alive out 198.18.7.64/26
  visitors 71
  quiet
  outside nmap -sS -n -Pn -p 22,25,80 --min-rate 300 --max-retries 0 -S 198.51.100.190 -e border 203.0.113.0/26
  quiet
  visitors 72 198.18.7.64/26
  quiet
  visitors 73 198.18.7.0/25
  spread 604800
  scan 198.51.100.190 horizontal tcp-syn 64 22,25,80 "" nmap
  no_followups
  about "Other visitors in other weeks, to the same public servers. Pauses by lab/stretch.py."
}
