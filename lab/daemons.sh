# shellcheck shell=bash
# Real daemons, each in an open and in a fixed form, for the lab and for the tests of the exposure checks. To be sourced.
#
#   daemon_up NAME FORM ADDRESS [PORT]   starts it with lab/daemons/NAME/FORM, waits until it listens, prints its process id
#   daemon_down PID                      ends it and what it started, and removes its files
#   daemon_missing NAME                  says which command is not there; nothing where all are
#
# FORM is `open`, `fixed` (the same with the one line that a check names) or another file of that folder. NETNS names the network namespace;
# empty, it is this machine's loopback, and the address must be one of 127.0.0.0/8. Each daemon is a process group of its own and is ended by
# its id. What Debian has not is played by daemons/emulate.py, which obeys the line of configuration that the real one would.

DAEMONS=$(cd "$(dirname "${BASH_SOURCE[0]}")/daemons" && pwd)
DAEMON_FILES=${TMPDIR:-/tmp}/watchpost-daemons
# Debian's Exim and Postfix cannot be installed side by side: lab/install unpacks the first here.
EXIM=/opt/watchpost-lab/exim4/usr/sbin/exim4

in_netns() { if [ -n "${NETNS:-}" ]; then ip netns exec "$NETNS" "$@"; else "$@"; fi; }

# The command that a daemon is; python3 for the emulated.
daemon_command() {
  case $1 in
    nginx) echo nginx ;; apache2) echo apache2 ;; openssh) echo sshd ;; vsftpd) echo vsftpd ;; postfix) echo postfix ;; exim4) echo "$EXIM" ;;
    dovecot) echo dovecot ;; redis) echo redis-server ;; memcached) echo memcached ;; snmpd) echo snmpd ;; unbound) echo unbound ;; etcd) echo etcd ;;
    samba) echo smbd ;; tigervnc) echo Xtigervnc ;; telnetd) echo inetutils-inetd ;; xrdp) echo xrdp ;; *) echo python3 ;;
  esac
}
daemon_port() {
  case $1 in
    nginx | apache2) echo 80 ;; openssh) echo 22 ;; vsftpd) echo 21 ;; postfix | exim4) echo 25 ;; dovecot) echo 143 ;; redis) echo 6379 ;;
    memcached) echo 11211 ;; snmpd) echo 161 ;; unbound) echo 53 ;; etcd) echo 2379 ;; samba) echo 445 ;; tigervnc) echo 5900 ;; telnetd) echo 23 ;;
    xrdp | rdp) echo 3389 ;; docker) case $2 in open) echo 2375 ;; *) echo 2376 ;; esac ;; podman) echo 2375 ;;
    kubelet) case $2 in readonly*) echo 10255 ;; *) echo 10250 ;; esac ;; kubernetes) echo 6443 ;; dashboard | vpn) echo 8443 ;;
    elasticsearch) echo 9200 ;; mongodb) echo 27017 ;; jenkins | everything) echo 8080 ;; grafana) echo 3000 ;; winrm) echo 5985 ;;
  esac
}

daemon_missing() {
  local command
  command=$(daemon_command "$1")
  PATH=$PATH:/usr/sbin command -v "$command" >/dev/null || echo "$command"
}

daemon_up() {
  local name=$1 form=$2 address=$3 port=${4:-} files config pid kind=t _
  local PATH=$PATH:/usr/sbin
  [ -n "$port" ] || port=$(daemon_port "$name" "$form")
  if [ -z "${NETNS:-}" ] && [[ $address != 127.* ]]; then
    echo "$address: outside a namespace only loopback addresses are served" >&2
    return 2
  fi
  [ -e "$DAEMONS/$name/$form" ] || { echo "no $DAEMONS/$name/$form" >&2; return 2; }
  mkdir -p "$DAEMON_FILES"
  chmod 711 "$DAEMON_FILES"
  files=$(mktemp -d "$DAEMON_FILES/XXXXXXXX")
  chmod 711 "$files"
  config=$files/config
  sed "s|@ADDRESS@|$address|g; s|@PORT@|$port|g; s|@NEXT@|$((port + 1))|g; s|@FILES@|$files|g" "$DAEMONS/$name/$form" >"$config"
  if declare -F "prepare_$name" >/dev/null; then "prepare_$name" "$files" "$address" "$port" "$form"; fi
  local command=()
  case $name in
    nginx) command=(nginx -c "$config" -e stderr) ;;
    apache2) command=(apache2 -f "$config" -DFOREGROUND) ;;
    openssh) command=(/usr/sbin/sshd -D -e -f "$config") ;;
    vsftpd) command=(vsftpd "$config") ;;
    postfix) command=(postfix -c "$files/etc" start-fg) ;;
    exim4) command=("$EXIM" -bdf -C "$config") ;;
    dovecot) command=(dovecot -F -c "$config") ;;
    redis) command=(redis-server "$config") ;;
    # One argument a line, as in Debian's memcached.conf.
    memcached) mapfile -t command < <(grep -v '^#' "$config" | tr ' ' '\n'); command=(memcached "${command[@]}") ;;
    snmpd) command=(snmpd -f -Lo -C -c "$config" -p "$files/pid" "udp:$address:$port") kind=u ;;
    unbound) command=(unbound -d -c "$config") ;;
    etcd) command=(etcd --config-file "$config") ;;
    samba) command=(smbd --foreground --no-process-group --configfile="$config") ;;
    tigervnc) mapfile -t command <"$config"; command=(Xtigervnc ":$((20000 + BASHPID % 20000))" "${command[@]}") ;;
    telnetd) command=(inetutils-inetd -d "$config") ;;
    xrdp) command=(xrdp --nodaemon --config "$config") ;;
    *) command=(python3 "$DAEMONS/emulate.py" "$name" "$config" "$address" "$port" "$files") ;;
  esac
  # A group of its own (setsid), so that its children end with it; nothing of ours stays open in it.
  if [ -n "${NETNS:-}" ]; then command=(ip netns exec "$NETNS" "${command[@]}"); fi
  (cd "$files" && exec setsid "${command[@]}") </dev/null >"$files/log" 2>&1 3>&- &
  pid=$!
  ln -sfn "$files" "$DAEMON_FILES/pid-$pid"
  # A fix may be that nothing listens any more.
  if grep -q 'nothing listens' "$DAEMONS/$name/$form"; then sleep 0.3; echo "$pid"; return; fi
  for _ in $(seq 200); do
    if [ -n "$(in_netns ss -Hln"$kind" "src $address and sport = :$port")" ]; then echo "$pid"; return; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  echo "$name $form does not listen at $address:$port" >&2
  tail -5 "$files/log" >&2
  daemon_down "$pid"
  return 1
}

daemon_down() {
  local pid=$1 files group groups _
  files=$(readlink "$DAEMON_FILES/pid-$pid" 2>/dev/null) || { echo "$pid is no daemon of ours" >&2; return 1; }
  groups=("$pid")
  # Postfix' master makes itself a session, and writes down its own id.
  [ ! -s "$files/queue/pid/master.pid" ] || groups+=("$(tr -cd 0-9 <"$files/queue/pid/master.pid")")
  for group in "${groups[@]}"; do kill -TERM -- "-$group" 2>/dev/null || true; done
  for _ in $(seq 40); do
    # Not by kill -0: what ended and was not waited for yet still answers to it.
    ps -eo pgid=,stat= | awk -v groups=" ${groups[*]} " 'index(groups, " " $1 " ") && $2 !~ /^Z/ { found = 1 } END { exit !found }' || break
    sleep 0.05
  done
  for group in "${groups[@]}"; do kill -KILL -- "-$group" 2>/dev/null || true; done
  rm -rf "$files" "$DAEMON_FILES/pid-$pid"
}

# certificate FILES: a key and a certificate that nobody trusts.
certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=lab.example -keyout "$1/key.pem" -out "$1/cert.pem" 2>/dev/null
}

# A document root: a page, and the credential file that nobody should serve. The keys are those of AWS' documentation.
site() {
  mkdir -p "$1/site/.aws"
  echo '<!doctype html><title>Lab</title>' >"$1/site/index.html"
  printf '[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n' >"$1/site/.aws/credentials"
  chmod -R a+rX "$1/site"
}
prepare_nginx() { site "$1"; }
prepare_apache2() { site "$1"; }
prepare_openssh() { mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N '' -f "$1/host"; }
prepare_vsftpd() { mkdir -p /run/vsftpd/empty; }
prepare_postfix() {
  mkdir -p "$1/etc" "$1/queue" "$1/data"
  chown postfix "$1/data"
  cp "$1/config" "$1/etc/main.cf"
  cp /etc/postfix/dynamicmaps.cf "$1/etc/" 2>/dev/null || true
  sed "s|@ADDRESS@|$2|g; s|@PORT@|$3|g" "$DAEMONS/postfix/master.cf" >"$1/etc/master.cf"
}
prepare_exim4() { mkdir -p "$1/spool"; chmod 777 "$1/spool"; chmod 644 "$1/config"; }
prepare_samba() { mkdir -p "$1/state" "$1/log.d"; }
prepare_tigervnc() { printf 'lab-pass' >"$1/password"; }
prepare_etcd() { certificate "$1"; }
prepare_xrdp() { certificate "$1"; }
prepare_docker() { certificate "$1"; }
prepare_kubelet() { certificate "$1"; }
prepare_kubernetes() { certificate "$1"; }
prepare_dashboard() { certificate "$1"; }
prepare_vpn() { certificate "$1"; }
