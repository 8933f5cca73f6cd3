#!/usr/bin/env python3
"""A peer of an overlay: `peers.py PORT SECONDS PEER...`. It keeps up to twelve talks; a talk that cannot be had is tried again later, again and again."""
import random, socket, sys, threading, time

port, seconds, peers, rng = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:], random.Random(4)
end, slots = time.monotonic() + seconds, threading.Semaphore(12)


def talk(peer):
    sock = socket.socket()
    try:
        sock.settimeout(0.9)
        sock.connect((peer, port))
        until = time.monotonic() + rng.uniform(2, 9)
        while time.monotonic() < min(until, end):
            sock.send(b"have %d\n" % rng.randrange(999))
            sock.recv(4096)
    except OSError:
        pass
    finally:
        sock.close()
        slots.release()


while time.monotonic() < end:
    slots.acquire()
    threading.Thread(target=talk, args=(rng.choice(peers),), daemon=True).start()
    time.sleep(rng.expovariate(12))
