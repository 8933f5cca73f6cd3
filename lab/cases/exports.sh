# shellcheck shell=bash disable=SC2154
# Scans as a switch reports them: pmacct's sFlow agent samples the inner end of the cable and exports to a collector on that side's
# loopback, where the datagrams are captured.

# sflow_agent RATE: one packet in so many, by chance; ready when its own capture runs.
sflow_agent() {
  cat >"$SCRATCH/pmacctd.conf" <<CONF
daemonize: false
plugins: sfprobe
pcap_interface: border
promisc: false
sfprobe_receiver: 127.0.0.1:6343
sfprobe_agentip: 192.0.2.254
sampling_rate: $1
CONF
  capture "$DIR/input.pcap" in lo udp port 6343
  daemon in pmacctd -f "$SCRATCH/pmacctd.conf"
  for _ in $(seq 100); do
    ip netns exec "$IN" grep -q . /proc/net/packet && [ "$(ip netns exec "$IN" wc -l </proc/net/packet)" -gt 2 ] && break
    sleep 0.05
  done
  sleep 1
}

case_flow-sflow() {
  served_block 198.51.100.90
  sflow_agent 1
  crowd 31 60 5
  outside nmap -sS -n -Pn -p 22,80,443 --min-rate 400 --max-retries 1 -S 198.51.100.90 -e border 203.0.113.0/26
  sleep 6
  captured
  scan 198.51.100.90 horizontal tcp-syn 64 22,80,443 "" nmap\?
  about "sFlow v5 of every packet, by pmacct, beside the visits of ordinary clients."
}
case_flow-sflow-sampled() {
  served_block 198.51.100.91
  sflow_agent 16
  crowd 32 900 20
  outside nmap -sS -n -Pn -p 22,80,443,3389 --min-rate 200 --max-retries 0 -S 198.51.100.91 -e border 203.0.113.0/24
  sleep 10
  captured
  scan 198.51.100.91 horizontal tcp-syn "256, a part of them sampled" 22,80,443,3389 tcp none
  about "sFlow v5 of one packet in 16, by pmacct: most answers to ordinary clients are not in the input, and nothing follows from it."
}
