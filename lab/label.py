#!/usr/bin/env python3
"""Writes one case's label.json from what its shell function noted (lab/net.sh: about, scan, followup, detect_with, open_label).

A `scan` line has: source, shape, probe kinds, hosts, ports, kinds that may be named beside (also), tool. Lists are
comma-separated; a source list makes one coordinated scan; a tool with "?" may not be provable from the packets. A `followups` line has: the scan's
number from 1, the source that came back, its targets; without a source it says that nobody came back for what that scan had shown.
"""
import json, os, sys


def words(text):
    return [w for w in text.split(",") if w]


def scan(line):
    source, shape, probes, hosts, ports, also, tool = line.rstrip("\n").split("\t")
    label = {"source": words(source)[0]}
    if len(words(source)) > 1:
        label["sources"] = words(source)
    label["shape"] = None if shape == "any" else shape
    label["probes"] = words(probes)
    label["also"] = words(also)
    label["hosts"] = int(hosts) if hosts.isdigit() else hosts
    label["ports"] = [int(p) for p in words(ports)] if all(p.isdigit() for p in words(ports)) else ports
    if tool not in ("", "any"):
        label["tool"] = None if tool == "none" else tool.rstrip("?")
    if tool.endswith("?"):
        label["tool_weak"] = True
    return label


def main():
    def read(name):
        path = os.path.join(sys.argv[1], name)
        return open(path).read().splitlines() if os.path.exists(path) else []

    label = {
        "command": "; ".join(dict.fromkeys(read("commands"))),
        "complete": not os.path.exists(os.path.join(sys.argv[1], "open")),
        "scans": [scan(line) for line in read("scans")],
    }
    for line in read("followups"):
        number, source, targets = line.split("\t")
        back = label["scans"][int(number) - 1].setdefault("followups", [])
        if source:
            back.append({"source": source, "targets": words(targets)})
    if len(label["command"]) > 600:
        label["command"] = label["command"][:600] + " ..."
    if os.path.exists(os.path.join(sys.argv[1], "separate")):
        label["separate"] = True
    if read("args"):
        label["args"] = read("args")
    label["note"] = " ".join(read("note"))
    json.dump(label, sys.stdout, indent=1)
    print()


main()
