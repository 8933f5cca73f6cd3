"""Packets of modelled hosts, as a capture: `Wire` collects them, `write` sorts them by time into a pcap.

Only what a case needs: Ethernet, ARP, IPv4, IPv6, TCP, UDP, ICMP, with checksums; sessions with a handshake, bytes and
an end; connections that nobody answers, with the retransmissions of the stack that sends them.
"""
import ipaddress, random, struct

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MSS = b"\x02\x04\x05\xb4"
LINUX = MSS + b"\x04\x02\x08\x0a%TS%\x00\x00\x00\x00\x01\x03\x03\x07"  # %TS% is filled in
WINDOWS = MSS + b"\x01\x03\x03\x08\x01\x01\x04\x02"
NONE = b""


def raw(address):
    return ipaddress.ip_address(address).packed


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Wire:
    def __init__(self, name, start=1_760_000_000.0):
        self.random, self.start, self.packets = random.Random(name), start, []

    def frame(self, time, kind, body):
        self.packets.append((self.start + time, b"\x02\0\x5e\0\0\2\x02\0\x5e\0\0\1" + struct.pack(">H", kind) + body))

    def ip(self, time, source, target, protocol, body, ttl=64, fragment=True, ident=None):
        source, target = raw(source), raw(target)
        if len(source) == 16:
            self.frame(time, 0x86DD, struct.pack(">IHBB", 6 << 28, len(body), protocol, ttl) + source + target + body)
            return
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), self.random.getrandbits(16) if ident is None else ident, 0x4000 if fragment else 0, ttl, protocol, 0)
        head = head + source + target
        self.frame(time, 0x0800, head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body)

    def again(self, after):
        """The last packet once more, as a retransmission."""
        time, packet = self.packets[-1]
        self.packets.append((time + after, packet))

    def summed(self, source, target, protocol, body, place):
        pseudo = raw(source) + raw(target) + struct.pack(">II", len(body), protocol)
        total = checksum(pseudo + body)
        if protocol == 17:
            total = total or 0xFFFF  # zero would say that there is none
        return body[:place] + struct.pack(">H", total) + body[place + 2 :]

    def tcp(self, time, source, sport, target, port, flags, seq=0, ack=0, window=64240, options=NONE, data=b"", ttl=64, df=True, ident=None):
        options = options.replace(b"%TS%", struct.pack(">I", int(time * 1000) & 0xFFFFFFFF))
        options += b"\0" * (-len(options) % 4)
        body = struct.pack(">HHIIBBHHH", sport, port, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, (20 + len(options)) << 2, flags, window, 0, 0)
        self.ip(time, source, target, 6, self.summed(source, target, 6, body + options + data, 16), ttl, df, ident)

    def udp(self, time, source, sport, target, port, data=b"\0" * 24, ttl=64):
        body = struct.pack(">HHHH", sport, port, 8 + len(data), 0) + data
        self.ip(time, source, target, 17, self.summed(source, target, 17, body, 6), ttl)

    def icmp(self, time, source, target, kind, code=0, rest=b"\0\0\0\0", data=b"", ttl=64):
        body = struct.pack(">BBH", kind, code, 0) + rest + data
        if ":" in str(source):
            self.ip(time, source, target, 58, self.summed(source, target, 58, body, 2), ttl)
        else:
            self.ip(time, source, target, 1, body[:2] + struct.pack(">H", checksum(body)) + body[4:], ttl)

    def error(self, source, kind=3, code=3, after=0.01):
        """An ICMP error about the last packet, to its sender."""
        time, packet = self.packets[-1]
        quoted = packet[14:]
        self.icmp(time - self.start + after, source, str(ipaddress.ip_address(quoted[12:16])), kind, code, data=quoted[:28])

    def ping(self, time, source, target, answer=True, ident=7, seq=1, ttl=64):
        v6 = ":" in str(source)
        rest = struct.pack(">HH", ident, seq)
        self.icmp(time, source, target, 128 if v6 else 8, 0, rest, b"abcdefghijklmnopqrstuvwabcdefghi", ttl)
        if answer:
            self.icmp(time + 0.02, target, source, 129 if v6 else 0, 0, rest, b"abcdefghijklmnopqrstuvwabcdefghi")

    def arp(self, time, mac, asker, asked):
        body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + mac + raw(asker) + b"\0" * 6 + raw(asked)
        self.packets.append((self.start + time, b"\xff" * 6 + mac + b"\x08\x06" + body))

    def far(self):
        """A host somewhere: 10.0.0.0/8 stands for the Internet."""
        return f"10.{self.random.randrange(256)}.{self.random.randrange(256)}.{self.random.randrange(1, 255)}"

    def port(self):
        return self.random.randrange(32768, 61000)

    def syn(self, time, source, sport, target, port, options=LINUX, **more):
        seq = more.pop("seq", self.random.getrandbits(32))
        self.tcp(time, source, sport, target, port, SYN, seq, options=options, **more)
        return seq

    def silent(self, time, source, target, port, sport=None, options=LINUX, tries=(0, 1, 3, 7), **more):
        sport, seq = sport or self.port(), more.pop("seq", self.random.getrandbits(32))
        for wait in tries:
            self.syn(time + wait, source, sport, target, port, options, seq=seq, **more)

    def refused(self, time, source, target, port, sport=None, options=LINUX, **more):
        sport = sport or self.port()
        seq = self.syn(time, source, sport, target, port, options, **more)
        self.tcp(time + 0.01, target, port, source, sport, RST | ACK, 0, seq + 1, 0)

    def half_open(self, time, source, target, port, sport=None, options=MSS, **more):
        sport = sport or self.port()
        seq = self.syn(time, source, sport, target, port, options, **more)
        self.tcp(time + 0.01, target, port, source, sport, SYN | ACK, 77, seq + 1, options=MSS)
        self.tcp(time + 0.0102, source, sport, target, port, RST, seq + 1, 0, 0)

    def session(self, time, source, target, port, ask=b"GET / HTTP/1.1\r\n\r\n", tell=b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 80, sport=None,
                options=LINUX, first="client", end="fin", rtt=0.02, length=0.2):
        """A whole connection. `first="server"`: the server greets."""
        sport, a, b = sport or self.port(), self.random.getrandbits(32), self.random.getrandbits(32)
        c = lambda t, f, data=b"", **m: self.tcp(time + t, source, sport, target, port, f, a, b, data=data, **m)
        s = lambda t, f, data=b"", **m: self.tcp(time + t, target, port, source, sport, f, b, a, data=data, **m)
        self.tcp(time, source, sport, target, port, SYN, a, options=options)
        a += 1
        s(rtt, SYN | ACK, options=options)
        b += 1
        c(rtt + 0.0001, ACK)
        t = rtt + 0.001
        for who in (("client", "server") if first == "client" else ("server", "client")):
            data = ask if who == "client" else tell
            if not data:
                continue
            if who == "client":
                c(t, PSH | ACK, data)
                a += len(data)
                s(t + rtt, ACK)
            else:
                s(t + rtt, PSH | ACK, data)
                b += len(data)
                c(t + rtt + 0.0001, ACK)
            t += rtt + 0.002
        t = max(t, length)
        if end == "fin":
            c(t, FIN | ACK)
            a += 1
            s(t + rtt, FIN | ACK)
            b += 1
            c(t + rtt + 0.0001, ACK)
        elif end == "rst":
            c(t, RST | ACK)
        return time + t

    def ask(self, time, source, target, port, sport=None, answer=True, data=b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1", reply=None):
        sport = sport or self.port()
        self.udp(time, source, sport, target, port, data)
        if answer:
            self.udp(time + 0.02, target, port, source, sport, reply or data)

    def write(self, path, keep=lambda packet: True):
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            for time, packet in sorted(self.packets, key=lambda p: p[0]):
                if keep(packet):
                    micro = round(time * 1e6)
                    out.write(struct.pack("<IIII", micro // 1_000_000, micro % 1_000_000, len(packet), len(packet)) + packet)


def sent_by(*prefixes):
    """Keeps what one direction shows: packets from these prefixes."""
    nets = [ipaddress.ip_network(p) for p in prefixes]

    def keep(packet):
        kind = packet[12:14]
        if kind == b"\x08\0":
            source = ipaddress.ip_address(packet[26:30])
        elif kind == b"\x86\xdd":
            source = ipaddress.ip_address(packet[22:38])
        else:
            return True
        return any(source.version == n.version and source in n for n in nets)

    return keep
