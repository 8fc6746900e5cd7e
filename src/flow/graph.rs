//! The graph that a drive script declares: phases, nodes and what comes after what.
//!
//! A node is a named function of the script: the node `take-ownership` is `take_ownership(release)`.
//! The graph is checked as a whole before anything runs.

use std::{collections::HashMap, time::Duration};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Place, Result};

/// How often a node is looked at again when nothing else was said.
pub const DEFAULT_RECHECK: Duration = Duration::from_mins(10);

/// What kind of node it is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Has a status that people track; not run again once it passed.
    Task,
    /// Has no status of its own; looked at anew in every pass.
    Check,
}

/// One node of a flow.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name, such as `take-ownership`.
    pub name: String,
    /// Task or check.
    pub kind: NodeKind,
    /// The phase it was declared in.
    pub phase: String,
    /// What must be out of the way first, with the place where it was said.
    pub after: Vec<(String, Option<Place>)>,
    /// The only kind of release it applies to: `konflux` or `errata`.
    pub only_for: Option<String>,
    /// How long until it is looked at again while it runs or waits.
    pub recheck: Duration,
    /// How long it usually takes, for people.
    pub typical: Option<String>,
    /// Whether it only informs: its end, good or bad, holds nothing back.
    pub is_informing: bool,
    /// What the script says about it.
    pub doc: String,
    /// Where it was declared.
    pub place: Option<Place>,
}

impl Node {
    /// Makes a node with the usual settings.
    pub fn new(name: &str, kind: NodeKind, phase: &str, place: Option<Place>) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            phase: phase.to_owned(),
            after: Vec::new(),
            only_for: None,
            recheck: DEFAULT_RECHECK,
            typical: None,
            is_informing: false,
            doc: String::new(),
            place,
        }
    }

    /// The script function it runs.
    pub fn function(&self) -> String {
        self.name.replace('-', "_")
    }
}

/// What a script declared, in the order it did.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    phase: String,
    nodes: IndexMap<String, Node>,
}

impl Graph {
    /// Begins a phase; nodes declared from now on belong to it.
    pub fn begin_phase(&mut self, title: &str) {
        title.clone_into(&mut self.phase);
    }

    /// Adds a node.
    ///
    /// Fails with `invalid` when the name is taken or is not a name.
    pub fn add(&mut self, name: &str, kind: NodeKind, place: Option<Place>) -> Result<()> {
        let is_name = name.starts_with(|letter: char| letter.is_ascii_lowercase())
            && name.chars().all(|letter| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'
            });
        if !is_name {
            return Err(Error::invalid(format!("`{name}` is not a name for a node"))
                .hint("use lower case letters, digits and dashes, such as `take-ownership`")
                .at(place));
        }
        if let Some(other) = self.nodes.get(name) {
            let before = other
                .place
                .as_ref()
                .map_or(String::new(), |place| format!(" at {place}"));
            return Err(
                Error::invalid(format!("the node `{name}` is declared twice"))
                    .hint(format!(
                        "it was declared before{before}; remove one or give it another name"
                    ))
                    .at(place),
            );
        }
        let node = Node::new(name, kind, &self.phase, place);
        self.nodes.insert(name.to_owned(), node);
        Ok(())
    }

    /// Removes a node and what others said about coming after it, which then comes after what it
    /// came after.
    pub fn remove(&mut self, name: &str, place: Option<Place>) -> Result<()> {
        let Some(gone) = self.nodes.shift_remove(name) else {
            return Err(self.unknown(name, "cannot remove the node", place));
        };
        for node in self.nodes.values_mut() {
            if node.after.iter().any(|(other, _)| other == name) {
                node.after.retain(|(other, _)| other != name);
                for before in &gone.after {
                    if !node.after.iter().any(|(other, _)| *other == before.0) {
                        node.after.push(before.clone());
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns a node.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.nodes.get(name)
    }

    /// Returns a node to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        self.nodes.get_mut(name)
    }

    /// The nodes in the order of their declaration.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.nodes.values()
    }

    /// The place of a node in the order of declaration, from 0.
    pub fn rank(&self, name: &str) -> Option<usize> {
        self.nodes.get_index_of(name)
    }

    /// The nodes that come directly after one.
    pub fn followers(&self, name: &str) -> impl Iterator<Item = &Node> {
        self.nodes()
            .filter(move |node| node.after.iter().any(|(before, _)| before == name))
    }

    /// Checks the graph as a whole: it has nodes, every name in `after` exists, nothing waits for
    /// itself, and every node has its function. `has_function` tells whether the script has a
    /// function of this name with one parameter.
    pub fn check(&self, has_function: impl Fn(&str) -> bool) -> Result<()> {
        if self.nodes.is_empty() {
            return Err(Error::invalid("the flow has no nodes")
                .hint("declare some with flow.task(\"…\") or flow.check(\"…\")"));
        }
        for node in self.nodes() {
            for (before, place) in &node.after {
                if !self.nodes.contains_key(before) {
                    let what = format!("`{}` comes after a node that does not exist:", node.name);
                    return Err(self.unknown(before, &what, place.clone().or(node.place.clone())));
                }
            }
            if !has_function(&node.function()) {
                return Err(Error::invalid(format!(
                    "the node `{}` has no function `{}(release)`",
                    node.name,
                    node.function()
                ))
                .hint("write it in the same phase file, or remove the node")
                .at(node.place.clone()));
            }
        }
        match self.cycle() {
            Some((circle, place)) => Err(Error::invalid(format!(
                "these nodes wait for each other: {}",
                circle.join(" → ")
            ))
            .hint("take one of the `after` away")
            .at(place)),
            None => Ok(()),
        }
    }

    fn unknown(&self, name: &str, what: &str, place: Option<Place>) -> Error {
        let near = nearest(name, self.nodes.keys().map(String::as_str));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "the nodes are declared with flow.task(\"…\") and flow.check(\"…\")".to_owned(),
        };
        Error::invalid(format!("{what} `{name}`"))
            .hint(hint)
            .at(place)
    }

    fn cycle(&self) -> Option<(Vec<String>, Option<Place>)> {
        // 0 not seen, 1 on the way, 2 done
        fn visit(
            graph: &Graph,
            name: &str,
            seen: &mut HashMap<String, u8>,
            way: &mut Vec<String>,
        ) -> Option<(Vec<String>, Option<Place>)> {
            seen.insert(name.to_owned(), 1);
            way.push(name.to_owned());
            for (before, place) in &graph.nodes[name].after {
                match seen.get(before).copied().unwrap_or(0) {
                    0 => {
                        if let Some(found) = visit(graph, before, seen, way) {
                            return Some(found);
                        }
                    }
                    1 => {
                        let start = way.iter().position(|step| step == before).unwrap_or(0);
                        let mut circle: Vec<_> = way[start..].to_vec();
                        circle.push(before.clone());
                        circle.reverse();
                        return Some((circle, place.clone()));
                    }
                    _ => {}
                }
            }
            way.pop();
            seen.insert(name.to_owned(), 2);
            None
        }
        let mut seen = HashMap::new();
        self.nodes
            .keys()
            .filter(|name| !name.is_empty())
            .find_map(|name| match seen.get(name).copied() {
                Some(2) => None,
                _ => visit(self, name, &mut seen, &mut Vec::new()),
            })
    }
}

/// Returns the candidate that looks most like `name`, if one is near enough to be a misspelling.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(name.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

fn distance(left: &str, right: &str) -> usize {
    let right: Vec<_> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, to) in right.iter().enumerate() {
            let cost = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = cost.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
