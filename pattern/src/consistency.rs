//! Array consistency: what a pattern asks for together must lie in the same elements of arrays.
//!
//! One element of each array is chosen, so that every condition has a leaf whose elements are all chosen.
//! Conditions that lie in different arrays do not concern each other, so the choice is made array by array
//! from the outside in, and each leaf is looked at once a level.

use super::scan::Element;

/// The elements that a leaf is in, the outermost first.
pub(super) type Chain = Vec<(u32, u32)>;

/// Choices that are tried for one pattern. Only an event that spells one path in several ways, with dots in
/// names, needs more than there are leaves.
const MAX_STEPS: usize = 1 << 16;

/// The elements that `chain` stands for.
pub(super) fn chain(mut chain: u32, elements: &[Element]) -> Chain {
    let mut found = Vec::new();
    while chain != 0 {
        let element = elements[chain as usize];
        found.push((element.array, element.index));
        chain = element.around;
    }
    found.reverse();
    found
}

/// Whether elements can be chosen so that each of `wanted` has a leaf in them, and none of `absent`.
pub(super) fn consistent(wanted: &[Vec<Chain>], absent: &[Vec<Chain>]) -> bool {
    let view = |all: &[Vec<Chain>]| -> Vec<Vec<Vec<(u32, u32)>>> { all.to_vec() };
    let mut steps = MAX_STEPS;
    let (wanted, absent) = (view(wanted), view(absent));
    let wanted: Vec<Vec<&[(u32, u32)]>> = wanted.iter().map(|it| slices(it)).collect();
    let absent: Vec<&[(u32, u32)]> = absent.iter().flat_map(|it| slices(it)).collect();
    choose(wanted, &absent, &mut steps)
}

fn slices(chains: &[Chain]) -> Vec<&[(u32, u32)]> {
    chains.iter().map(Vec::as_slice).collect()
}

fn choose(
    mut wanted: Vec<Vec<&[(u32, u32)]>>,
    absent: &[&[(u32, u32)]],
    steps: &mut usize,
) -> bool {
    if *steps == 0 {
        return false;
    }
    *steps -= 1;
    // What is not there may be in no element that is chosen, and what is in none is in all.
    if absent.iter().any(|chain| chain.is_empty()) {
        return false;
    }
    // A leaf outside of arrays is there whatever is chosen.
    wanted.retain(|leaves| !leaves.iter().any(|chain| chain.is_empty()));
    let Some(array) = wanted
        .first()
        .and_then(|leaves| leaves.first())
        .map(|leaf| leaf[0].0)
    else {
        // No choice is left to keep the rest out.
        return wanted.is_empty() && absent.is_empty();
    };
    let in_array = |chain: &&[(u32, u32)]| chain[0].0 == array;
    // Those that have leaves elsewhere too may be met there: both are tried.
    let (mut mine, mut others, mut either) = (Vec::new(), Vec::new(), Vec::new());
    for leaves in wanted {
        let (inside, outside): (Vec<_>, Vec<_>) = leaves.into_iter().partition(in_array);
        match (inside.is_empty(), outside.is_empty()) {
            (false, true) => mine.push(inside),
            (true, _) => others.push(outside),
            (false, false) => either.push((inside, outside)),
        }
    }
    let (absent_here, absent_elsewhere): (Vec<_>, Vec<_>) =
        absent.iter().copied().partition(|chain| in_array(chain));
    let ways = 1_usize
        .checked_shl(u32::try_from(either.len()).unwrap_or(u32::MAX))
        .unwrap_or(usize::MAX);
    for way in 0..ways {
        let (mut here, mut elsewhere) = (mine.clone(), others.clone());
        for (bit, (inside, outside)) in either.iter().enumerate() {
            if bit < 64 && way >> bit & 1 == 1 {
                elsewhere.push(outside.clone());
            } else {
                here.push(inside.clone());
            }
        }
        if one_element(&here, &absent_here, steps) && choose(elsewhere, &absent_elsewhere, steps) {
            return true;
        }
        if *steps == 0 {
            return false;
        }
    }
    false
}

/// Whether one element of the array that all of these are in has them together.
fn one_element(wanted: &[Vec<&[(u32, u32)]>], absent: &[&[(u32, u32)]], steps: &mut usize) -> bool {
    let inside = |chain: &[(u32, u32)], element: u32| chain[0].1 == element;
    let Some(fewest) = wanted.iter().min_by_key(|leaves| leaves.len()) else {
        return absent.is_empty();
    };
    let mut elements: Vec<u32> = fewest.iter().map(|leaf| leaf[0].1).collect();
    elements.dedup();
    // Leaves are in the order of the event: those of an element are found by bisection.
    elements.into_iter().any(|element| {
        let mut within = Vec::with_capacity(wanted.len());
        for leaves in wanted {
            let from = leaves.partition_point(|leaf| leaf[0].1 < element);
            let rest: Vec<&[(u32, u32)]> = leaves[from..]
                .iter()
                .take_while(|leaf| inside(leaf, element))
                .map(|leaf| &leaf[1..])
                .collect();
            if rest.is_empty() {
                return false;
            }
            within.push(rest);
        }
        let absent: Vec<&[(u32, u32)]> = absent
            .iter()
            .filter(|leaf| inside(leaf, element))
            .map(|leaf| &leaf[1..])
            .collect();
        choose(within, &absent, steps)
    })
}
