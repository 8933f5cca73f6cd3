#!/usr/bin/env python3
"""Rewrites the times of a real capture, and nothing else: `stretch.py IN.pcap OUT.pcap [options]`.

--gap 3600 --longer-than 0.05: each pause longer than that becomes 3,600 s (a tenth more or less with --jitter 0.1, always the same way); shorter ones
stay, so an answer keeps its distance from its probe. --factor 10: every pause ten times as long. --start SECONDS: the first packet's time.
"""
import argparse, random, struct


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("input")
    p.add_argument("output")
    p.add_argument("--gap", type=float)
    p.add_argument("--longer-than", type=float, default=0.05)
    p.add_argument("--jitter", type=float, default=0.0)
    p.add_argument("--factor", type=float, default=1.0)
    p.add_argument("--start", type=float)
    args = p.parse_args()
    rng = random.Random(3)
    data = open(args.input, "rb").read()
    magic, = struct.unpack_from("<I", data)
    assert magic in (0xA1B2C3D4, 0xA1B23C4D), "a little-endian pcap"
    unit = 10**6 if magic == 0xA1B2C3D4 else 10**9
    at, last, now = 24, None, None
    with open(args.output, "wb") as out:
        out.write(data[:24])
        while at < len(data):
            seconds, fraction, size, full = struct.unpack_from("<IIII", data, at)
            time = seconds * unit + fraction
            if now is None:
                now = time if args.start is None else int(args.start * unit)
            else:
                pause = time - last
                if args.gap is not None and pause > args.longer_than * unit:
                    pause = int(args.gap * unit * (1 + args.jitter * (2 * rng.random() - 1)))
                now += int(pause * args.factor)
            last = time
            out.write(struct.pack("<IIII", now // unit, now % unit, size, full) + data[at + 16:at + 16 + size])
            at += 16 + size


main()
