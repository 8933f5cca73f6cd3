#!/usr/bin/env python3
"""Many people behind their clients: `crowd.py CLIENTS SERVERS PORTS COUNT [--seconds N] [--dead PART-OF-SERVERS]`.

Each of COUNT visits picks a client and a server at random (seeded), connects, asks, reads the answer and closes, as browsers and mail readers do.
Popular servers are picked more often. A visit to a dead server is tried up to three times, as people do.
"""
import argparse, ipaddress, random, socket, threading, time


def visit(client, server, port):
    for _ in range(3):
        sock = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET)
        sock.setsockopt(socket.SOL_IP, 15, 1)
        try:
            sock.bind((client, 0))
            sock.settimeout(2.5)
            sock.connect((server, port))
            if port in (22, 25):
                sock.recv(1000)
                for line in (b"SSH-2.0-OpenSSH_9.6\r\n",) if port == 22 else (b"EHLO a\r\n", b"MAIL FROM:<a@a.example>\r\n", b"RCPT TO:<b@b.example>\r\n", b"DATA\r\n", b"Hello\r\n.\r\n", b"QUIT\r\n"):
                    sock.send(line)
                    if port == 25 or line is None:
                        sock.recv(1000)
            else:
                sock.send(b"GET /page HTTP/1.1\r\nHost: www.example\r\nUser-Agent: lab\r\n\r\n")
                while sock.recv(4096):
                    pass
            return
        except OSError:
            time.sleep(0.5)
        finally:
            sock.close()


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("clients", type=lambda t: [str(a) for part in t.split(",") for a in ipaddress.ip_network(part)])
    p.add_argument("servers", type=lambda t: [str(a) for part in t.split(",") for a in ipaddress.ip_network(part)])
    p.add_argument("ports", type=lambda t: [int(x) for x in t.split(",")])
    p.add_argument("count", type=int)
    p.add_argument("--seconds", type=float, default=10)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    rng, threads = random.Random(args.seed), []
    for _ in range(args.count):
        server = args.servers[min(int(rng.paretovariate(0.9)) - 1, len(args.servers) - 1) if rng.random() < 0.6 else rng.randrange(len(args.servers))]
        thread = threading.Thread(target=visit, args=(rng.choice(args.clients), server, rng.choice(args.ports)))
        thread.start()
        threads.append(thread)
        time.sleep(rng.expovariate(args.count / args.seconds))
    for thread in threads:
        thread.join()


main()
