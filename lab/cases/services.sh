# shellcheck shell=bash disable=SC2154
# Scans that ask services, and real servers that answer them: OpenSSH, nginx, vsftpd, postfix, redis. What a scan learns is in the capture.

# sshd PORT...: OpenSSH on every address; the key $SCRATCH/key may log in as root
sshd() {
  local port ports=()
  for port in "$@"; do ports+=(-o "Port=$port"); done
  [ -e "$SCRATCH/key" ] || { ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/host"; ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/key"; cp "$SCRATCH/key.pub" "$SCRATCH/authorized"; }
  mkdir -p /run/sshd
  daemon in /usr/sbin/sshd -D -e -f /dev/null -h "$SCRATCH/host" "${ports[@]}" -o "AuthorizedKeysFile=$SCRATCH/authorized" -o StrictModes=no \
    -o PermitRootLogin=yes -o UsePAM=no -o PidFile=none -o UseDNS=no
  listening "$1"
}
# log_in SOURCE HOST PORT: a real session, of one command
log_in() {
  ran "ssh -b $1 -p $3 root@$2 true"
  at out ssh -F /dev/null -n -b "$1" -p "$3" -i "$SCRATCH/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=2 \
    -o KexAlgorithms=curve25519-sha256 -o HostKeyAlgorithms=ssh-ed25519 root@"$2" true >>"$SCRATCH/log" 2>&1 || true
}
vsftpd_up() {
  mkdir -p /run/vsftpd/empty
  printf '%s\n' listen=YES background=NO anonymous_enable=YES local_enable=NO connect_from_port_20=NO seccomp_sandbox=NO xferlog_enable=NO >"$SCRATCH/vsftpd.conf"
  daemon in vsftpd "$SCRATCH/vsftpd.conf"
  listening 21
}
postfix_up() {
  chmod 711 "$SCRATCH"
  cp -r /etc/postfix "$SCRATCH/postfix"
  cp /usr/share/postfix/main.cf.debian "$SCRATCH/postfix/main.cf"
  printf 'smtp inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\nrewrite unix - - n - - trivial-rewrite\nanvil unix - - n - 1 anvil\npostlog unix-dgram n - n - 1 postlogd\n' >"$SCRATCH/postfix/master.cf"
  mkdir -p "$SCRATCH/queue" "$SCRATCH/data"
  chown postfix "$SCRATCH/data"
  postconf -c "$SCRATCH/postfix" -e "queue_directory=$SCRATCH/queue" "data_directory=$SCRATCH/data" myhostname=mail.example 'mydestination=' \
    compatibility_level=3.6 inet_protocols=ipv4 "maillog_file=$SCRATCH/maillog" "maillog_file_prefixes=$SCRATCH" 'alias_maps=' 'local_recipient_maps=' \
    smtpd_peername_lookup=no disable_dns_lookups=yes # nobody asks a resolver
  daemon in postfix -c "$SCRATCH/postfix" start-fg
  listening 25
}
redis_up() { daemon in redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --save '' --appendonly no --dir "$SCRATCH"; listening 6379; }

# nginx_up: what `site` wrote before
nginx_up() {
  { echo "daemon off; master_process off; user root; pid $SCRATCH/nginx.pid; error_log stderr; events {} http { access_log off;"
    for p in client_body proxy fastcgi uwsgi scgi; do echo "${p}_temp_path $SCRATCH/$p;"; done
    cat "$SCRATCH/sites"; echo '}'; } >"$SCRATCH/nginx.conf"
  daemon in nginx -c "$SCRATCH/nginx.conf" -e stderr
  for _ in $(seq 100); do [ ! -s "$SCRATCH/nginx.pid" ] || return 0; sleep 0.05; done
  return 1
}
# site "ADDRESS:PORT ..." LOCATIONS: PATH=BODY...; all other paths are not found
site() {
  local at=$1 where kind
  shift
  { echo 'server {'; for where in $at; do echo "listen ${where/+ssl/ ssl};"; done
    [[ $at != *ssl* ]] || echo "ssl_certificate $SCRATCH/cert.pem; ssl_certificate_key $SCRATCH/cert.key; ssl_protocols TLSv1.2 TLSv1.3;"
    for where in "$@"; do
      case ${where#*=} in '{'* | '['\{* | '[]') kind=application/json ;; '<'*) kind=text/html ;; *) kind=text/plain ;; esac
      echo "location = ${where%%=*} { default_type $kind; return 200 '${where#*=}'; }"
    done
    echo 'location / { return 404; } }'; } >>"$SCRATCH/sites"
}
certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$1" -addext "subjectAltName=DNS:$1" -keyout "$SCRATCH/cert.key" -out "$SCRATCH/cert.pem" 2>/dev/null
}
# on_each PORT FIRST LAST [+ssl]: that port of the hosts 203.0.113.FIRST-LAST
on_each() { local n; for n in $(seq "$2" "$3"); do printf '203.0.113.%s:%s%s ' "$n" "$1" "${4:-}"; done; }
listening() { for _ in $(seq 120); do at in ss -Htln "sport = :$1" | grep -q . && return 0; sleep 0.05; done; echo "nothing listens on $1" >&2; return 1; }

# the block's 12 hosts 203.0.113.16-27: every service, as distributions start it
full_network() {
  address out "$@"
  alive in 203.0.113.16/29 203.0.113.24/30
  certificate www.example
  site "$(on_each 80 16 27)" '/=<html><title>It works</title></html>'
  site "$(on_each 443 16 27 +ssl)" '/=<html><title>Portal</title></html>'
  nginx_up
  sshd 22
  vsftpd_up
  postfix_up
  redis_up
}

case_banner-connect() {
  full_network 198.51.100.160
  border
  outside python3 "$LAB/programs/connect.py" --read --wait 0.6 203.0.113.12-203.0.113.31 21,22,25
  captured
  scan 198.51.100.160 horizontal tcp-connect,banner-grab 20 21,22,25 "" none
  about "Connects, reads the greeting, closes: OpenSSH, vsftpd and postfix on 12 of 20 hosts."
}
case_banner-connect-live() {
  full_network 198.51.100.161
  border
  outside python3 "$LAB/programs/connect.py" --read --wait 0.6 203.0.113.16-203.0.113.27 21,22,25
  captured
  scan 198.51.100.161 horizontal tcp-connect,banner-grab 12 21,22,25 "" none
  about "The same with live hosts only: a list without a miss."
}
# masscan speaks TCP itself; the kernel must not reset its connections.
no_resets() { at out nft add table ip lab; at out nft 'add chain ip lab out { type filter hook output priority 0; }'; at out nft add rule ip lab out tcp flags rst drop; }
case_banner-masscan() {
  full_network 198.51.100.162
  no_resets
  border
  MASSCAN_SECONDS=16 masscan_to 198.51.100.162 -p21,22,25,80 --banners --source-port 61000 --rate 200 --wait 8 203.0.113.0/26
  captured
  scan 198.51.100.162 horizontal tcp-syn,banner-grab 64 21,22,25,80 version-probe,tcp-connect masscan
  about "masscan --banners reads the greetings of 12 hosts: it completes the handshakes, and asks the web servers."
}
case_nmap-version-services() {
  full_network 198.51.100.163
  border
  outside nmap -sS -sV -n -Pn -p 21,22,25,80,443,6379 --min-rate 300 --max-retries 1 203.0.113.18 203.0.113.20 203.0.113.98/31 203.0.113.100/31
  captured
  scan 198.51.100.163 horizontal tcp-syn,version-probe 6 21,22,25,80,443,6379 tcp-connect,banner-grab nmap
  about "nmap -sV of two live and four dead hosts: versions of OpenSSH, vsftpd, postfix, nginx, redis."
}
case_nmap-scripts() {
  full_network 198.51.100.164
  border
  outside nmap -sS -sC -n -Pn -p 22,25,80 --min-rate 300 --max-retries 1 203.0.113.18 203.0.113.20 203.0.113.98/31 203.0.113.100/31
  captured
  scan 198.51.100.164 horizontal tcp-syn,version-probe 6 22,25,80 tcp-connect,banner-grab,udp nmap
  about "nmap -sC: the default scripts, which say who they are to web servers."
}
case_nmap-os-services() {
  full_network 198.51.100.165
  border
  outside nmap -O -n -Pn -p 20-29,80,443,3389,6379 --min-rate 300 --max-retries 1 --max-os-tries 1 203.0.113.16/29
  captured
  scan 198.51.100.165 block tcp-syn,os-probe 8 "14 ports, 20-29, 80, 443, 3389, 6379" icmp-echo,tcp-ack,tcp-fin,tcp-null,tcp-syn-fin,tcp-xmas,udp,tcp-connect nmap
}
case_nmap-all() {
  full_network 198.51.100.166
  border
  outside nmap -A -n -Pn -p 22-31,80 --min-rate 300 --max-retries 1 --max-os-tries 1 203.0.113.16 203.0.113.20 203.0.113.98/31 203.0.113.100
  captured
  scan 198.51.100.166 block tcp-syn,os-probe,version-probe 5 "ports 22-31, 80, and what the OS probes add" \
    icmp-echo,icmp-timestamp,tcp-ack,tcp-fin,tcp-null,tcp-syn-fin,tcp-xmas,udp,tcp-connect,banner-grab nmap
  about "nmap -A: ports, versions, scripts, OS and route; two of five hosts are alive."
}
case_ipv6-nmap-scripts() {
  address out 2001:db8:51::67
  alive in 2001:db8:113::10/127
  site '[::]:80' '/=<html><title>It works</title></html>'
  nginx_up
  sshd 22
  border
  outside nmap -6 -sS -sV -sC -n -Pn -p 22,80 --min-rate 300 --max-retries 1 -S 2001:db8:51::67 -e border 2001:db8:113::12/125
  captured
  scan 2001:db8:51::67 horizontal tcp-syn,version-probe 8 22,80 tcp-connect,banner-grab,udp,icmp-echo nmap
  about "The scripts also send ICMPv6 node information queries."
}

# Container planes, as nginx with canned answers, and a real redis. Hosts .33-.35 Docker, .36-.38 kubelets, .39 the API server and etcd,
# .40 etcd, .41-.42 redis, .44-.47 web servers, of which .45 shows what it should not.
container_network() {
  address out "$@"
  alive in 203.0.113.32/28
  site "$(on_each 2375 33 35)" /_ping=OK '/version={"Platform":{"Name":"Docker Engine - Community"},"Version":"24.0.7","ApiVersion":"1.43","MinAPIVersion":"1.12","GitCommit":"311b9ff","GoVersion":"go1.20.10","Os":"linux","Arch":"amd64","KernelVersion":"6.1.0-13-amd64"}' \
    '/containers/json=[{"Id":"8dfafdbc3a40","Names":["/web"],"Image":"nginx:1.25","Command":"/docker-entrypoint.sh","State":"running","Status":"Up 3 days"}]'
  site "$(on_each 10250 36 38)$(on_each 10255 36 38)" '/pods={"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"web-0","namespace":"default"},"spec":{"nodeName":"node-1"}}]}' \
    '/runningpods/={"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}' /healthz=ok
  site '203.0.113.39:6443 203.0.113.39:8080' '/version={"major":"1","minor":"28","gitVersion":"v1.28.4","goVersion":"go1.20.11","platform":"linux/amd64"}' \
    '/api/v1/pods={"kind":"PodList","apiVersion":"v1","items":[]}'
  site "$(on_each 2379 39 40)" '/version={"etcdserver":"3.5.10","etcdcluster":"3.5.0"}' '/v2/keys={"action":"get","node":{"dir":true,"nodes":[{"key":"/registry","dir":true}]}}'
  site '203.0.113.44:80 203.0.113.46:80 203.0.113.47:80' '/=<html><title>It works</title></html>'
  # Keys that the vendor's own documentation shows as examples.
  site 203.0.113.45:80 '/=<html><title>Shop</title></html>' '/.env=APP_ENV=production
DB_PASSWORD=correct-horse-battery
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
' '/.git/config=[core]
	repositoryformatversion = 0
[remote "origin"]
	url = https://deploy:not-a-real-token@git.example/shop.git
'
  nginx_up
  redis_up
  at in nft add table ip lab
  at in nft 'add chain ip lab in { type filter hook input priority 0; }'
  at in nft add rule ip lab in ip daddr != 203.0.113.41-203.0.113.42 tcp dport 6379 reject with tcp reset
}
# asks PORT "HOSTS" PATH...: curl, one connection a host
asks() {
  local host path urls
  for host in $2; do
    urls=()
    for path in "${@:3}"; do urls+=("http://203.0.113.$host:$1$path"); done
    ran "curl -s -m 2 http://203.0.113.N:$1${3}, ..."
    at out curl -s -m 2 --path-as-is "${urls[@]}" >>"$SCRATCH/log" 2>&1 || true
  done
}
CREDENTIALS="/.env /.aws/credentials /.git/config /.docker/config.json /.kube/config"
hunt() {
  local host
  asks 2375 '33 34 35' /_ping /version /containers/json
  asks 10250 '36 37 38' /pods /runningpods/
  asks 10255 '36 37 38' /pods
  asks 6443 39 /version /api/v1/pods
  asks 8080 39 /version /api/v1/pods
  asks 2379 '39 40' /version /v2/keys
  ran "redis-cli -h 203.0.113.N PING, INFO"
  for host in 41 42; do for word in PING INFO; do at out redis-cli -h 203.0.113.$host $word >>"$SCRATCH/log" 2>&1 || true; done; done
  # shellcheck disable=SC2086
  asks 80 '44 45 46 47' $CREDENTIALS
}
case_container-hunt() {
  container_network 198.51.100.167
  border
  masscan_to 198.51.100.167 -p80,2375,2379,6379,6443,8080,10250,10255 --rate 400 203.0.113.0/25
  hunt
  captured
  scan 198.51.100.167 horizontal tcp-syn 128 80,2375,2379,6379,6443,8080,10250,10255 tcp-connect,version-probe,banner-grab masscan
  about "masscan for container planes, then their interfaces and credential paths asked where something answered. The requests belong to the scan."
}
case_container-list() {
  container_network 198.51.100.168
  border
  hunt
  captured
  scan 198.51.100.168 horizontal tcp-connect 14 80,2375,2379,6379,6443,8080,10250,10255 version-probe,banner-grab none
  about "The same requests from a list of what is open: not one miss."
}
case_container-docker-list() {
  address out 198.51.100.169
  alive in 203.0.113.32/28
  site 2375 /_ping=OK '/version={"Version":"24.0.7","ApiVersion":"1.43"}' '/containers/json=[]'
  nginx_up
  border
  asks 2375 '32 33 35 36 38 39 41 42 44 45 46 47' /_ping /version /containers/json
  captured
  scan 198.51.100.169 horizontal tcp-connect 12 2375 version-probe,banner-grab none
  about "Docker's interface of twelve hosts, from a list: all of them answer."
}
case_credential-paths() {
  address out 198.51.100.170
  alive in 203.0.113.64/27
  site 80 '/=<html><title>It works</title></html>' '/.git/config=[core]
	repositoryformatversion = 0
'
  nginx_up
  border
  # shellcheck disable=SC2086
  asks 80 "$(seq -s ' ' 64 83)" $CREDENTIALS
  captured
  scan 198.51.100.170 horizontal tcp-connect 20 80 version-probe,banner-grab none
  about "Credential paths of twenty live web servers, from a list: no target is missed, but no visitor asks for these."
}
