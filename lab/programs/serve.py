#!/usr/bin/env python3
"""Small servers on every address of their namespace: `serve.py --ready FILE PORT=KIND...`.

Kinds: http (one answer, then closes), ssh (a banner), smtp (a whole dialogue), echo (says back what it hears),
push (says something now and then), dns (UDP: answers every question with 192.0.2.1, from the address that was asked).
"""
import asyncio, socket, sys, threading


async def http(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    body = b"up 1\n" * 60
    writer.write(b"HTTP/1.1 200 OK\r\nServer: lab\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def ssh(reader, writer):
    writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    await reader.read(1000)


async def smtp(reader, writer):
    writer.write(b"220 mx.example ESMTP\r\n")
    data = False
    while line := await reader.readline():
        if data:
            data = line != b".\r\n"
            if not data:
                writer.write(b"250 queued\r\n")
            continue
        data = line.upper().startswith(b"DATA")
        writer.write(b"354 go on\r\n" if data else b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 mx.example\r\n")
        if line.upper().startswith(b"QUIT"):
            return


async def echo(reader, writer):
    while data := await reader.read(4096):
        writer.write(data)


async def push(reader, writer):
    async def speak():
        for n in range(1000):
            await asyncio.sleep(0.7)
            writer.write(b"event %d\n" % n)
    task = asyncio.ensure_future(speak())
    try:
        while await reader.read(4096):
            pass
    finally:
        task.cancel()


def guarded(handler):
    async def run(reader, writer):
        try:
            await handler(reader, writer)
            await writer.drain()
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
    return run


def dns(port):
    """Answers from the address that was asked, which a plain socket on all addresses would not."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_PKTINFO", 8), 1)
    sock.bind(("0.0.0.0", port))
    while True:
        question, control, _, peer = sock.recvmsg(2000, 200)
        end = question.index(b"\0", 12) + 5
        answer = question[:2] + b"\x84\x00" + b"\0\1\0\1\0\0\0\0" + question[12:end] + b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4\xc0\0\2\1"
        sock.sendmsg([answer], [(level, kind, data[:4] + data[4:8] + data[8:12]) for level, kind, data in control], 0, peer)


async def main():
    ready, servers = sys.argv[2], []
    for spec in sys.argv[3:]:
        port, kind = spec.split("=")
        if kind == "dns":
            threading.Thread(target=dns, args=(int(port),), daemon=True).start()
            continue
        for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            sock = socket.socket(family)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((any_address, int(port)))
            servers.append(await asyncio.start_server(guarded(globals()[kind]), sock=sock, backlog=512))
    open(ready, "w").close()
    await asyncio.Event().wait()


asyncio.run(main())
