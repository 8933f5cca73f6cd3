#!/usr/bin/env python3
"""A tarpit of LaBrea's kind: a tun device `pit`; whoever is routed there opens every TCP port and is never let go.

`tarpit.py READY-FILE`. Every SYN is answered with SYN-ACK, a window of ten bytes and no options; data and window probes are
acknowledged up to those ten bytes, with the window then shut. It keeps no state: its sequence number is a function of the
connection. Nothing else is ever said, RST and FIN included. IPv4 only; pings are answered, for the hosts look alive.
"""
import fcntl, os, struct, sys, zlib

WINDOW = 10
SYN, RST, ACK = 0x02, 0x04, 0x10


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip(source, target, protocol, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0, source, target)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def tcp(source, target, ports, sequence, acknowledged, flags, window):
    body = struct.pack("!HHIIBBHHH", *ports, sequence, acknowledged & 0xFFFFFFFF, 0x50, flags, window, 0, 0)
    total = checksum(source + target + struct.pack("!BBH", 0, 6, len(body)) + body)
    return ip(source, target, 6, body[:16] + struct.pack("!H", total) + body[18:])


def answer(packet):
    if len(packet) < 28 or packet[0] >> 4 != 4:
        return None
    length = (packet[0] & 15) * 4
    source, target, body = packet[12:16], packet[16:20], packet[length:struct.unpack("!H", packet[2:4])[0]]
    if packet[9] == 1 and len(body) >= 8 and body[0] == 8:
        echo = b"\0\0\0\0" + body[4:]
        return ip(target, source, 1, echo[:2] + struct.pack("!H", checksum(echo)) + echo[4:])
    if packet[9] != 6 or len(body) < 20:
        return None
    mine, yours = struct.unpack("!HH", body[2:4] + body[:2])
    sequence, acknowledged, offset, flags = struct.unpack("!IIBB", body[4:14])
    start = zlib.crc32(source + target + body[:4])
    if flags & (SYN | RST | ACK) == SYN:
        return tcp(target, source, (mine, yours), start, sequence + 1, SYN | ACK, WINDOW)
    data = len(body) - (offset >> 4) * 4
    if flags & RST or not flags & ACK or data <= 0 or acknowledged != (start + 1) & 0xFFFFFFFF:
        return None
    return tcp(target, source, (mine, yours), acknowledged, sequence + (data if 1 < data <= WINDOW else 0), ACK, 0)


if __name__ == "__main__":
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"pit", 0x0001 | 0x1000))  # TUNSETIFF: IFF_TUN, IFF_NO_PI
    open(sys.argv[1], "w").close()
    while True:
        said = answer(os.read(tun, 65536))
        if said:
            try:
                os.write(tun, said)
            except OSError:
                pass
