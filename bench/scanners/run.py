"""Runs one scanner in the lab and measures it: time, CPU, packets on the wire."""
import os, signal, subprocess, sys, tempfile, time

# Prints the time and how many packets the scanner's end of the cable has sent, fifty times a second, until it is ended.
SAMPLER = """
import sys, time
while True:
    with open("/proc/net/dev") as file:
        line = next(line for line in file if line.strip().startswith(sys.argv[1] + ":"))
    print(time.monotonic(), line.split(":")[1].split()[9], flush=True)
    time.sleep(0.02)
"""


class Result:
    """wall: seconds until it ended, or said that it had finished and had to be ended; cpu: user and system seconds, of children
    too; packets: sent; rate: packets/s between the first tenth and the last; said: standard output; ended: by itself."""


def sampled(samples):
    """Packets sent, and the rate over the middle four fifths of them."""
    moved = [(t, n - samples[0][1]) for t, n in samples]
    total = moved[-1][1]
    if not total:
        return 0, 0.0
    first = next(t for t, n in moved if n > 0)
    last = next(t for t, n in moved if n == total)
    low = next((t, n) for t, n in moved if n >= total * 0.1)
    high = next((t, n) for t, n in moved if n >= total * 0.9)
    rate = (high[1] - low[1]) / (high[0] - low[0]) if high[0] > low[0] else total / max(last - first, 0.02)
    return total, rate


def run(at, interface, command, limit, finished=None, core=None, stop=None):
    """Runs `command` outside. limit: seconds after which it is killed; stop: seconds after which it is asked to end (SIGINT).
    finished: what a tool that does not end by itself says on standard error when it is done."""
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as wrong:
        sampler = subprocess.Popen([*at, sys.executable, "-c", SAMPLER, interface], stdout=subprocess.PIPE, text=True)
        samples = [line(sampler)]
        pinned = ["taskset", "-c", str(core)] if core is not None else []
        began = time.monotonic()
        child = subprocess.Popen([*pinned, *at, *command], stdin=subprocess.DEVNULL, stdout=said, stderr=wrong)
        result, status, usage = Result(), None, None
        result.ended = True
        while status is None:
            samples.append(line(sampler))
            now = time.monotonic()
            pid, code, used = os.wait4(child.pid, os.WNOHANG)
            if pid:
                status, usage = code, used
            # Not Popen.send_signal: it reaps a child that has just ended.
            elif now - began > limit or (finished and finished in tail(wrong)):
                result.ended = False
                os.kill(child.pid, signal.SIGKILL)
            elif stop and now - began > stop:
                os.kill(child.pid, signal.SIGINT)
                stop = None
        child.returncode = status
        result.wall = time.monotonic() - began
        samples.append(line(sampler))
        sampler.kill()
        sampler.wait()
        result.cpu = usage.ru_utime + usage.ru_stime
        result.packets, result.rate = sampled(samples)
        said.seek(0)
        wrong.seek(0)
        result.said, result.wrong, result.status = said.read(), wrong.read(), status
        return result


def line(sampler):
    when, packets = sampler.stdout.readline().split()
    return float(when), int(packets)


def tail(file):
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), 400, max(0, size - 400)).decode(errors="replace")
