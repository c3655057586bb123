//! Many patterns at once: an event is looked at by what it holds, and only patterns that one of its values
//! calls for are looked at closely.

use std::collections::HashMap;

use super::{
    Pattern,
    consistency::{Chain, chain, consistent},
    expression::Alternatives,
    hash::Quick,
    index::{Key, PathIndex, keys},
    scan::{Found, Leaf, Paths, index, scan},
};

/// Patterns, and what each stands for.
#[derive(Debug)]
pub struct PatternSet<T> {
    items: Vec<T>,
    paths: Paths,
    conditions: Vec<Condition>,
    branches: Vec<BranchOf>,
    /// For each path, which branches its values call for.
    indexes: Vec<PathIndex>,
    /// Branches that no value calls for: all they ask is that something is absent.
    always: Vec<u32>,
}

/// What must hold of the value at a path. Those that are the same in several patterns are one.
#[derive(Debug)]
struct Condition {
    path: u32,
    alternatives: Alternatives,
}

#[derive(Debug)]
struct BranchOf {
    item: u32,
    conditions: Box<[u32]>,
}

/// Memory that matching works in, so that an event costs no allocations.
#[derive(Debug, Default)]
pub struct Scratch {
    found: Found,
    /// The event that the marks below are of.
    round: u32,
    heads: Vec<(u32, u32)>,
    branches: Vec<u32>,
    items: Vec<u32>,
    conditions: Vec<(u32, Met)>,
    candidates: Vec<u32>,
    matched: Vec<u32>,
}

/// What is known of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Met {
    #[default]
    No,
    /// Whatever elements of arrays are chosen.
    Anywhere,
    /// In some elements of arrays.
    Somewhere,
}

impl<T> PatternSet<T> {
    /// The set of `patterns`.
    pub fn new(patterns: impl IntoIterator<Item = (Pattern, T)>) -> Self {
        let mut builder = Builder {
            paths: Paths::new(),
            conditions: Vec::new(),
            known: HashMap::new(),
            branches: Vec::new(),
        };
        let mut items = Vec::new();
        for (pattern, item) in patterns {
            let number = index(items.len());
            items.push(item);
            builder.add(number, pattern);
        }
        let (indexes, always) = builder.indexes();
        Self {
            items,
            paths: builder.paths,
            conditions: builder.conditions,
            branches: builder.branches,
            indexes,
            always,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What each pattern stands for, in the order they were given.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Gives `each` what each pattern stands for that `event`, the text of a JSON object, matches: once each,
    /// in no particular order. What is no JSON object matches nothing.
    pub fn matches<'a>(&'a self, event: &str, scratch: &mut Scratch, mut each: impl FnMut(&'a T)) {
        scratch.begin(self);
        if scan(event, &self.paths, &mut scratch.found).is_none() {
            return;
        }
        self.gather(event, scratch);
        let mut candidates = std::mem::take(&mut scratch.candidates);
        for branch in candidates.drain(..) {
            let branch = &self.branches[branch as usize];
            let item = branch.item as usize;
            if scratch.items[item] != scratch.round && self.holds(branch, event, scratch) {
                scratch.items[item] = scratch.round;
                scratch.matched.push(branch.item);
            }
        }
        scratch.candidates = candidates;
        for item in scratch.matched.drain(..) {
            each(&self.items[item as usize]);
        }
    }

    /// Links the leaves of each path, and collects the branches that they call for.
    fn gather(&self, event: &str, scratch: &mut Scratch) {
        let round = scratch.round;
        let Scratch {
            found,
            heads,
            branches,
            candidates,
            ..
        } = scratch;
        let mut call = |branch: u32| {
            if std::mem::replace(&mut branches[branch as usize], round) != round {
                candidates.push(branch);
            }
        };
        for branch in &self.always {
            call(*branch);
        }
        for number in (0..found.leaves.len()).rev() {
            let leaf = &mut found.leaves[number];
            let (of, head) = &mut heads[leaf.path as usize];
            leaf.next = if *of == round { *head } else { u32::MAX };
            (*of, *head) = (round, index(number));
            let calls = &self.indexes[leaf.path as usize];
            if !calls.is_empty() {
                calls.each(&leaf.value(event), &mut call);
            }
        }
    }

    fn holds(&self, branch: &BranchOf, event: &str, scratch: &mut Scratch) -> bool {
        let mut in_arrays = 0;
        for condition in &branch.conditions {
            match self.met(*condition, event, scratch) {
                Met::No => return false,
                Met::Anywhere => {}
                Met::Somewhere => in_arrays += 1,
            }
        }
        in_arrays == 0 || self.together(branch, event, scratch)
    }

    fn met(&self, number: u32, event: &str, scratch: &mut Scratch) -> Met {
        let (round, known) = scratch.conditions[number as usize];
        if round == scratch.round {
            return known;
        }
        let condition = &self.conditions[number as usize];
        let (mut met, mut none, mut outside) = (Met::No, true, false);
        for leaf in scratch.leaves(condition.path) {
            none = false;
            outside |= leaf.chain == 0;
            if met != Met::Anywhere && condition.matches(leaf, event) {
                met = if leaf.chain == 0 {
                    Met::Anywhere
                } else {
                    Met::Somewhere
                };
            }
        }
        // What is there outside of arrays is absent in none of their elements.
        if condition.alternatives.absent && met == Met::No && !outside {
            met = if none { Met::Anywhere } else { Met::Somewhere };
        }
        scratch.conditions[number as usize] = (scratch.round, met);
        met
    }

    /// Whether the conditions that are met in elements of arrays are met in the same ones.
    fn together(&self, branch: &BranchOf, event: &str, scratch: &Scratch) -> bool {
        let elements = &scratch.found.elements;
        let (mut wanted, mut absent): (Vec<Vec<Chain>>, Vec<Vec<Chain>>) = <_>::default();
        for number in &branch.conditions {
            if scratch.conditions[*number as usize].1 != Met::Somewhere {
                continue;
            }
            let condition = &self.conditions[*number as usize];
            let leaves = scratch.leaves(condition.path);
            let matching: Vec<Chain> = leaves
                .filter(|leaf| condition.matches(leaf, event))
                .map(|leaf| chain(leaf.chain, elements))
                .collect();
            if matching.is_empty() {
                let leaves = scratch.leaves(condition.path);
                absent.push(leaves.map(|leaf| chain(leaf.chain, elements)).collect());
            } else {
                wanted.push(matching);
            }
        }
        (wanted.len() == 1 && absent.is_empty()) || consistent(&wanted, &absent)
    }
}

impl Condition {
    fn matches(&self, leaf: &Leaf, event: &str) -> bool {
        let value = leaf.value(event);
        self.alternatives
            .matchers
            .iter()
            .any(|it| it.matches(&value))
    }
}

impl Scratch {
    fn begin<T>(&mut self, set: &PatternSet<T>) {
        let sized = self.heads.len() == set.paths.count as usize
            && self.branches.len() == set.branches.len()
            && self.items.len() == set.items.len()
            && self.conditions.len() == set.conditions.len();
        if !sized || self.round == u32::MAX {
            self.round = 0;
            self.heads = vec![(0, 0); set.paths.count as usize];
            self.branches = vec![0; set.branches.len()];
            self.items = vec![0; set.items.len()];
            self.conditions = vec![(0, Met::No); set.conditions.len()];
        }
        self.round += 1;
        self.candidates.clear();
        self.matched.clear();
    }

    fn leaves(&self, path: u32) -> impl Iterator<Item = &Leaf> {
        let (round, head) = self.heads[path as usize];
        let first = (round == self.round).then_some(head);
        let leaf = |number: u32| self.found.leaves.get(number as usize);
        std::iter::successors(first.and_then(leaf), move |it| leaf(it.next))
    }
}

struct Builder {
    paths: Paths,
    conditions: Vec<Condition>,
    /// Conditions by what they say.
    known: HashMap<String, u32>,
    branches: Vec<BranchOf>,
}

impl Builder {
    fn add(&mut self, item: u32, pattern: Pattern) {
        for branch in pattern.into_branches() {
            let conditions = branch.into_iter().map(|(path, alternatives)| {
                let path = self.paths.number(&path);
                let said = format!("{path} {alternatives:?}");
                *self.known.entry(said).or_insert_with(|| {
                    self.conditions.push(Condition { path, alternatives });
                    index(self.conditions.len() - 1)
                })
            });
            let conditions = conditions.collect();
            self.branches.push(BranchOf { item, conditions });
        }
    }

    /// Each branch is called for by the one of its conditions that the fewest others share: most events then
    /// pass it by.
    fn indexes(&self) -> (Vec<PathIndex>, Vec<u32>) {
        let mut shared: HashMap<(u32, Key), u32, Quick> = HashMap::default();
        for condition in self.branches.iter().flat_map(|it| &it.conditions) {
            let condition = &self.conditions[*condition as usize];
            for key in keys(&condition.alternatives) {
                *shared.entry((condition.path, key)).or_default() += 1;
            }
        }
        let mut indexes: Vec<PathIndex> = Vec::new();
        indexes.resize_with(self.paths.count as usize, PathIndex::default);
        let mut always = Vec::new();
        for (number, branch) in self.branches.iter().enumerate() {
            let conditions = branch.conditions.iter();
            let candidates = conditions.map(|it| &self.conditions[*it as usize]);
            let best = candidates
                .filter(|it| !it.alternatives.absent)
                .map(|it| (it, keys(&it.alternatives)))
                .min_by_key(|(it, keys)| {
                    let most = keys.iter().map(|key| {
                        let rank = u64::from(key.is_whole());
                        rank + u64::from(shared[&(it.path, key.clone())])
                    });
                    most.max().unwrap_or(u64::MAX)
                });
            match best {
                Some((condition, keys)) => {
                    for key in keys {
                        indexes[condition.path as usize].add(key, index(number));
                    }
                }
                None => always.push(index(number)),
            }
        }
        indexes.iter_mut().for_each(PathIndex::finish);
        (indexes, always)
    }
}
