# shellcheck shell=bash disable=SC2034,SC2154
# Real daemons: of TCP by lab/daemons.sh, each as it is found open and as it is after the fix; and those of UDP.

# 10.77.16.N open, 10.77.17.N after the fix; $STATE/daemons.list has address, port, name and form of each that runs.
# A program that is not installed is left out; without lab/daemons.sh there is nobody.
part_daemons() {
  BLOCKS=(10.77.16.0/23)
  behind servers 1 10.77.16.0/23
  : >"$STATE/daemons.list"
  if [ ! -e "$LAB/daemons.sh" ]; then
    echo "no lab/daemons.sh: the block of daemons stays empty" >&2
    return
  fi
  ( # It has its own functions and variables: they stay here.
    export NETNS=$ID-servers TMPDIR=$STATE
    # shellcheck disable=SC1091
    . "$LAB/daemons.sh"
    n=0
    for folder in "$LAB"/daemons/*/; do
      name=$(basename "$folder")
      n=$((n + 1))
      [ -z "$(daemon_missing "$name")" ] || { echo "no $(daemon_missing "$name"): $name is left out" >&2; continue; }
      for form in open fixed; do
        [ -e "$folder$form" ] || continue
        host=10.77.16.$n
        [ $form = open ] || host=10.77.17.$n
        if (daemon_up "$name" $form "$host") >>"$STATE/pids" 2>>"$STATE/log/daemons"; then
          echo "$host $(daemon_port "$name" $form) $name $form" >>"$STATE/daemons.list"
        else
          echo "$name ($form) does not start: see $STATE/log/daemons" >&2
        fi
      done
    done
  )
}

# Each where its program is installed: 10.77.18.1 DNS (unbound), .2 SNMP (snmpd), .3 NTP (chronyd), .4 memcached.
part_udp() {
  BLOCKS=(10.77.18.0/28)
  behind servers 1 10.77.18.0/28
  local home=$STATE/udp
  mkdir -p "$home"
  : >"$STATE/udp.truth"
  if command -v unbound >/dev/null; then
    printf 'server:\n interface: 10.77.18.1\n do-daemonize: no\n username: ""\n chroot: ""\n pidfile: ""\n use-syslog: no\n directory: "%s"\n access-control: 0.0.0.0/0 allow\n module-config: "iterator"\n local-zone: "lab.example." static\n local-data: "www.lab.example. A 192.0.2.1"\nremote-control:\n control-enable: no\n' "$home" >"$home/unbound.conf"
    stay servers unbound unbound -d -c "$home/unbound.conf"
    echo "10.77.18.1 53 dns" >>"$STATE/udp.truth"
  fi
  if command -v snmpd >/dev/null; then
    printf 'rocommunity public\nsysDescr Lab agent\nagentaddress udp:10.77.18.2:161\n' >"$home/snmpd.conf"
    stay servers snmpd env SNMP_PERSISTENT_DIR="$home" snmpd -f -C -c "$home/snmpd.conf" -Lo -I -smux
    echo "10.77.18.2 161 snmp" >>"$STATE/udp.truth"
  fi
  if command -v chronyd >/dev/null; then
    printf 'local stratum 8\nallow all\nbindaddress 10.77.18.3\ncmdport 0\npidfile %s/chronyd.pid\n' "$home" >"$home/chrony.conf"
    stay servers chronyd chronyd -x -d -U -u root -f "$home/chrony.conf"
    echo "10.77.18.3 123 ntp" >>"$STATE/udp.truth"
  fi
  if command -v memcached >/dev/null; then
    stay servers memcached memcached -u root -l 10.77.18.4 -p 11211 -U 11211
    echo "10.77.18.4 11211 memcached" >>"$STATE/udp.truth"
  fi
  sleep 0.5
}
