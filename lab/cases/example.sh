# shellcheck shell=bash disable=SC2154
# The example that the repository ships: examples/border.pcap.zst, made by `lab/example`. Six hours at the border of 203.0.113.0/24
# and 2001:db8:113::/48. Every part is captured from its own tool; lab/stretch.py gives it its place in the day.

EXAMPLE_DAY=1780531200 # 2026-06-04 00:00:00 UTC
part() { capture "$SCRATCH/$1.pcap" in border -s 128 "${@:2}"; }
# place NAME HOURS-SINCE-MIDNIGHT OPTIONS...
place() {
  captured
  python3 "$LAB/stretch.py" "$SCRATCH/$1.pcap" "$SCRATCH/placed-$1.pcap" --start "$(python3 -c "print($EXAMPLE_DAY + $2 * 3600)")" "${@:3}"
}

case_example-border() {
  address out 198.51.100.7 198.51.100.31 192.0.2.45 192.0.2.86 2001:db8:51::9
  address in 203.0.113.10 203.0.113.66
  alive out 198.51.100.128/25 192.0.2.128/26
  alive in 203.0.113.11/32 203.0.113.12/30 203.0.113.25/32 203.0.113.53/32 203.0.113.80/30 2001:db8:113::10/126 2001:db8:113::53/128
  serve in 22=ssh 25=smtp 80=http 443=http 53=dns
  serve out 80=http 443=http

  part visitors ip
  at out python3 "$LAB/programs/crowd.py" 198.51.100.128/25 203.0.113.10/31,203.0.113.12/30,203.0.113.80/30 80,443,80,443,443,25 420 --seconds 20 --seed 21 >>"$SCRATCH/log" 2>&1
  place visitors 6 --factor 1050
  part people ip
  at in python3 "$LAB/programs/crowd.py" 203.0.113.80/30 192.0.2.128/26,198.51.100.192/27 80,443 150 --seconds 12 --seed 22 >>"$SCRATCH/log" 2>&1
  place people 6.4 --factor 1500

  address out 192.0.2.240
  part backscatter src host 192.0.2.240
  local n
  for n in $(seq 0 79); do
    at in timeout 2 hping3 -q -n -c 1 -i u1000 -I border -a 203.0.113.$((n * 3 % 256)) -S -p $((80 + n % 5 / 4)) -s $((3000 + n * 13)) 192.0.2.240 >/dev/null 2>&1 &
    sleep 0.012
  done
  sleep 2
  place backscatter 9.2 --factor 40

  part masscan ip
  MASSCAN_SECONDS=9 masscan_to 198.51.100.7 -p22,8080 --rate 100 203.0.113.0/24
  place masscan 7.21 --factor 3
  part zmap ip
  zmap_to 198.51.100.31 -p 3389 -r 80 203.0.113.0/24
  place zmap 8.05 --factor 8
  part ports ip
  address out 192.0.2.41
  ip -n "$OUT" route replace 203.0.113.0/24 via 169.254.77.2 dev border src 192.0.2.41
  outside nmap -sT -n -Pn --top-ports 120 --max-retries 0 --max-rate 60 203.0.113.25
  ip -n "$OUT" route del 203.0.113.0/24
  place ports 9.6 --factor 4
  part slow ip
  outside python3 "$LAB/programs/connect.py" --source 192.0.2.86 --wait 0.09 203.0.113.100-203.0.113.117 23
  place slow 6.05 --gap 1200 --longer-than 0.03 --jitter 0.15
  part ping6 ip6 and net 2001:db8:51::/48
  outside nmap -6 -sn -n -PE --max-rate 80 --max-retries 0 -S 2001:db8:51::9 -e border 2001:db8:113::/120
  place ping6 10.4 --factor 5
  part infected ip
  ran masscan -p23 --shard 1/60000 --rate 40 10.0.0.0/8
  at in timeout -s KILL 12 masscan --adapter border --adapter-ip 203.0.113.66 --router-mac 02:00:5e:00:00:01 --wait 0 -p23 --shard 1/60000 --rate 40 10.0.0.0/8 >>"$SCRATCH/log" 2>&1 || true
  place infected 10.9 --factor 20

  mergecap -F pcap -w "$DIR/input.pcap" "$SCRATCH"/placed-*.pcap
  scan 198.51.100.7 horizontal tcp-syn 256 22,8080 "" masscan
  scan 198.51.100.31 horizontal tcp-syn 256 3389 "" zmap
  scan 192.0.2.41 vertical tcp-connect 1 "120, the most common" banner-grab none
  scan 192.0.2.86 horizontal tcp-connect 18 23 "" none
  scan 2001:db8:51::9 horizontal icmp-echo 256 "" "" nmap\?
  scan 203.0.113.66 horizontal tcp-syn "about 280" 23 "" masscan\?
  detect_with --blocks 203.0.113.0/24,2001:db8:113::/48
  about "Six hours at the border of 203.0.113.0/24 and 2001:db8:113::/48: visitors, people who browse, a victim's backscatter, and six scans: masscan, ZMap, the ports of the mail server by nmap's connects, one Telnet probe each twenty minutes, an IPv6 ping sweep, and an own host that tries Telnet everywhere. Real tools; their times were drawn out by lab/stretch.py."
}
