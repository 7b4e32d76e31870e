//! Who hangs together with an identity, found step by step along the links: nearest first, strongest first, bounded.

use super::LinkType;
use std::collections::{BTreeMap, BTreeSet};

/// One link as it is walked over.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub from: String,
    pub to: String,
    pub link_type: LinkType,
    pub probability: f64,
}

/// Two identities and all that links them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edge {
    pub types: BTreeSet<LinkType>,
    pub probability: f64,
}

/// The surroundings of one identity.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// Each with its distance from the first, in links.
    pub nodes: BTreeMap<String, u32>,
    /// By their ends, lower id first.
    pub edges: BTreeMap<(String, String), Edge>,
    /// There is more than is shown.
    pub truncated: bool,
    nodes_max: usize,
}

impl Graph {
    pub fn around(id: &str, nodes_max: usize) -> Self {
        Graph { nodes: BTreeMap::from([(id.to_owned(), 0)]), nodes_max, ..Graph::default() }
    }

    /// The identities at a distance: from these the next step goes.
    pub fn rim(&self, hops: u32) -> Vec<&str> {
        self.nodes.iter().filter(|(_, held)| **held == hops).map(|(id, _)| id.as_str()).collect()
    }

    /// Takes in whom the links lead to, the strongest first and as many as there is room for.
    pub fn step(&mut self, hops: u32, mut steps: Vec<Step>) {
        steps.sort_by(|x, y| {
            y.probability.total_cmp(&x.probability).then_with(|| (&x.from, &x.to).cmp(&(&y.from, &y.to)))
        });
        for step in &steps {
            if self.nodes.contains_key(&step.to) {
                continue;
            }
            if self.nodes.len() >= self.nodes_max {
                self.truncated = true;
                break;
            }
            self.nodes.insert(step.to.clone(), hops);
        }
        self.connect(steps);
    }

    /// Draws the links between identities that are shown.
    pub fn connect(&mut self, steps: Vec<Step>) {
        for step in steps {
            if !self.nodes.contains_key(&step.from) || !self.nodes.contains_key(&step.to) {
                continue;
            }
            let ends = if step.from <= step.to { (step.from, step.to) } else { (step.to, step.from) };
            let edge = self.edges.entry(ends).or_default();
            edge.types.insert(step.link_type);
            edge.probability = edge.probability.max(step.probability);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(from: &str, to: &str, probability: f64) -> Step {
        Step { from: from.into(), to: to.into(), link_type: LinkType::SameDevice, probability }
    }

    fn names(graph: &Graph) -> Vec<&str> {
        graph.nodes.keys().map(String::as_str).collect()
    }

    #[test]
    fn the_strongest_come_first_and_what_has_no_room_is_said() {
        let mut graph = Graph::around("m", 3);
        graph.step(1, vec![step("m", "a", 0.4), step("m", "b", 0.9), step("m", "c", 0.5)]);
        assert_eq!((names(&graph), graph.truncated), (vec!["b", "c", "m"], true));
        assert_eq!(graph.edges.len(), 2, "a link to nobody shown is not drawn");
    }

    #[test]
    fn every_node_is_met_once_at_its_shortest_distance() {
        let mut graph = Graph::around("m", 9);
        graph.step(1, vec![step("m", "a", 0.4), step("m", "b", 0.9)]);
        assert_eq!(graph.rim(1), ["a", "b"]);
        graph.step(2, vec![step("a", "m", 0.4), step("a", "b", 0.3), step("b", "c", 0.8)]);
        assert_eq!((graph.nodes["b"], graph.nodes["c"], graph.truncated), (1, 2, false));
        assert_eq!(graph.edges.len(), 4);
        assert_eq!(graph.rim(3), [""; 0]);
    }
}
