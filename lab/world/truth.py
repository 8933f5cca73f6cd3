#!/usr/bin/env python3
"""What is open in the lab's large blocks, the same every time: `truth.py ports | services DIR | wide DIR`.

`ports` prints the hundred ports of the /22. The others write DIR/<block>.truth (an address and a port a line),
DIR/<block>.ports (for a command line) and DIR/<block>.nft (the kernel's rules that make it so). An address of the /22 has
two to six of the ports, four on average, drawn by a hash of its number: 4,096 in all. One in twenty of the /16 has port 80.
"""
import hashlib, ipaddress, sys

PORTS = [*range(20, 27), 37, 43, 49, 53, *range(79, 91), 106, 110, 111, 113, 119, 135, 139, 143, 179, 199, 389, 427, 443, 444, 445, 465,
         513, 514, 515, 543, 544, 548, 554, 587, 631, 636, 873, 990, 993, 995, 1025, 1080, 1433, 1521, 1720, 1723, 1883, 2049, 2121,
         2375, 2379, 3000, 3128, 3306, 3389, 4369, 5000, 5060, 5222, 5432, 5601, 5672, 5900, 5984, 6379, 6443, 7001, 8000, 8008,
         8009, 8080, 8081, 8088, 8443, 8888, 9000, 9042, 9090, 9100, 9200, 9300, 9418, 10000, 10250, 11211, 27017, 50000]


def draw(*what):
    return int.from_bytes(hashlib.sha256(repr(what).encode()).digest()[:8], "big")


def services():
    net = ipaddress.ip_network("10.77.4.0/22")
    for n, address in enumerate(net):
        # Five addresses after each other have 20; the last four, 16.
        how_many = (2, 6, 3, 5, 4)[n % 5] if n < 1020 else 4
        for port in sorted(sorted(PORTS, key=lambda port: draw("services", n, port))[:how_many]):
            yield address, port


def wide():
    net = ipaddress.ip_network("10.88.0.0/16")
    for n, address in enumerate(net):
        if draw("wide", n) % 20 == 0:
            yield address, 80


def span(ports):
    out = []
    for port in sorted(ports):
        if out and out[-1][1] == port - 1:
            out[-1][1] = port
        else:
            out.append([port, port])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in out)


SERVICES = """table inet lab_services {{
  set ports {{ type inet_service; elements = {{ {ports} }} }}
  set open {{ type ipv4_addr . inet_service; size 65536; elements = {{ {elements} }} }}
  chain input {{
    type filter hook input priority 0
    ip daddr 10.77.4.0/22 tcp dport @ports ip daddr . tcp dport != @open reject with tcp reset
  }}
}}
"""
WIDE = """table inet lab_wide {{
  set open {{ type ipv4_addr; size 65536; elements = {{ {elements} }} }}
  chain early {{
    type filter hook prerouting priority raw
    ip daddr 10.88.0.0/16 ip daddr != @open drop
  }}
  chain input {{
    type filter hook input priority 0
    ip daddr 10.88.0.0/16 tcp dport != 80 reject with tcp reset
  }}
}}
"""

if __name__ == "__main__":
    if sys.argv[1] == "ports":
        print(*PORTS, sep="\n")
        sys.exit()
    block, where = sys.argv[1:3]
    pairs = list(services() if block == "services" else wide())
    ports = span(PORTS if block == "services" else [80])
    if block == "services":
        rules = SERVICES.format(ports=", ".join(map(str, PORTS)), elements=", ".join(f"{a} . {p}" for a, p in pairs))
    else:
        rules = WIDE.format(elements=", ".join(str(a) for a, _ in pairs))
    for ending, text in (("truth", "".join(f"{a} {p}\n" for a, p in pairs)), ("ports", ports), ("nft", rules)):
        with open(f"{where}/{block}.{ending}", "w") as file:
            file.write(text)
