#!/usr/bin/env python3
"""Plain connects of the kernel's own stack, one at a time: `connect.py HOSTS PORTS [options]`.

HOSTS is a prefix, FIRST-LAST or a list with commas; PORTS likewise. With --reverse from the last to the first. --wait is how long
one connect may take (below a second, so that the kernel sends one SYN), --pause what lies between two. --talk asks for a page, --read waits for the greeting, --reset
closes with RST. --options puts IPv6 hop-by-hop and
destination options before TCP. --source binds.
"""
import argparse, ipaddress, select, socket, struct, time


def addresses(text):
    if "/" in text:
        return [str(a) for a in ipaddress.ip_network(text)]
    if "-" in text:
        first, last = (ipaddress.ip_address(a) for a in text.split("-"))
        return [str(type(first)(n)) for n in range(int(first), int(last) + 1)]
    return text.split(",")


def ports(text):
    out = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        out += range(int(first), int(last or first) + 1)
    return out


def connect(args, host, port):
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if args.options:
            padding = bytes([0, 0, 1, 4, 0, 0, 0, 0])
            sock.setsockopt(socket.IPPROTO_IPV6, 54, padding)
            sock.setsockopt(socket.IPPROTO_IPV6, 59, padding)
        if args.source:
            sock.setsockopt(socket.SOL_IP, 15, 1)
            sock.bind((args.source, 0))
        sock.setblocking(False)
        sock.connect_ex((host, port))
        _, writable, _ = select.select([], [sock], [], args.wait)
        if writable and not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            if args.talk:
                sock.settimeout(args.wait)
                sock.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                while sock.recv(4096):
                    pass
            if args.read:
                sock.settimeout(args.wait)
                sock.recv(4096)
            if args.reset:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    finally:
        sock.close()


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("hosts")
    p.add_argument("ports")
    p.add_argument("--source")
    p.add_argument("--wait", type=float, default=0.1)
    p.add_argument("--pause", type=float, default=0.0)
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--every", type=float, default=0.0, help="seconds from one round's start to the next one's")
    for flag in ("--reverse", "--talk", "--read", "--reset", "--options"):
        p.add_argument(flag, action="store_true")
    args = p.parse_args()
    hosts = addresses(args.hosts)
    if args.reverse:
        hosts.reverse()
    for _ in range(args.rounds):
        began = time.monotonic()
        for host in hosts:
            for port in ports(args.ports):
                connect(args, host, port)
                time.sleep(args.pause)
        time.sleep(max(0, began + args.every - time.monotonic()))


main()
