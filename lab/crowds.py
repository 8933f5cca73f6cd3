"""Modelled cases of depth: botnets, teams, floods, walks of the whole Internet, and tools that nobody packages. `lab/modelled` writes them.

Each function takes a Wire and returns (scans, note, arguments for detect) and, where there is one, what else the label says. Facts about tools are
those of their sources; 10.0.0.0/8 stands for the Internet, 203.0.113.0/24 is the own block.
"""
import ipaddress, struct
from wire import LINUX, MSS, NONE, WINDOWS, raw

OURS = ["--blocks", "203.0.113.0/24"]
BSD = b"\x02\x04\x05\x9c\x01\x01\x04\x02\x01\x03\x03\x00\x01\x01\x08\x0a%TS%\x00\x00\x00\x00"
CASES = {}


def case(build):
    CASES["model-" + build.__name__.replace("_", "-")] = build
    return build


def scan(sources, shape, probe, hosts, ports, tool=None, **more):
    """A label; several sources make one coordinated scan."""
    label = {"source": sources[0]}
    if len(sources) > 1:
        label["sources"] = sources
    return dict(label, shape=shape, probes=[probe], also=[], hosts=hosts, ports=ports, tool=tool, **more)


def ours(number):
    return f"203.0.113.{number}"


def number_of(address):
    return int.from_bytes(raw(address), "big")


def strangers(wire, count):
    """That many addresses, each of its own."""
    found = {}
    while len(found) < count:
        found[wire.far()] = None
    return list(found)


# --- Probes as tools and stacks send them -------------------------------------------------------------------------------------------

def as_zmap(wire, time, source, target, port, hops):
    wire.syn(time, source, wire.port(), target, port, NONE, window=65535, df=False, ttl=255 - hops, ident=54321)


def as_masscan(wire, time, source, target, port, hops):
    seq, there = wire.random.getrandbits(32), number_of(target)
    wire.syn(time, source, wire.random.randrange(40000, 60000), target, port, NONE, window=1024, df=False, ttl=255 - hops, seq=seq, ident=(there ^ port ^ seq) & 0xFFFF)


def as_mirai(wire, time, source, target, port, hops):
    window, sport = wire.random.randrange(1, 65536), wire.random.randrange(1024, 65536)
    wire.syn(time, source, sport, target, port, NONE, window=window, df=False, ttl=64 - hops, seq=number_of(target))


def as_linux(wire, time, source, target, port, hops):
    wire.syn(time, source, wire.port(), target, port, LINUX, ttl=64 - hops)


def as_windows(wire, time, source, target, port, hops):
    wire.syn(time, source, wire.random.randrange(49152, 65536), target, port, WINDOWS, ttl=128 - hops)


def as_bot(wire, time, source, target, port, hops):
    """A raw sender of its own kind: no known tool."""
    wire.syn(time, source, wire.random.randrange(1025, 65536), target, port, b"\x02\x04\x05\xac", window=14600, df=False, ttl=128 - hops)


NOISE_PORTS = (23, 23, 22, 80, 443, 445, 3389, 8080, 8443, 2323, 6379, 5900, 1433, 3306, 25, 21, 81, 8000, 9200, 5060)


def background(wire, sources, seconds, port, bots_way):
    """One probe of each source: what reaches every block on every day. One in sixty asks for `port`, never the way the bots do."""
    ways = [as_zmap, as_masscan, as_mirai, as_linux, as_windows]
    for source in sources:
        asked = port if wire.random.random() < 1 / 60 else wire.random.choice(NOISE_PORTS)
        way = wire.random.choice([w for w in ways if w is not bots_way] if asked == port else ways)
        way(wire, wire.random.random() * seconds, source, ours(wire.random.randrange(256)), asked, wire.random.randrange(8, 22))


def botnet(wire, ports, way, probe, twice):
    """256 sources share out the pairs of address and port, among ten thousand who have nothing to do with each other."""
    everyone = strangers(wire, 10256)
    bots, others = everyone[:256], everyone[256:]
    pairs = [(number, port) for number in range(256) for port in ports]
    wire.random.shuffle(pairs)
    touched = set()
    for turn, bot in enumerate(bots):
        time, hops = 30000 + wire.random.random() * 14400, wire.random.randrange(8, 22)
        for again in range(1 + (len(ports) > 1 and turn % 2)):
            number, port = pairs.pop()
            touched.add(number)
            way(wire, time + again * (5 + wire.random.random() * 600), bot, ours(number), port, hops)
            if twice and turn % 2:
                wire.again(1.02)
    background(wire, others, 86400, ports[0], way)
    return scan(bots, "horizontal", probe, len(touched), list(ports))


@case
def botnet_of_256(wire):
    note = "256 bots, one host each, one or two packets: together the whole block, among 10,000 single probes of others."
    return [botnet(wire, (5555,), as_bot, "tcp-syn", True)], note, OURS


@case
def botnet_of_256_ordinary(wire):
    note = "The same from ordinary Linux stacks (half of them send the SYN again after a second): nothing but the sharing-out gives them away."
    return [botnet(wire, (5555,), as_linux, "tcp-connect", True)], note, OURS


@case
def botnet_of_256_two_ports(wire):
    note = "256 bots with one or two of the 512 pairs of host and port, no pair twice, among 10,000 single probes of others."
    return [botnet(wire, (7547, 37215), as_bot, "tcp-syn", False)], note, OURS


@case
def background_alone(wire):
    background(wire, strangers(wire, 4000), 86400, 5555, as_bot)
    return [], "4,000 single probes from as many strangers in a day: no scan of several, however many share a tool and a port.", OURS


@case
def mirai_bots(wire):
    scans = []
    for bot in strangers(wire, 12):
        sport, window, ttl, hosts = wire.random.randrange(1024, 65536), wire.random.randrange(1, 65536), 64 - wire.random.randrange(8, 22), set()
        for turn in range(wire.random.randrange(11, 16)):
            number = wire.random.randrange(256)
            hosts.add(number)
            port = 2323 if turn % 10 == 9 else 23
            wire.syn(wire.random.random() * 70000, bot, sport, ours(number), port, NONE, seq=number_of(ours(number)), window=window, df=False, ttl=ttl)
        scans.append(scan([bot], "horizontal", "tcp-syn", len(hosts), [23, 2323], "mirai"))
    note = "Twelve bots, each at random addresses of the Internet: the same program and ports, and yet nobody shares out anything."
    return scans, note, OURS, {"separate": True}


@case
def team_of_30(wire):
    team = [f"198.51.100.{20 + 7 * n}" for n in range(30)]
    pairs = [(host, port) for host in range(1024) for port in (22, 80, 443, 3389, 8080)]
    wire.random.shuffle(pairs)
    alive = set(wire.random.sample(range(1024), 40))
    touched = set()
    for hour in range(168):
        for member in team:
            host, port = pairs.pop()
            touched.add(host)
            target, time = str(ipaddress.ip_address("198.18.96.0") + host), hour * 3600 + wire.random.random() * 3500
            if host in alive and port in (22, 80):
                wire.session(time, member, target, port, ask=b"", tell=b"", length=0.05)
            elif host in alive:
                wire.refused(time, member, target, port)
            else:
                wire.silent(time, member, target, port, tries=(0,))
    note = "Thirty addresses of one /24 share out a /22: each one probe an hour for a week, no pair of host and port twice."
    return [scan(team, "horizontal", "tcp-connect", len(touched), [22, 80, 443, 3389, 8080])], note, ["--blocks", "198.18.96.0/22"]


@case
def scan_month(wire):
    background(wire, strangers(wire, 2000), 30 * 86400, 8291, as_bot)
    for turn, number in enumerate(wire.random.sample(range(256), 120)):
        as_bot(wire, turn * 21600 + wire.random.random() * 3000, "198.51.100.9", ours(number), 8291, 11)
    return [scan(["198.51.100.9"], "horizontal", "tcp-syn", 120, [8291])], "One probe every six hours for thirty days, among 2,000 single probes of others.", OURS


@case
def benign_spoofed_flood(wire):
    for turn in range(20000):
        source, sport = wire.far(), 1024 + turn % 60000
        seq = wire.syn(turn * 0.001, source, sport, ours(5), 443, NONE, window=512, df=False, ttl=52, seq=0x1234, ident=turn & 0xFFFF)
        if turn % 100 == 0:
            wire.tcp(turn * 0.001 + 0.0004, ours(5), 443, source, sport, 18, wire.random.getrandbits(32), seq + 1, options=MSS)
    return [], "A SYN flood from 20,000 forged addresses against one server: nobody scans.", OURS


# --- ZMap's walk over the Internet ----------------------------------------------------------------------------------------------------

PRIME = 2**32 + 15
FACTORS = (2, 9, 5, 131, 364289)  # of PRIME - 1


def logarithms(generator, values):
    """Discrete logarithms modulo PRIME, factor by factor (Pohlig and Hellman)."""
    found = dict.fromkeys(values, 0)
    for factor in FACTORS:
        rest = (PRIME - 1) // factor
        base, table, power = pow(generator, rest, PRIME), {}, 1
        for exponent in range(factor):
            table[power] = exponent
            power = power * base % PRIME
        unit = rest * pow(rest, -1, factor)
        for value in values:
            found[value] = (found[value] + table[pow(value, rest, PRIME)] * unit) % (PRIME - 1)
    return found


def primitive_root(wire):
    """A generator of the whole group below 2^22, as ZMap's are."""
    while True:
        root = wire.random.randrange(2, 2**22)
        if all(pow(root, (PRIME - 1) // q, PRIME) != 1 for q in (2, 3, 5, 131, 364289)):
            return root


def walk(wire, source, port, rate, threads, version, seen=(0.0, 1.0)):
    """What a /24 sees of one scan of all 2^32 addresses (no blocklist), in the part `seen` of its run; the true generator goes into the label."""
    generator, start = primitive_root(wire), wire.random.randrange(PRIME - 1)
    values = [number_of(ours(n)) + 1 for n in range(256)]
    length, hosts = (PRIME - 1) / threads, 0
    key = wire.random.getrandbits(32)
    for value, exponent in logarithms(generator, values).items():
        steps = (exponent - start) % (PRIME - 1)
        time = (steps % length) / (rate / threads)
        done = time * rate / (PRIME - 1)
        if not seen[0] <= done < seen[1]:
            continue
        hosts += 1
        target = str(ipaddress.ip_address(value - 1))
        mark = dict(window=65535, df=False, seq=(value * 2654435761 ^ key) & 0xFFFFFFFF, sport=wire.port())
        if version == 2:
            mark.update(ident=54321, ttl=243, options=NONE)
        else:
            mark.update(ttl=51, options=WINDOWS)
        time += wire.random.random() * 0.002 - seen[0] * (PRIME - 1) / rate
        if (value - 1) % 16 == 9:
            wire.half_open(time, source, target, port, **mark)
        else:
            wire.syn(time, source, mark.pop("sport"), target, port, **mark)
    truth = {"group": PRIME, "generator": generator, "start": start, "threads": threads, "part": list(seen)}
    label = scan([source], "horizontal", "tcp-syn", hosts, [port], "zmap", permutation=truth)
    return [label], f"ZMap {version}.x walks the whole Internet ({rate} packets a second, {threads} sending thread{'s' * (threads > 1)}); only what a /24 sees of it. The label holds the generator.", OURS


@case
def zmap_internet(wire):
    return walk(wire, "198.51.100.9", 443, 100_000, 1, 2)


@case
def zmap_internet_four_threads(wire):
    return walk(wire, "198.51.100.9", 8080, 140_000, 4, 2)


@case
def zmap_internet_new(wire):
    return walk(wire, "198.51.100.9", 443, 100_000, 1, 4)


@case
def zmap_internet_part(wire):
    return walk(wire, "198.51.100.9", 22, 60_000, 1, 4, (0.30, 0.42))


# --- unicornscan 0.4.7 -----------------------------------------------------------------------------------------------------------------

def unicorn(wire, source, options, window, df, ttl):
    """seq = key ^ T ^ (target port << 16) + source port, with one key a run; T is the target's address as a little-endian host reads its four bytes."""
    key, stamp, turn = wire.random.getrandbits(32), wire.random.getrandbits(32), 0
    options = options.replace(b"%TS%", struct.pack("<I", stamp))
    for port in (22, 8080):
        for number in range(128):
            sport = wire.random.randrange(4096, 65535)
            seq = key ^ struct.unpack("<I", raw(ours(number)))[0] ^ ((port << 16) + sport)
            send = wire.half_open if number % 32 == 17 and port == 22 else None
            mark = dict(options=options, seq=seq, window=window, df=df, ttl=ttl)
            if send:
                send(turn / 300, source, ours(number), port, sport=sport, **mark)
            else:
                wire.syn(turn / 300, source, sport, ours(number), port, **mark)
            turn += 1
    return [scan([source], "horizontal", "tcp-syn|tcp-connect", 128, [22, 8080], "unicornscan")]


@case
def unicornscan(wire):
    note = "unicornscan 0.4.7 as its configuration has it: dressed as OpenBSD (window 16384, MSS 1436, one timestamp a run)."
    return unicorn(wire, "198.51.100.9", BSD, 16384, True, 52), note, OURS


@case
def unicornscan_windows(wire):
    note = "unicornscan 0.4.7 dressed as Windows XP: window 32767, MSS 1460, NOP, NOP, SACK permitted, TTL 128 at its origin."
    return unicorn(wire, "198.51.100.10", MSS + b"\x01\x01\x04\x02", 32767, True, 117), note, OURS
