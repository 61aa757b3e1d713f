"""The graphs of people that networkx ships, as JSON: name -> [[member, member, weight], ..]."""

import json

import networkx

graphs = {
    "karate club": networkx.karate_club_graph(),
    "Les Misérables": networkx.les_miserables_graph(),
    "Davis' southern women": networkx.davis_southern_women_graph(),
    "Florentine families": networkx.florentine_families_graph(),
}
print(
    json.dumps({name: [[str(a), str(b), data.get("weight", 1)] for a, b, data in g.edges(data=True)] for name, g in graphs.items()})
)
