#!/usr/bin/env python3
"""A long line: a tun device `far` in each of two namespaces, and every packet waits in between.

`relay.py NEAR FAR READY-FILE [--delay MS] [--jitter MS] [--queue PACKETS]`. Delay and jitter (evenly between 0 and the
number) are of each direction. Packets with jitter may overtake each other, as on a real line. What does not fit into the
queue is dropped. One thread in Python: good for some 20,000 packets a second, so for scans with a moderate rate.
"""
import argparse, ctypes, fcntl, heapq, os, random, select, struct, time

parser = argparse.ArgumentParser()
parser.add_argument("near")
parser.add_argument("far")
parser.add_argument("ready")
parser.add_argument("--delay", type=float, default=40)
parser.add_argument("--jitter", type=float, default=0)
parser.add_argument("--queue", type=int, default=100000)
told = parser.parse_args()

libc, ends = ctypes.CDLL(None, use_errno=True), []
for name in (told.near, told.far):
    space = os.open(f"/var/run/netns/{name}", os.O_RDONLY)
    if libc.setns(space, 0):
        raise OSError(ctypes.get_errno(), "setns")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"far", 0x0001 | 0x1000))  # TUNSETIFF: IFF_TUN, IFF_NO_PI
    ends.append(tun)
open(told.ready, "w").close()

waiting, number, draw = [], 0, random.Random(7)
while True:
    left = None if not waiting else max(0.0, waiting[0][0] - time.monotonic())
    for tun in select.select(ends, [], [], left)[0]:
        other = ends[1 - ends.index(tun)]
        for _ in range(256):
            try:
                packet = os.read(tun, 65536)
            except BlockingIOError:
                break
            if len(waiting) < told.queue:
                number += 1  # equal times keep their order
                due = time.monotonic() + (told.delay + draw.uniform(0, told.jitter)) / 1000
                heapq.heappush(waiting, (due, number, other, packet))
    now = time.monotonic()
    while waiting and waiting[0][0] <= now:
        _, _, tun, packet = heapq.heappop(waiting)
        try:
            os.write(tun, packet)
        except OSError:
            pass  # the device is down or its queue is full: lost, as on any line
