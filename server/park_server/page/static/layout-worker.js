// The layout of a graph in layers, beside the page: it takes as long as it takes.

import { Graph, layout } from "./vendor/dagre.js";

onmessage = ({ data: { number, nodes, edges, direction } }) => {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: direction, nodesep: 18, ranksep: direction === "TB" ? 40 : 56, edgesep: 10, marginx: 16, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const each of nodes) graph.setNode(each.key, { width: each.width, height: each.height });
  edges.forEach((each, place) => graph.setEdge(each.needed, each.by, { width: each.width || 0, height: each.width ? 14 : 0, labelpos: "c" }, String(place)));
  layout(graph);
  const { width, height } = graph.graph();
  postMessage({
    number, width, height,
    nodes: Object.fromEntries(nodes.map((each) => { const { x, y, height: high } = graph.node(each.key); return [each.key, { x, y, height: high }]; })),
    edges: edges.map((each, place) => { const { points, x, y } = graph.edge(each.needed, each.by, String(place)); return { points, x, y }; }),
  });
};
