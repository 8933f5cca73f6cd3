# shellcheck shell=bash disable=SC2154
# Scans beside other traffic, and scans seen from within.

# crowd SEED COUNT SECONDS: ordinary clients of the block's servers, in the background
crowd() { daemon out python3 "$LAB/programs/crowd.py" 198.51.100.128/26 203.0.113.0/29 80,443,25 "$2" --seconds "$3" --seed "$1"; }
served_block() {
  address out "$@"
  alive out 198.51.100.128/26
  alive in 203.0.113.0/28
  serve in 22=ssh 25=smtp 80=http 443=http
}

case_mixed-hidden-scan() {
  served_block 198.51.100.120
  border -s 96
  crowd 11 150 6
  sleep 1
  outside nmap -sS -n -Pn -p 22 --max-rate 20 --max-retries 0 -S 198.51.100.120 -e border 203.0.113.0/26
  sleep 2
  captured
  scan 198.51.100.120 horizontal tcp-syn 64 22 "" nmap
  about "64 probes among the visits of 64 ordinary clients."
}
case_mixed-scanner-browses() {
  served_block 198.51.100.121
  border -s 96
  outside python3 "$LAB/programs/crowd.py" 198.51.100.121/32 203.0.113.0/29 80,443,25 40 --seconds 2 --seed 2
  masscan_to 198.51.100.121 -p445 --rate 200 203.0.113.0/25
  outside python3 "$LAB/programs/crowd.py" 198.51.100.121/32 203.0.113.0/29 80,443 40 --seconds 2 --seed 3
  captured
  scan 198.51.100.121 horizontal tcp-syn 128 25,80,443,445 tcp-connect,banner-grab,version-probe masscan
  about "The scanner visits servers as everybody does, then scans, then visits again. Its ports count the visits, too."
}
case_mixed-two-scanners() {
  served_block 198.51.100.122 192.0.2.122
  border
  zmap_to 198.51.100.122 -p 8080 -r 60 203.0.113.0/24 &
  outside nmap -sS -n -Pn -p 22,3389 --max-rate 60 --max-retries 0 -S 192.0.2.122 -e border 203.0.113.0/26
  wait $! || true
  captured
  scan 198.51.100.122 horizontal tcp-syn 256 8080 "" zmap
  scan 192.0.2.122 horizontal tcp-syn 64 22,3389 "" nmap
  separate
  about "Two scanners of different tools and ports at once: two scans."
}
case_mixed-four-shards() {
  address out 198.51.100.123 198.51.100.124 192.0.2.123 192.0.2.124
  alive in 203.0.113.16/30
  serve in 443=http
  border
  local n=0 source
  for source in 198.51.100.123 198.51.100.124 192.0.2.123 192.0.2.124; do
    zmap_to $source -p 443 -r 60 --seed 77 --shards 4 --shard $n 203.0.113.0/24
    n=$((n + 1))
  done
  captured
  scan 198.51.100.123,198.51.100.124,192.0.2.123,192.0.2.124 horizontal tcp-syn 256 443 "" zmap
  about "One scan in four shards from four addresses."
}
case_mixed-spoofed-flood() {
  served_block 198.51.100.125
  border
  ran "hping3 --rand-source -S -p 80 -i u1000 -c 1500 203.0.113.5"
  at out hping3 -q -n --rand-source -S -p 80 -i u1000 -c 1500 -I border 203.0.113.5 >>"$SCRATCH/log" 2>&1 &
  sleep 0.3
  outside nmap -sS -n -Pn -p 23,2323 --max-rate 60 --max-retries 0 -S 198.51.100.125 -e border 203.0.113.0/26
  wait $! || true
  captured
  scan 198.51.100.125 horizontal tcp-syn 64 23,2323 "" nmap
  about "1,500 SYNs from as many forged addresses to one host, and a scan among them."
}
case_mixed-infected-host() {
  address in 203.0.113.66
  alive out 198.51.100.0/28
  serve out 80=http 443=http
  border -s 96
  inside python3 "$LAB/programs/crowd.py" 203.0.113.66/32 198.51.100.0/28 80,443 30 --seconds 2
  ran masscan -p23 --shard 1/40000 --rate 300 10.0.0.0/8
  at in timeout -s KILL 7 masscan --adapter border --adapter-ip 203.0.113.66 --router-mac 02:00:5e:00:00:01 --wait 0 -p23 --shard 1/40000 --rate 300 10.0.0.0/8 >>"$SCRATCH/log" 2>&1 || true
  captured
  scan 203.0.113.66 horizontal tcp-syn "about 420" "23,80,443" tcp-connect,version-probe masscan
  detect_with --blocks 203.0.113.0/24
  about "An own host browses, and tries Telnet at scattered addresses outside."
}
case_mixed-infected-random() {
  address in 203.0.113.67
  border
  ran "hping3 -S -p 23 --rand-dest -i u5000 -c 300 10.x.x.x"
  at in hping3 -q -n -S -p 23 --rand-dest -a 203.0.113.67 -i u5000 -c 300 -I border 10.x.x.x >>"$SCRATCH/log" 2>&1 || true
  captured
  scan 203.0.113.67 horizontal tcp-syn "300" 23 "" hping3
  detect_with --blocks 203.0.113.0/24
  about "An own host tries Telnet at random addresses; none answers."
}
case_mixed-internal-scan() {
  address out 10.77.4.9
  alive in 10.77.5.0/28 10.77.6.40/30
  serve in 22=ssh 445=echo
  border
  outside nmap -sS -n -Pn -p 22,445 --min-rate 300 --max-retries 0 -S 10.77.4.9 -e border 10.77.5.0/25
  captured
  scan 10.77.4.9 horizontal tcp-syn 128 22,445 "" nmap
  detect_with --blocks 10.77.4.0/22
  about "From within to within."
}
case_mixed-two-blocks() {
  address out 198.51.100.126
  alive in 203.0.113.16/30 192.0.2.16/30
  serve in 22=ssh
  border
  zmap_to 198.51.100.126 -p 22 -r 300 203.0.113.0/25 192.0.2.0/25
  captured
  scan 198.51.100.126 horizontal tcp-syn 256 22 "" zmap
  detect_with --blocks 203.0.113.0/24,192.0.2.0/24
  about "Two separate blocks of one holder."
}
case_mixed-scan-and-backscatter() {
  address out 198.51.100.127 198.51.100.99
  alive in 203.0.113.16/30
  serve out 80=http
  serve in 22=ssh
  border src net 198.51.100.0/24
  local n
  ran "hping3 -S -a FORGED -p 80 198.51.100.99, for 120 forged addresses"
  for n in $(seq 0 119); do
    at in timeout 2 hping3 -q -n -c 1 -i u1000 -I border -a 203.0.113.$((n + 60)) -S -p 80 -s $((2000 + n * 7)) 198.51.100.99 >/dev/null 2>&1 &
    sleep 0.01
  done
  outside nmap -sS -n -Pn -p 22,23 --min-rate 200 --max-retries 0 -S 198.51.100.127 -e border 203.0.113.0/27
  sleep 2
  captured
  scan 198.51.100.127 horizontal tcp-syn 32 22,23 "" nmap
  about "Inbound only: a victim's SYN-ACKs to 120 addresses, and a scan of 32 hosts."
}
