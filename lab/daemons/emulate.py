#!/usr/bin/env python3
"""Servers that Debian does not have, as far as an exposure check looks at them: emulate.py KIND CONFIG ADDRESS PORT FILES.

Each obeys the line of configuration that the real one would, read from CONFIG. The answers are built from documents:
  docker         Docker Engine API reference v1.41, "System": /_ping, /version; unknown paths give {"message": "page not found"}
  podman         Podman 4 "Reference for the Podman API": /_ping has Libpod-API-Version beside Api-Version
  kubelet        Kubernetes "Kubelet authentication/authorization"; "Status" and "PodList" of the API reference (meta/v1, v1)
  kubernetes     Kubernetes "API discovery roles", API reference: version.Info, meta/v1 APIVersions and Status, v1 NamespaceList
  dashboard      Kubernetes Dashboard 2: title of its page; "Common arguments" (--enable-skip-login); /api/v1/login/skippable
  elasticsearch  Elasticsearch reference "Info API", "Security: 401"; OpenSearch reference "Main page"
  mongodb        MongoDB "Wire Protocol" (OP_MSG), manual: hello, listDatabases, error code 13
  jenkins        Jenkins handbook "Remote Access API", header X-Jenkins
  grafana        Grafana HTTP API: "Health API", "Organization API"; configuration [auth.anonymous]
  rdp            [MS-RDPBCGR] 2.2.1.2 and 4.1.2
  winrm          DSP0226 section 11, [MS-WSMV] 3.1.4.1.32; IIS "Remove Server Header" of IIS 10
  everything     no document: a trap that answers whatever is asked for with the same credential file
  vpn            Fortinet "SSL VPN": the portal's root leads to /remote/login
Every page holds PLANTED, which no record of a survey may hold.
"""

import json
import socketserver
import ssl
import struct
import sys

KIND, CONFIG, ADDRESS, PORT, FILES = sys.argv[1:6]
with open(CONFIG, encoding="utf-8") as file:
    TEXT = file.read()
PLANTED = "planted-http-body-9c41e7"


def answer(status, body="", headers=(), kind="application/json", chunked=False):
    body = body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *headers]
    if chunked:
        half = len(body) // 2
        parts = [part for part in (body[:half], body[half:]) if part]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        lines.append("Transfer-Encoding: chunked")
    else:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def docker(method, path):
    podman = KIND == "podman"
    headers = ["Api-Version: 1.41", "Docker-Experimental: false", "Ostype: linux", "Server: Docker/20.10.24 (linux)"]
    if podman:
        headers = ["Api-Version: 1.41", "Libpod-API-Version: 4.3.1", "Server: Libpod/4.3.1 (linux)"]
    if path == "/_ping":
        return answer("200 OK", "" if method == "HEAD" else "OK", headers, "text/plain; charset=utf-8")
    if path == "/version":
        version = {
            "Platform": {"Name": PLANTED},
            "Components": [{"Name": "Engine", "Version": "20.10.24", "Details": {"ApiVersion": "1.41", "Arch": "amd64", "MinAPIVersion": "1.12", "Os": "linux"}}],
            "Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12", "GitCommit": "5d6db84", "GoVersion": "go1.19.8",
            "Os": "linux", "Arch": "amd64", "KernelVersion": "6.1.0-18-amd64", "BuildTime": "2023-04-04T20:06:08.000000000+00:00",
        }
        return answer("200 OK", json.dumps(version), headers)
    return answer("404 Not Found", '{"message":"page not found"}', headers)


def status(code, reason, message):
    return json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code})


def kubelet(_, path):
    if "anonymous: {enabled: false}" in TEXT:
        return answer("401 Unauthorized", "Unauthorized", kind="text/plain; charset=utf-8")
    if "mode: Webhook" in TEXT:
        return answer("403 Forbidden", "Forbidden (user=system:anonymous, verb=get, resource=nodes, subresource=proxy)", kind="text/plain; charset=utf-8")
    if path != "/pods":
        return answer("404 Not Found", "404 page not found\n", kind="text/plain; charset=utf-8")
    pod = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"containers": [{"name": "web", "env": [{"name": "PASSWORD", "value": PLANTED}]}]}}
    pods = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [pod] * 100}
    return answer("200 OK", json.dumps(pods, separators=(",", ":")), chunked=True)


def kubernetes(_, path):
    if "--anonymous-auth=false" in TEXT:
        return answer("401 Unauthorized", status(401, "Unauthorized", "Unauthorized"))
    if path == "/version":
        version = {"major": "1", "minor": "29", "gitVersion": "v1.29.2", "gitCommit": "4b8e819", "gitTreeState": "clean",
                   "buildDate": "2024-02-14T22:25:42Z", "goVersion": "go1.21.7", "compiler": "gc", "platform": "linux/amd64"}
        return answer("200 OK", json.dumps(version, indent=2))
    if "clusterrolebinding" in TEXT and path == "/api":
        return answer("200 OK", json.dumps({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}))
    if "clusterrolebinding" in TEXT and path == "/api/v1/namespaces?limit=1":
        items = [{"metadata": {"name": PLANTED, "uid": "0b6c", "labels": {"a": "b"}}}]
        return answer("200 OK", json.dumps({"kind": "NamespaceList", "apiVersion": "v1", "metadata": {"remainingItemCount": 3}, "items": items}))
    return answer("403 Forbidden", status(403, "Forbidden", f'forbidden: User "system:anonymous" cannot get path "{path}"'))


def dashboard(_, path):
    if path == "/":
        page = f"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Kubernetes Dashboard</title></head><body>{PLANTED}</body></html>"
        return answer("200 OK", page, kind="text/html; charset=utf-8")
    if path == "/api/v1/login/skippable":
        return answer("200 OK", json.dumps({"skippable": "--enable-skip-login=true" in TEXT}, indent=1))
    return answer("404 Not Found")


def elasticsearch(_, path):
    if "xpack.security.enabled: true" in TEXT:
        error = {"error": {"type": "security_exception", "reason": "missing authentication credentials for REST request [/]"}, "status": 401}
        return answer("401 Unauthorized", json.dumps(error), ['WWW-Authenticate: Basic realm="security" charset="UTF-8"', "X-elastic-product: Elasticsearch"])
    if path != "/":
        return answer("404 Not Found")
    number, tagline = "8.12.0", "You Know, for Search"
    if "OpenSearch" in TEXT:
        number, tagline = "2.11.1", "The OpenSearch Project: https://opensearch.org/"
    info = {"name": PLANTED, "cluster_name": "lab", "cluster_uuid": "x", "version": {"number": number, "build_type": "deb"}, "tagline": tagline}
    return answer("200 OK", json.dumps(info, indent=2))


def jenkins(_, path):
    headers = ["X-Jenkins: 2.426.3", "X-Hudson: 1.395", "X-Jenkins-Session: 1a2b", "Server: Jetty(10.0.18)"]
    if path == "/login":
        return answer("200 OK", f"<html><head><title>Sign in [Jenkins]</title></head><body>{PLANTED}</body></html>", headers, "text/html;charset=utf-8")
    if "<denyAnonymousReadAccess>true" in TEXT:
        return answer("403 Forbidden", "<html>Authentication required</html>", headers, "text/html;charset=utf-8")
    if path == "/api/json?tree=mode":
        return answer("200 OK", json.dumps({"_class": "hudson.model.Hudson", "mode": "NORMAL"}), headers)
    return answer("404 Not Found", headers=headers)


def grafana(_, path):
    if path == "/api/health":
        health = {"commit": "03f502a94d", "database": "ok", "version": "10.2.3"}
        if "hide_version = true" in TEXT:
            health = {"database": "ok"}
        return answer("200 OK", json.dumps(health, indent=2))
    if path == "/api/org" and "enabled = true" in TEXT:
        return answer("200 OK", json.dumps({"id": 1, "name": PLANTED, "address": {}}))
    if path.startswith("/api/"):
        return answer("401 Unauthorized", json.dumps({"message": "Unauthorized", "messageId": "auth.unauthorized", "statusCode": 401}))
    return answer("302 Found", '<a href="/login">Found</a>.', ["Location: /login"], "text/html; charset=utf-8")


def winrm(method, path):
    if "Microsoft-IIS" in TEXT:
        headers = [] if "removeServerHeader" in TEXT else ["Server: Microsoft-IIS/10.0"]
        return answer("200 OK", "" if method == "HEAD" else f"<html><head><title>IIS Windows Server</title></head>{PLANTED}</html>", headers, "text/html")
    if path != "/wsman" or method != "POST":
        return answer("404 Not Found", headers=["Server: Microsoft-HTTPAPI/2.0"])
    version = "OS: 0.0.0 SP: 0.0 Stack: 3.0" if "2022" in TEXT else "OS: 10.0.14393 SP: 0.0 Stack: 3.0"
    body = (
        '<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>'
        '<wsmid:IdentifyResponse xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
        "<wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</wsmid:ProtocolVersion>"
        f"<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor><wsmid:ProductVersion>{version}</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    )
    return answer("200 OK", body, ["Server: Microsoft-HTTPAPI/2.0"], "application/soap+xml;charset=UTF-8")


def vpn(_, path):
    if path == "/":
        return answer("302 Found", f"<html>{PLANTED}</html>", ["Location: /remote/login?lang=en"], "text/html")
    return answer("404 Not Found")


def everything(_, path):
    page = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = " + PLANTED + "\n"
    return answer("200 OK", page, kind="text/plain")


PAGES = {"everything": everything, "docker": docker, "podman": docker, "kubelet": kubelet, "kubernetes": kubernetes, "dashboard": dashboard, "elasticsearch": elasticsearch,
         "jenkins": jenkins, "grafana": grafana, "winrm": winrm, "vpn": vpn}
TLS = KIND in ("kubernetes", "dashboard", "vpn") or (KIND == "kubelet" and "readOnlyPort" not in TEXT) or (KIND == "docker" and '"tls' in TEXT)


class Web(socketserver.BaseRequestHandler):
    def handle(self):
        line = self.request
        line.settimeout(5)
        try:
            if TLS:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(f"{FILES}/cert.pem", f"{FILES}/key.pem")
                if '"tlsverify": true' in TEXT:
                    context.load_verify_locations(f"{FILES}/cert.pem")
                    context.verify_mode = ssl.CERT_REQUIRED
                if "TLS 1.2 at most" in TEXT:
                    context.maximum_version = ssl.TLSVersion.TLSv1_2
                line = context.wrap_socket(line, server_side=True)
            heard = b""
            while b"\r\n\r\n" not in heard and len(heard) < 8192:
                part = line.recv(4096)
                if not part:
                    return
                heard += part
            method, path, _ = heard.split(b"\r\n", 1)[0].decode("ascii", "replace").split(" ", 2)
            line.sendall(PAGES[KIND](method, path))
            line.shutdown(1)
        except (OSError, ValueError):
            pass


def document(fields):
    """A document of BSON: numbers, texts, truths, documents and arrays."""
    out = b""
    for name, value in fields.items():
        name = name.encode() + b"\0"
        if isinstance(value, bool):
            out += b"\x08" + name + bytes([value])
        elif isinstance(value, int):
            out += b"\x10" + name + struct.pack("<i", value)
        elif isinstance(value, float):
            out += b"\x01" + name + struct.pack("<d", value)
        elif isinstance(value, str):
            text = value.encode() + b"\0"
            out += b"\x02" + name + struct.pack("<i", len(text)) + text
        elif isinstance(value, list):
            out += b"\x04" + name + document({str(place): item for place, item in enumerate(value)})
        else:
            out += b"\x03" + name + document(value)
    return struct.pack("<i", len(out) + 5) + out + b"\0"


class Mongo(socketserver.StreamRequestHandler):
    def handle(self):
        while len(header := self.rfile.read(16)) == 16:
            length, number, _, kind = struct.unpack("<iiii", header)
            body = self.rfile.read(min(length - 16, 65536))
            if kind != 2013:
                return
            if b"\x10hello\0" in body:
                reply = {"helloOk": True, "isWritablePrimary": True, "maxBsonObjectSize": 16777216, "minWireVersion": 0, "maxWireVersion": 17, "ok": 1.0}
            elif b"\x10listDatabases\0" in body and "authorization: disabled" in TEXT:
                reply = {"databases": [{"name": "admin"}, {"name": PLANTED}, {"name": "local"}], "ok": 1.0}
            else:
                reply = {"ok": 0.0, "errmsg": "Command listDatabases requires authentication", "code": 13, "codeName": "Unauthorized"}
            body = struct.pack("<iB", 0, 0) + document(reply)
            self.wfile.write(struct.pack("<iiii", 16 + len(body), 1, number, 2013) + body)


class Rdp(socketserver.StreamRequestHandler):
    def handle(self):
        if len(asked := self.rfile.read(19)) < 19:
            return
        offered = asked[15]
        if "UserAuthentication = 1" in TEXT and not offered & 2:
            negotiation = struct.pack("<BBHI", 3, 0, 8, 5)
        elif "SecurityLayer = 0" in TEXT:
            negotiation = struct.pack("<BBHI", 3, 0, 8, 2)
        else:
            negotiation = struct.pack("<BBHI", 2, 0x1F, 8, 1)
        self.wfile.write(bytes([3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0]) + negotiation)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if KIND in ("podman", "kubelet") and "nothing listens" in TEXT:
    import time
    time.sleep(600)
elif KIND == "mongodb":
    Server((ADDRESS, int(PORT)), Mongo).serve_forever()
elif KIND == "rdp":
    Server((ADDRESS, int(PORT)), Rdp).serve_forever()
elif KIND in PAGES:
    Server((ADDRESS, int(PORT)), Web).serve_forever()
else:
    sys.exit(f"no server called {KIND}")
