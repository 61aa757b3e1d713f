"""Partitions one graph with METIS or KaHIP. Reads JSON on stdin, writes JSON on stdout.

In: {"tool": "metis" | "kahip", "seeds": [..], "k": k, "most": seats, "start": [..], "to": [..], "weight": [..]}, integers.
Out: {"parts": [[..] for each seed], "seconds": processor time of all seeds together}. The caller checks the parts.
"""

import json
import os
import sys
import time

given = json.load(sys.stdin)
n = len(given["start"]) - 1
k = given["k"]
# What KaHIP prints on stdout must not mix with the answer.
answer = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def metis(seed):
    import pymetis

    # ufactor is the tolerance in thousandths of the mean size; rounded down, so that METIS aims at no more than `most`.
    tolerance = int(1000 * (given["most"] * k / n - 1))
    options = pymetis.Options(seed=seed, ufactor=max(1, tolerance))
    _, parts = pymetis.part_graph(
        k, xadj=given["start"], adjncy=given["to"], eweights=given["weight"], options=options, recursive=False
    )
    return list(parts)


def kahip(seed):
    import kahip

    # KaHIP allows (1 + imbalance) * ceil(n / k), rounded down; the small addition keeps the rounding from losing a seat.
    imbalance = (given["most"] + 1e-6) / -(-n // k) - 1
    _, parts = kahip.kaffpa([1] * n, given["start"], given["weight"], given["to"], k, max(0, imbalance), True, seed, kahip.STRONGSOCIAL)
    return list(parts)


began = time.process_time()
parts = [{"metis": metis, "kahip": kahip}[given["tool"]](seed) for seed in given["seeds"]]
json.dump({"parts": parts, "seconds": time.process_time() - began}, answer)
answer.close()
