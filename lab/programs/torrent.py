#!/usr/bin/env python3
"""`torrent.py make FILE ANNOUNCE-URL` writes a torrent to standard output; `torrent.py track PORT PEER...` is a tracker that names these peers (port 6881)."""
import hashlib, http.server, os, socket, sys


def bencode(x):
    if isinstance(x, int):
        return b"i%de" % x
    if isinstance(x, (bytes, str)):
        x = x.encode() if isinstance(x, str) else x
        return b"%d:%s" % (len(x), x)
    return b"d" + b"".join(bencode(k) + bencode(v) for k, v in sorted(x.items())) + b"e"


class Tracker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        peers = b"".join(socket.inet_aton(p) + (6881).to_bytes(2, "big") for p in sys.argv[3:])
        body = bencode({"interval": 15, "min interval": 10, "peers": peers})
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if sys.argv[1] == "make":
    data, size = open(sys.argv[2], "rb").read(), 16384
    pieces = b"".join(hashlib.sha1(data[i:i + size]).digest() for i in range(0, len(data), size))
    info = {"length": len(data), "name": os.path.basename(sys.argv[2]), "piece length": size, "pieces": pieces}
    sys.stdout.buffer.write(bencode({"announce": sys.argv[3], "info": info}))
else:
    http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[2])), Tracker).serve_forever()
