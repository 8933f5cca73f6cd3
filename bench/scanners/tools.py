"""The scanners that bench/survey runs: how each is asked for the same scan, and how its answer is read.

A scan is a dict: block (a prefix, or several with spaces), ports ("80" or "22,80-90"), rate (packets/s; None: as fast as it can),
scope (for watchpost), part (the block is only a part of the scope), more (whether copies are sent, where a tool sends none by itself), out (a file of its own).
`command` gives the command line, or None where the tool cannot do this scan. `opens` reads what it found: a set of (address, port).
"""
import json, os, re, shutil, subprocess

LAB = {}  # what lab/up says


def expand(ports):
    for part in ports.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


class Tool:
    finished = None  # what it says when it is done, if it does not always end by itself

    def __init__(self, name, program=None):
        self.name, self.program = name, program or shutil.which(name)

    def version(self):
        said = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=False)
        found = re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr)
        return f"{self.name} {found.group(0) if found else '?'}"


class Watchpost(Tool):
    def command(self, scan):
        where = ["--interface", LAB["LAB_INTERFACE"], "--source", LAB["LAB_SOURCE"], "--gateway-mac", LAB["LAB_GATEWAY_MAC"]]
        rate = ["--rate", str(scan["rate"] or 10_000_000)]
        passes = ["--passes", "1"] if scan.get("bare") else []
        extra = scan.get("extra") or os.environ.get("BENCH_SURVEY_ARGS", "").split()
        return [self.program, "survey", "--scope", scan["scope"], "--tcp", scan["ports"], "--raw", *where, *rate, *passes,
                "--no-identify", "--unproven", "--audit", scan["out"] + ".audit", "--stop-file", scan["out"] + ".stop", "--out", scan["out"],
                "--json", *extra, *(scan["block"].split() if scan.get("part") else [])]

    def opens(self, scan, _):
        with open(scan["out"], encoding="utf-8") as file:
            for line in file:
                record = json.loads(line)
                # "tcp/*" says of a host that it opens everything, "icmp/echo" that it is there: neither is an open port.
                found = re.fullmatch(r"tcp/(\d+)", record.get("service") or "")
                if record.get("record") == "service" and record.get("state") == "open" and found:
                    yield record["host"], int(found[1])


class Masscan(Tool):
    finished = "waiting -1-secs"

    def command(self, scan):
        # Line by line to standard output: it is killed in the end, and what its file still held back would be lost.
        return ["stdbuf", "-oL", self.program, "--adapter", LAB["LAB_INTERFACE"], "--adapter-ip", LAB["LAB_SOURCE"], "--router-mac",
                LAB["LAB_GATEWAY_MAC"], "--wait", "2", "--rate", str(scan["rate"] or 10_000_000), "-p" + scan["ports"],
                *(["--retries", "2"] if scan.get("more") else []), *scan["block"].split()]

    def opens(self, _, said):
        for port, address in re.findall(r"open port (\d+)/tcp on ([0-9.]+)", said):
            yield address, int(port)


class Zmap(Tool):
    def command(self, scan):
        if not scan["ports"].isdigit():
            return None  # one port a run
        return [self.program, "-i", LAB["LAB_INTERFACE"], "-S", LAB["LAB_SOURCE"], "-G", LAB["LAB_GATEWAY_MAC"], "-b", "/dev/null",
                "-c", "2", "-q", "-v", "0", "--disable-syslog", "-T", "1", "-r", str(scan["rate"] or 0), "-p", scan["ports"],
                *(["-P", "3"] if scan.get("more") else []), "-f", "saddr", "-o", scan["out"], *scan["block"].split()]

    def opens(self, scan, _):
        with open(scan["out"], encoding="utf-8") as file:
            for address in file.read().split():
                if address[0].isdigit():
                    yield address, int(scan["ports"])


class Nmap(Tool):
    def command(self, scan):
        return [self.program, "-n", "-Pn", "-sS", "-p" + scan["ports"], "--min-rate", str(scan["rate"] or 1_000_000),
                *(["--max-retries", "0"] if scan.get("bare") else []), "-oG", scan["out"], *scan["block"].split()]

    def opens(self, scan, _):
        with open(scan["out"], encoding="utf-8") as file:
            for line in file:
                if line.startswith("Host: ") and "Ports: " in line:
                    for port in re.findall(r"(\d+)/open/", line):
                        yield line.split()[1], int(port)


class RustScan(Tool):
    def command(self, scan):
        # It connects, and has no rate: 5,000 connections at a time.
        ports = ",".join(map(str, expand(scan["ports"])))
        return [self.program, "--no-config", "-g", "-b", "5000", "--ulimit", "70000", *(["-t", "300"] if scan.get("bare") else []),
                *(["--tries", "2"] if scan.get("more") else []), "-p", ports, "-a", scan["block"].replace(" ", ",")]

    def opens(self, _, said):
        for address, ports in re.findall(r"^([0-9.]+) -> \[([0-9,]*)\]", said, re.M):
            for port in filter(None, ports.split(",")):
                yield address, int(port)


def installed(watchpost):
    """Every tool that is there, ours first, and the names of those that are not."""
    rustscan = os.environ.get("RUSTSCAN") or shutil.which("rustscan")
    tools = [Watchpost("watchpost", watchpost), Masscan("masscan"), Zmap("zmap"), Nmap("nmap"), RustScan("rustscan", rustscan)]
    return [tool for tool in tools if tool.program], [tool.name for tool in tools if not tool.program]
