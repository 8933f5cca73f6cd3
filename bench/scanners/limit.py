"""What a bare loop reaches by frames a system call, by sink, and with the queueing discipline passed by."""
import os, shutil, statistics, subprocess, sys

# A packet socket with PACKET_QDISC_BYPASS (packet(7): level 263, option 20), handed on to the loop, which cannot set it in safe code.
BYPASS = """
import os, socket, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
sock.setsockopt(263, 20, 1)
os.set_inheritable(sock.fileno(), True)
os.execv(sys.argv[1], sys.argv[1:] + ["--fd", str(sock.fileno())])
"""
DROP = """__attribute__((section("xdp"), used)) int drop(void *context) { return 1; }
char _license[] __attribute__((section("license"), used)) = "GPL";
"""
NFT = "table netdev sink {\n chain away {\n type filter hook ingress device border priority 0\n ip daddr 10.96.0.0/12 drop\n }\n}\n"


def sinks(inside, folder):
    """Each way to get rid of a packet: its name, how it is set up and taken away again."""
    yield "blackhole route", [], []
    yield "nftables, ingress hook", [(inside + ["nft", "-f", "-"], NFT)], [(inside + ["nft", "delete", "table", "netdev", "sink"], "")]
    if shutil.which("clang"):
        source, program = os.path.join(folder, "drop.c"), os.path.join(folder, "drop.o")
        with open(source, "w", encoding="utf-8") as file:
            file.write(DROP)
        subprocess.run(["clang", "-O2", "-target", "bpf", "-c", source, "-o", program], check=True)
        on = inside + ["ip", "link", "set", "border", "xdp", "obj", program, "sec", "xdp"]
        yield "XDP", [(on, "")], [(inside + ["ip", "link", "set", "border", "xdp", "off"], "")]


def table(at, bench, folder, core, quick):
    """Rows of Markdown."""
    inside, outside = [at, "inside"], ["taskset", "-c", str(core), at, "outside"]
    ways = [(f"{n}", [bench, "limit", "--batch", str(n)]) for n in ((64,) if quick else (1, 16, 64, 256, 1024))]
    ways.append(("64, no queueing discipline", [sys.executable, "-c", BYPASS, bench, "limit", "--batch", "64"]))
    for sink, on, off in sinks(inside, folder):
        for command, text in on:
            subprocess.run(command, input=text, text=True, check=True)
        runs = {}
        for _ in range(1 if quick else 3):
            for name, command in ways:
                said = subprocess.run(outside + command + ["--count", "65536" if quick else "1048576"], check=True, capture_output=True, text=True).stdout.split()
                runs.setdefault(name, []).append((float(said[7]), float(said[9])))
        for command, text in off:
            subprocess.run(command, input=text, text=True, check=True)
        for name, results in runs.items():
            rate, cpu = (statistics.median(column) for column in zip(*results))
            yield f"| {sink} | {name} | {rate:,.0f} | {cpu:.2f} |"
