#!/usr/bin/env python3
"""Wraps the packets of a real lab capture as links do that this kernel has not: `encapsulate.py KIND IN.pcap OUT.pcap`.

What lies inside stays as it was captured, and so do the times; only the wrapping is made here, after the standard that is named beside
each kind. IN is a little-endian pcap of Ethernet. Frames that are not IP stay out of the wrappings that carry IP alone.
"""
import struct, sys

ETHERNET, NULL, RAW, LOOP, RADIOTAP = 1, 0, 101, 108, 127
OUTER4 = bytes([10, 255, 0, 1]), bytes([10, 255, 0, 2])
OUTER6 = bytes.fromhex("20010db8ffff00000000000000000001"), bytes.fromhex("20010db8ffff00000000000000000002")


def sum16(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ends(frame, pair):
    """The tunnel's outer addresses, by the inner packet's direction (the lab's MAC addresses tell it)."""
    return pair if frame[6:12] == bytes.fromhex("02005e000001") else pair[::-1]


def ipv4(frame, protocol, payload):
    source, target = ends(frame, OUTER4)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0x4000, 64, protocol, 0, source, target)
    return head[:10] + struct.pack(">H", sum16(head)) + head[12:] + payload


def ipv6(frame, following, payload):
    source, target = ends(frame, OUTER6)
    return struct.pack(">IHBB16s16s", 0x60000000, len(payload), following, 64, source, target) + payload


def ether(frame, kind, payload):
    return frame[:12] + struct.pack(">H", kind) + payload


def udp(source, target, payload):
    return struct.pack(">HHHH", source, target, 8 + len(payload), 0) + payload


def hop_by_hop(frame, packet):
    """IPv6 with hop-by-hop (router alert), destination options and an atomic fragment header: RFC 8200, 2711, 6946."""
    following = packet[6]
    chain = bytes([60, 0, 5, 2, 0, 0, 1, 0]) + bytes([44, 0, 1, 4, 0, 0, 0, 0]) + bytes([following, 0, 0, 0, 0, 0, 0, 9])
    return packet[:4] + struct.pack(">HB", len(packet) - 40 + len(chain), 0) + packet[7:40] + chain + packet[40:]


def ip_kind(packet):
    return {4: (0x0800, 4, 2, 0x0021), 6: (0x86DD, 41, 30, 0x0057)}[packet[0] >> 4]  # EtherType, IP protocol, BSD family, PPP


# kind: (link type, what it makes of frame and IP packet, whether it can carry frames that are not IP)
KINDS = {
    "vlan": (ETHERNET, lambda f, p: f[:12] + bytes.fromhex("8100 a00c") + f[12:], True),  # 802.1Q
    "qinq": (ETHERNET, lambda f, p: f[:12] + bytes.fromhex("88a8 0064 8100 000c") + f[12:], True),  # 802.1ad
    "mpls": (ETHERNET, lambda f, p: ether(f, 0x8847, struct.pack(">II", 16001 << 12 | 64, 299 << 12 | 0x100 | 63) + p), False),  # RFC 3032
    "pppoe": (ETHERNET, lambda f, p: ether(f, 0x8864, struct.pack(">BBHHH", 0x11, 0, 7, 2 + len(p), ip_kind(p)[3]) + p), False),  # RFC 2516
    "gre": (ETHERNET, lambda f, p: ether(f, 0x0800, ipv4(f, 47, struct.pack(">HH", 0, ip_kind(p)[0]) + p)), False),  # RFC 2784
    "gre-key": (ETHERNET, lambda f, p: ether(f, 0x0800, ipv4(f, 47, struct.pack(">HHII", 0x3000, ip_kind(p)[0], 77, 1) + p)), False),  # RFC 2890
    "gre-ethernet": (ETHERNET, lambda f, p: ether(f, 0x0800, ipv4(f, 47, struct.pack(">HH", 0, 0x6558) + f)), True),  # RFC 1701
    "ipip": (ETHERNET, lambda f, p: ether(f, 0x0800, ipv4(f, ip_kind(p)[1], p)), False),  # RFC 2003; 6in4: RFC 4213
    "ip-in-ipv6": (ETHERNET, lambda f, p: ether(f, 0x86DD, ipv6(f, ip_kind(p)[1], p)), False),  # RFC 2473
    "geneve": (ETHERNET, lambda f, p: ether(f, 0x0800, ipv4(f, 17, udp(50000, 6081, struct.pack(">BBHI", 0, 0, 0x6558, 77 << 8) + f))), True),  # RFC 8926
    "hop-by-hop": (ETHERNET, lambda f, p: ether(f, 0x86DD, hop_by_hop(f, p)), False),
    "null": (NULL, lambda f, p: struct.pack("<I", ip_kind(p)[2]) + p, False),  # BSD loopback, host byte order
    "loop": (LOOP, lambda f, p: struct.pack(">I", ip_kind(p)[2]) + p, False),  # OpenBSD loopback, network byte order
    "raw": (RAW, lambda f, p: p, False),
    "radiotap": (RADIOTAP, lambda f, p: bytes.fromhex("0000 0800 0000 0000") + bytes.fromhex("0801 0000") + f[:6] + f[6:12] + f[:6]  # 802.11
                 + bytes.fromhex("0000 aaaa 0300 0000") + f[12:], True),
    "big-endian": (ETHERNET, lambda f, p: f, True),
}


def main():
    kind, source, target = sys.argv[1:]
    link, wrap, any_frame = KINDS[kind]
    order = ">" if kind == "big-endian" else "<"
    data = open(source, "rb").read()
    magic, = struct.unpack_from("<I", data)
    with open(target, "wb") as out:
        out.write(struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 262144, link))
        at = 24
        while at < len(data):
            seconds, fraction, size, full = struct.unpack_from("<IIII", data, at)
            frame = data[at + 16:at + 16 + size]
            at += 16 + size
            is_ip = frame[12:14] in (b"\x08\x00", b"\x86\xdd")
            if is_ip or any_frame:
                frame = wrap(frame, frame[14:])
                out.write(struct.pack(order + "IIII", seconds, fraction, len(frame), len(frame) + full - size) + frame)


main()
