# shellcheck shell=bash disable=SC2154
# What is not a scan, however much it looks like one: every label here is an empty list. Programs are real where Debian has one;
# the rest are small programs (lab/programs) that do what theirs do. "Dead" is silent; "refuses" answers with RST.

# stretched FACTOR: the capture's times, drawn out
stretched() { captured; python3 "$LAB/stretch.py" "$SCRATCH/plain.pcap" "$DIR/input.pcap" --factor "$1"; }
plain() { capture "$SCRATCH/plain.pcap" "$@"; }

# A recursive resolver (unbound) with 60 zones on 150 name servers, of which DEAD in ten are dead.
resolver() {
  address in 203.0.113.53
  local zone server n=0 conf=$SCRATCH/unbound.conf auth=$SCRATCH/auth.conf
  printf 'server:\n interface: 203.0.113.53\n outgoing-interface: 203.0.113.53\n access-control: 0.0.0.0/0 allow\n do-daemonize: no\n username: ""\n chroot: ""\n pidfile: ""\n use-syslog: no\n do-not-query-localhost: no\n module-config: "iterator"\n infra-host-ttl: 5\n cache-max-ttl: 0\n do-ip6: no\n' >"$conf"
  printf 'server:\n interface: 0.0.0.0\n interface-automatic: yes\n access-control: 0.0.0.0/0 allow\n do-daemonize: no\n username: ""\n chroot: ""\n pidfile: ""\n use-syslog: no\n module-config: "iterator"\n' >"$auth"
  for zone in $(seq 60); do
    printf ' local-zone: "z%s.example." redirect\n local-data: "z%s.example. 60 A 192.0.2.%s"\n' "$zone" "$zone" "$zone" >>"$auth"
    printf 'stub-zone:\n name: "z%s.example"\n stub-prime: no\n' "$zone" >>"$conf"
    for _ in 1 2 3; do
      n=$((n + 1))
      server=$((10 + n % 7)).$((n * 37 % 250)).$((n * 91 % 250)).$((1 + n * 13 % 250))
      printf ' stub-addr: %s\n' "$server" >>"$conf"
      [ $((n * 7 % 10)) -lt "$1" ] || alive out "$server/32"
    done
  done
  daemon out unbound -d -c "$auth"
  daemon in unbound -d -c "$conf"
  sleep 1.5
  for zone in $(seq 60); do printf 'www.z%s.example A\nmail.z%s.example A\n' "$zone" "$zone"; done >"$SCRATCH/names"
}
ask() { inside dig @203.0.113.53 +time=2 +tries=1 +short -f "$SCRATCH/names"; }
case_benign-resolver() { resolver 1; border; ask; captured; about "unbound asks 160 name servers, a tenth of them dead."; }
case_benign-resolver-dead-servers() {
  resolver 5
  border
  sed -n '1~2p' "$SCRATCH/names" | split -n r/8 - "$SCRATCH/part."
  ran "unbound, asked for 60 names by dig"
  local part jobs=()
  for part in "$SCRATCH"/part.*; do at in dig @203.0.113.53 +time=4 +tries=1 +short -f "$part" >>"$SCRATCH/log" 2>&1 & jobs+=($!); done
  wait "${jobs[@]}"
  captured
  about "unbound with half of its name servers dead."
}
case_benign-one-way-resolver() {
  resolver 1
  border src host 203.0.113.53
  ask
  captured
  about "Only what a resolver sends was captured: no answer is ever seen. It asks some servers again, and all of them for the one service."
}

# checks ROUNDS [OPTION]: 30 backends, ten of them down (six silent, four refuse)
checks() {
  address out 192.0.2.10
  alive in 203.0.113.98/31 203.0.113.100/30 203.0.113.104/29 203.0.113.112/30 203.0.113.116/31 203.0.113.124/30
  serve in 80=http
  at in nft add table ip lab
  at in nft 'add chain ip lab in { type filter hook input priority 0; }'
  at in nft add rule ip lab in ip daddr 203.0.113.124/30 tcp dport 80 reject with tcp reset
  plain in border
  outside python3 "$LAB/programs/connect.py" --source 192.0.2.10 --wait 0.04 --rounds "$1" --every 0.4 203.0.113.98-203.0.113.127 80 "${@:2}"
  stretched 5
}
case_benign-health-check-connect() { checks 20; about "A load balancer connects to 30 backends every two seconds, ten of them down."; }
case_benign-health-check-reset() { checks 20 --reset; about "The same, closing with RST."; }
case_benign-health-check-half-open() {
  # The stack's own ACK stays on the host, its RST goes out: SYN, SYN-ACK, RST, as half-open checks do.
  at out nft add table ip lab
  at out nft 'add chain ip lab out { type filter hook output priority 0; }'
  at out nft add rule ip lab out 'tcp flags & (syn | rst) == 0 drop'
  checks 20 --reset
  about "The same, half open: SYN, SYN-ACK, RST, never completed."
}
case_benign-health-check-http() { checks 12 --talk; about "The same, asking for a page."; }
case_benign-ping-monitor() {
  address out 192.0.2.11
  alive in 203.0.113.128/27 203.0.113.160/30
  plain in border
  outside fping -q -c 12 -p 700 -t 300 -i 5 -r 0 -g 203.0.113.128 203.0.113.167
  stretched 80
  about "fping asks 40 hosts once a minute; four of them are down."
}
case_benign-snmp-poller() {
  address out 192.0.2.12
  alive in 203.0.113.32/28 203.0.113.48/29
  local host
  printf 'rocommunity public\nsysDescr lab\n' >"$SCRATCH/snmpd.conf"
  daemon in snmpd -f -C -c "$SCRATCH/snmpd.conf" -Lo -I -smux udp:161
  sleep 1
  plain in border
  ran "snmpget -v2c of 203.0.113.30-57, five rounds"
  for _ in 1 2 3 4 5; do
    for host in $(seq 30 57); do at out snmpget -v2c -c public -r 1 -t 0.15 203.0.113."$host" 1.3.6.1.2.1.1.3.0 >>"$SCRATCH/log" 2>&1 || true; done
  done
  stretched 20
  about "A poller asks 28 devices by SNMP, again and again; four of them are dead."
}
case_benign-ntp-clients() {
  local n jobs=()
  alive out 198.51.100.0/28
  address in 203.0.113.2
  alive in 203.0.113.0/26
  printf 'local stratum 2\nallow 0.0.0.0/0\ncmdport 0\npidfile %s\nbindcmdaddress /\n' "$SCRATCH/pid0" >"$SCRATCH/ntp.conf"
  daemon out chronyd -x -d -U -u root -f "$SCRATCH/ntp.conf"
  sleep 1
  border
  ran "chronyd -x -Q, on each of 12 clients with four to six servers"
  for n in $(seq 12); do
    printf 'bindacqaddress 203.0.113.%s\ncmdport 0\npidfile %s\n' "$n" "$SCRATCH/pid$n" >"$SCRATCH/client$n"
    for s in $(seq 4) $((5 + n % 8)) $((14 + n % 4)); do echo "server 198.51.100.$(((n + s * 3) % 18)) iburst maxsamples 4" >>"$SCRATCH/client$n"; done
    at in timeout 9 chronyd -x -Q -U -u root -t 8 -f "$SCRATCH/client$n" >>"$SCRATCH/log" 2>&1 & jobs+=($!)
  done
  wait "${jobs[@]}" || true
  captured
  about "chronyd clients ask their servers; one server in ten is dead."
}
case_benign-prometheus() {
  address out 192.0.2.13
  alive in 203.0.113.64/27 203.0.113.96/28
  serve in 9100=http
  local n urls=()
  for n in $(seq 62 111); do urls+=("http://203.0.113.$n:9100/metrics"); done
  plain in border -s 96
  ran "curl --parallel http://203.0.113.62-111:9100/metrics, six rounds"
  for _ in $(seq 6); do at out curl -s --parallel --parallel-max 10 --connect-timeout 0.5 -o /dev/null "${urls[@]}" >>"$SCRATCH/log" 2>&1 || true; sleep 0.3; done
  stretched 20
  about "50 targets scraped every 15 to 20 s; two of them are dead."
}
case_benign-backup() {
  address out 192.0.2.14
  alive in 203.0.113.0/26
  ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/host"
  ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/key"
  cp "$SCRATCH/key.pub" "$SCRATCH/authorized"
  mkdir -p /run/sshd
  daemon in /usr/sbin/sshd -D -e -f /dev/null -h "$SCRATCH/host" -o "AuthorizedKeysFile=$SCRATCH/authorized" -o StrictModes=no -o PermitRootLogin=yes -o UsePAM=no -o PidFile=none -o UseDNS=no
  sleep 0.7
  plain in border -s 96
  ran "ssh 203.0.113.N cat /etc/hostname, for N from 1 to 60"
  local n
  for n in $(seq 1 60); do
    at out ssh -F /dev/null -n -i "$SCRATCH/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=1 -o Compression=no \
      -o KexAlgorithms=curve25519-sha256 -o HostKeyAlgorithms=ssh-ed25519 root@203.0.113."$n" 'cat /etc/hostname' >>"$SCRATCH/log" 2>&1 || true
  done
  stretched 10
  about "A nightly backup: SSH to 60 hosts in the order of their addresses, all alive."
}
case_benign-mail() {
  address in 203.0.113.25
  local n mx=() server
  for n in $(seq 40); do
    server=$((10 + n % 5)).$((n * 53 % 250)).$((n * 29 % 250)).25
    mx+=("$server")
    [ $((n % 7)) = 3 ] || alive out "$server/32"
  done
  serve out 25=smtp
  border
  ran "smtplib to 40 mail exchangers, six of them dead; one retry of those"
  at in python3 - "${mx[@]}" >>"$SCRATCH/log" 2>&1 <<'P'
import concurrent.futures, smtplib, sys, time
def send(host):
    for attempt in (1, 2):
        try:
            with smtplib.SMTP(host, 25, timeout=4, local_hostname="mx.example") as s:
                s.sendmail("a@a.example", ["b@b.example"], "Subject: hello\r\n\r\n" + "A letter.\r\n" * 20)
            return
        except OSError:
            time.sleep(1)
with concurrent.futures.ThreadPoolExecutor(5) as pool:
    list(pool.map(send, sys.argv[1:]))
P
  captured
  about "A mail server delivers to 40 exchangers; six are dead and tried again."
}
case_benign-browsing() {
  address in 203.0.113.80
  alive in 203.0.113.80/28
  alive out 198.51.100.0/26 192.0.2.64/27
  serve out 80=http 443=http 53=dns
  border
  inside python3 "$LAB/programs/crowd.py" 203.0.113.80/29 198.51.100.0/26,192.0.2.64/27 80,443 260 --seconds 6
  captured
  about "Eight people browse 96 servers; all are alive."
}
case_benign-browsing-dead-servers() {
  address in 203.0.113.80
  alive in 203.0.113.80/28
  alive out 198.51.100.0/26 192.0.2.64/27
  serve out 80=http 443=http
  border -s 96
  inside python3 "$LAB/programs/crowd.py" 203.0.113.80/30 198.51.100.0/26,192.0.2.64/27,198.51.100.224/29 80,443 200 --seconds 8 --seed 5
  captured
  about "Four people browse 104 servers; eight of these are dead, and tried again."
}
case_benign-nat-crowd() {
  # 150 clients in 10.0.0.0/24, and a router that puts them all behind one address.
  alive out 10.0.0.0/24
  address out 192.0.2.200
  at out nft add table ip lab
  at out nft 'add chain ip lab post { type nat hook postrouting priority 100; }'
  at out nft add rule ip lab post ip saddr 10.0.0.0/24 snat to 192.0.2.200
  alive in 203.0.113.0/25 198.51.100.128/26
  serve in 80=http 443=http 22=ssh 25=smtp
  border -s 96 ip
  outside python3 "$LAB/programs/crowd.py" 10.0.0.0/25 203.0.113.0/25,198.51.100.128/26,198.51.100.192/28 80,443,22,25 250 --seconds 6 --seed 3
  captured
  about "128 clients behind one address (nftables snat) visit 208 servers on four ports; 16 of the servers are dead."
}
case_benign-traceroute() {
  address out 192.0.2.15
  local hop from=$IN n=0 target
  ip netns exec "$IN" sysctl -q -w net.ipv4.ip_forward=1
  ip -n "$IN" addr add 198.18.0.1/32 dev border
  for hop in "$ID-r1" "$ID-r2" "$ID-r3"; do
    n=$((n + 1))
    ip netns add "$hop"
    ip -n "$from" link add lower type veth peer name upper netns "$hop"
    ip -n "$from" addr add 198.18.$n.1/30 dev lower
    ip -n "$hop" addr add 198.18.$n.2/30 dev upper
    ip -n "$from" link set lower up
    ip -n "$hop" link set upper up
    ip -n "$hop" link set lo up
    ip netns exec "$hop" sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
    ip -n "$from" route add 203.0.113.0/24 via 198.18.$n.2
    ip -n "$hop" route add default via 198.18.$n.1
    from=$hop
  done
  ip -n "$from" route add local 203.0.113.9/32 dev lo
  ip -n "$from" route add local 203.0.113.77/32 dev lo
  ip -n "$from" route add blackhole 203.0.113.128/25
  border
  local target
  for target in 203.0.113.9 203.0.113.77 203.0.113.130 203.0.113.131; do
    outside traceroute -n -q 2 -m 12 -w 0.3 -U "$target"
    outside traceroute -n -q 2 -m 12 -w 0.3 "$target"
    outside traceroute -n -q 2 -m 12 -w 0.3 -I "$target"
    outside traceroute -n -q 2 -m 12 -w 0.3 -T -p 80 "$target"
  done
  captured
  about "traceroute by UDP, by rising UDP ports, by ICMP and by TCP, to four targets, two of them dead: many ports of one host, with rising TTLs."
}
case_benign-backscatter() {
  # The victim stands outside; its attacker, who forges addresses of 203.0.113.0/24 and 192.0.2.0/24, stands inside and is not captured.
  address out 198.51.100.99
  serve out 80=http
  border src host 198.51.100.99
  ran "hping3 -S -a FORGED -p 80 (open) and -p 81 (closed) 198.51.100.99, for 300 forged addresses"
  local n
  for n in $(seq 0 299); do
    local forged=203.0.113.$((n * 7 % 256)) port=80
    [ "$n" -lt 256 ] || forged=192.0.2.$((n - 250))
    [ $((n % 4)) != 0 ] || port=81
    at in timeout 2 hping3 -q -n -c 1 -i u1000 -I border -a "$forged" -S -p $port -s $((1024 + n * 11)) 198.51.100.99 >/dev/null 2>&1 &
    sleep 0.012
  done
  sleep 4
  captured
  about "What a victim answers to forged SYNs: SYN-ACKs (repeated) and RSTs to 300 addresses that never asked."
}
case_benign-backscatter-icmp() {
  address out 198.51.100.98
  border src host 198.51.100.98
  ran "hping3 -2 -a FORGED -p 9 (closed) 198.51.100.98, for 200 forged addresses"
  local n
  for n in $(seq 0 199); do
    at in timeout 2 hping3 -q -n -c 1 -i u1000 -I border -a 203.0.113."$n" -2 -p 9 198.51.100.98 >/dev/null 2>&1 &
    sleep 0.012
  done
  sleep 1
  captured
  about "A victim's port-unreachables to 200 addresses that never asked."
}
case_benign-bittorrent() {
  # A real client (aria2) with a tracker that names 70 peers, most of them gone; the living ones are a real seeder on many addresses.
  address in 203.0.113.77
  local n peers=() peer
  for n in $(seq 70); do
    peer=$((10 + n * 3 % 9)).$((n * 83 % 250)).$((n * 47 % 250)).$((1 + n * 31 % 250))
    peers+=("$peer")
    [ $((n % 5)) != 0 ] || alive out "$peer/32"
  done
  alive out 198.51.100.200/32
  mkdir -p "$SCRATCH/seed" "$SCRATCH/leech"
  head -c 90000 /dev/urandom >"$SCRATCH/seed/file.bin"
  python3 "$LAB/programs/torrent.py" make "$SCRATCH/seed/file.bin" http://198.51.100.200:6969/announce >"$SCRATCH/t.torrent"
  daemon out python3 "$LAB/programs/torrent.py" track 6969 "${peers[@]}"
  daemon out aria2c -q --interface=198.51.100.200 --dir="$SCRATCH/seed" --check-integrity=true --seed-ratio=0 --listen-port=6881 --enable-dht=false --bt-enable-lpd=false --max-upload-limit=2K --disable-ipv6=true "$SCRATCH/t.torrent"
  sleep 2
  plain in border
  ran "aria2c with DHT, a tracker that names 70 peers and a seeder on 14 of them"
  at in timeout 95 aria2c -q --dir="$SCRATCH/leech" --listen-port=6881 --enable-dht=true --dht-listen-port=6881 --dht-file-path="$SCRATCH/dht" --dht-entry-point="${peers[4]}:6881" \
    --bt-tracker-interval=15 --bt-tracker-connect-timeout=5 --bt-enable-lpd=false --disable-ipv6=true --max-download-limit=600 --bt-max-peers=60 --seed-time=5 "$SCRATCH/t.torrent" >>"$SCRATCH/log" 2>&1 || true
  stretched 4
  about "A BitTorrent client tries peers that a tracker named, most of them gone, again and again, and talks long with the others."
}
case_benign-peer-to-peer() {
  address in 203.0.113.78
  local n peers=() peer
  for n in $(seq 60); do
    peer=$((10 + n * 5 % 11)).$((n * 71 % 250)).$((n * 59 % 250)).$((1 + n * 23 % 250))
    peers+=("$peer")
    [ $((n % 4)) != 0 ] || alive out "$peer/32"
  done
  serve out 4001=push
  plain in border
  ran "programs/peers.py with 60 peers on port 4001, three in four of them gone"
  at in python3 "$LAB/programs/peers.py" 4001 20 "${peers[@]}" >>"$SCRATCH/log" 2>&1 || true
  stretched 15
  about "A peer-to-peer overlay: the same dead peers at scattered addresses again and again, on one port, and long talks with the living."
}
case_benign-mid-connection() {
  alive out 198.51.100.0/26
  alive in 203.0.113.0/26
  serve in 443=echo 5222=push 22=push
  daemon out python3 "$LAB/programs/longlived.py" 198.51.100.0/26 203.0.113.0/26 443,5222,22 120 5 "$SCRATCH/open"
  for _ in $(seq 200); do [ ! -e "$SCRATCH/open" ] || break; sleep 0.05; done
  sleep 0.5
  rm -f "$SCRATCH/open"
  border -s 96
  ran "programs/longlived.py: 120 connections that began before the capture"
  sleep 9
  captured
  about "The capture begins amid 120 long connections: data, bare ACKs, keep-alives, FINs and RSTs without their SYNs."
}
case_benign-mid-connection-one-client() {
  alive out 198.51.100.70/32
  alive in 203.0.113.0/26
  serve in 443=echo 5222=push 22=push
  daemon out python3 "$LAB/programs/longlived.py" 198.51.100.70/32 203.0.113.0/26 443,5222,22 120 5 "$SCRATCH/open"
  for _ in $(seq 200); do [ ! -e "$SCRATCH/open" ] || break; sleep 0.05; done
  sleep 0.5
  rm -f "$SCRATCH/open"
  border src host 198.51.100.70
  ran "programs/longlived.py: 120 connections of one proxy that began before the capture"
  sleep 9
  captured
  about "One proxy with connections to 64 servers, seen one way and from the middle: only ACKs, data, FINs and RSTs of it."
}
case_benign-one-way-inbound() {
  alive out 198.51.100.0/26 192.0.2.0/25
  alive in 203.0.113.0/29
  serve in 80=http 443=http 25=smtp
  border -s 96 dst net 203.0.113.0/24
  outside python3 "$LAB/programs/crowd.py" 198.51.100.0/26,192.0.2.0/25 203.0.113.0/29 80,443,25 300 --seconds 6
  captured
  about "192 clients use eight servers; only what comes in was captured."
}
case_benign-one-way-outbound() {
  address in 203.0.113.90
  alive in 203.0.113.88/29
  alive out 198.51.100.0/26
  serve out 80=http 443=http
  border src net 203.0.113.0/24
  inside python3 "$LAB/programs/crowd.py" 203.0.113.88/30 198.51.100.0/26 80,443 240 --seconds 6 --seed 8
  captured
  about "Four people browse 64 servers, all alive; only what goes out was captured: the handshakes are completed, which a SYN scan's are not."
}
