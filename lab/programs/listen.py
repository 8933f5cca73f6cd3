#!/usr/bin/env python3
"""Small services on every address of their namespace, made to outlive a scan: `listen.py READY-FILE PORT|silent=PORT|drip=PORT...`.

A port speaks as its number lets one expect: some greet at once, some answer HTTP, some wait for a client and hang up on
nonsense. `silent` never says a word, `drip` says one byte every ten seconds; both have a window as small as Linux gives. Queues
are as long as the kernel allows, and a connection lasts a minute at most.
"""
import asyncio, resource, socket, sys

GREETINGS = {
    21: b"220 Lab FTP server ready.\r\n", 22: b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", 23: b"\xff\xfd\x18\xff\xfd\x20",
    25: b"220 mx.lab.example ESMTP\r\n", 110: b"+OK ready\r\n", 143: b"* OK ready\r\n", 587: b"220 mx.lab.example ESMTP\r\n",
    2121: b"220 Lab FTP server ready.\r\n", 5900: b"RFB 003.008\n", 119: b"200 Lab news\r\n",
    3306: b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0" + b"abcdefgh\0\xff\xf7\xff\2\0\xff\xdf\x15" + bytes(10) + b"ijklmnopqrst\0caching_sha2_password\0",
}
PAGE = b"HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nup\n"
METHODS = (b"GET ", b"HEAD ", b"POST ", b"OPTIONS ")


class Service(asyncio.Protocol):
    def __init__(self, port, kind):
        self.port, self.kind = port, kind

    def connection_made(self, transport):
        self.transport = transport
        self.end = asyncio.get_running_loop().call_later(60, transport.abort)
        if self.kind == "drip":
            self.drip()
        elif self.kind == "speaks" and self.port in GREETINGS:
            transport.write(GREETINGS[self.port])

    def drip(self):
        self.transport.write(b"a")
        self.next = asyncio.get_running_loop().call_later(10, self.drip)

    def data_received(self, data):
        if self.kind != "speaks" or self.port in GREETINGS:
            return
        if data.startswith(METHODS):
            self.transport.write(PAGE)
        self.transport.close()

    def connection_lost(self, _):
        self.end.cancel()
        if self.kind == "drip":
            self.next.cancel()


def wildcard(port, small):
    sock = socket.socket(socket.AF_INET6)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if small:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    sock.bind(("::", port))
    sock.listen(65535)
    sock.setblocking(False)
    return sock


async def main():
    loop, servers = asyncio.get_running_loop(), []
    for spec in sys.argv[2:]:
        kind, _, port = ("speaks=" + spec if spec.isdigit() else spec).partition("=")
        if kind not in ("speaks", "silent", "drip"):
            sys.exit(f"no kind {kind!r}")
        sock = wildcard(int(port), kind != "speaks")
        servers.append(await loop.create_server(lambda port=int(port), kind=kind: Service(port, kind), sock=sock, backlog=1024))
    open(sys.argv[1], "w").close()
    await asyncio.Event().wait()


resource.setrlimit(resource.RLIMIT_NOFILE, (min(1000000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
asyncio.run(main())
