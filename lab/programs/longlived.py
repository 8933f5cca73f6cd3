#!/usr/bin/env python3
"""Long connections that were there before anybody looked: `longlived.py CLIENTS SERVERS PORTS COUNT SECONDS READY-FILE`.

Opens COUNT connections with TCP keep-alive, says so by READY-FILE, then for SECONDS each side speaks now and then; at the end
some close with FIN, some with RST, some not at all.
"""
import ipaddress, random, socket, struct, sys, time

clients, servers = ([str(a) for a in ipaddress.ip_network(t)] for t in sys.argv[1:3])
ports, count, seconds, ready = [int(p) for p in sys.argv[3].split(",")], int(sys.argv[4]), float(sys.argv[5]), sys.argv[6]
rng, open_ones = random.Random(7), []
for n in range(count):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_IP, 15, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    sock.bind((clients[n % len(clients)], 0))
    sock.connect((servers[n * 7 % len(servers)], ports[n % len(ports)]))
    open_ones.append(sock)
open(ready, "w").close()
time.sleep(1.5)
end = time.monotonic() + seconds
while time.monotonic() < end:
    sock = rng.choice(open_ones[: count // 2])
    sock.send(b"a line of somebody's work\n")
    time.sleep(seconds / (count * 2))
for n, sock in enumerate(open_ones):
    if n % 3 == 0:
        sock.close()
    elif n % 3 == 1:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
time.sleep(1)
