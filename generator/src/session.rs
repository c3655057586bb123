//! A session: what one client does between opening the app and leaving it.

use crate::{
    catalogue::Catalogue,
    clients::{Client, Id},
    dice::Dice,
    event_type::EventType,
};

/// The longest story.
pub(crate) const MAX_STEPS: usize = 16;
/// The last two steps are kept for the checkout and the purchase.
const MAX_BROWSING: usize = MAX_STEPS - 2;
const MAX_LINES: usize = 6;
/// Products on a page of results.
pub(crate) const PAGE_SIZE: u32 = 24;

/// One step of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Search,
    Page,
    Shop,
    View,
    Add,
    Checkout,
    Buy,
}

/// A story: what a session will do, in order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Story {
    steps: [Step; MAX_STEPS],
    length: u8,
}

impl Story {
    /// Draws a story of at most `limit` steps (and at least one).
    pub(crate) fn draw(dice: &mut Dice, limit: u64) -> Self {
        let mut story = Self {
            steps: [Step::Search; MAX_STEPS],
            length: 0,
        };
        let mut added = false;
        // One in six arrives through a link to a product.
        let mut landed = dice.percent(16);
        while story.len() < MAX_BROWSING {
            if !std::mem::take(&mut landed) {
                story.browse(Step::Search);
                for _ in 0..dice.below(3) {
                    story.browse(Step::Page);
                }
            }
            for _ in 0..=dice.below(2) {
                added |= story.look(dice);
            }
            if dice.percent(50) {
                break;
            }
        }
        if added && dice.percent(66) {
            story.push(Step::Checkout);
            if dice.percent(76) {
                story.push(Step::Buy);
            }
        }
        let limit = u8::try_from(limit).unwrap_or(u8::MAX).max(1);
        story.length = story.length.min(limit);
        story
    }

    /// Looks at a product or two, and says whether one went into the cart.
    fn look(&mut self, dice: &mut Dice) -> bool {
        self.browse(Step::Shop);
        if !dice.percent(72) {
            return false;
        }
        self.browse(Step::View);
        if dice.percent(22) {
            self.browse(Step::View);
        }
        dice.percent(34) && self.browse(Step::Add)
    }

    fn browse(&mut self, step: Step) -> bool {
        let room = self.len() < MAX_BROWSING;
        if room {
            self.push(step);
        }
        room
    }

    fn push(&mut self, step: Step) {
        if let Some(place) = self.steps.get_mut(usize::from(self.length)) {
            *place = step;
            self.length += 1;
        }
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.length)
    }
}

/// A line of the cart: a product of the catalogue and how many of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Line {
    pub(crate) product: usize,
    pub(crate) quantity: u32,
}

/// A live session: the story, how far it has come, and what the client sees at this moment.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: Id,
    pub(crate) client: Client,
    story: Story,
    done: u8,
    /// The place of the search term in the catalogue.
    pub(crate) term: usize,
    pub(crate) results: u32,
    pub(crate) page: u32,
    /// The place of the product in the catalogue.
    pub(crate) product: usize,
    lines: [Line; MAX_LINES],
    filled: u8,
    /// When an event was held back to be sent with the next, in milliseconds since the Unix epoch.
    pub(crate) held: Option<u64>,
}

impl Session {
    pub(crate) fn new(
        client: Client,
        id: Id,
        story: Story,
        catalogue: &Catalogue,
        dice: &mut Dice,
    ) -> Self {
        let term = catalogue.draw_term(dice);
        Self {
            id,
            client,
            story,
            done: 0,
            term,
            results: results(dice),
            page: 1,
            product: catalogue.draw_product(term, dice),
            lines: [Line::default(); MAX_LINES],
            filled: 0,
            held: None,
        }
    }

    /// Steps still to come.
    pub(crate) fn remaining(&self) -> usize {
        self.story.len().saturating_sub(usize::from(self.done))
    }

    /// The number of the step being played, from 1.
    pub(crate) fn sequence(&self) -> u32 {
        u32::from(self.done)
    }

    /// What is in the cart.
    pub(crate) fn cart(&self) -> &[Line] {
        &self.lines[..usize::from(self.filled)]
    }

    /// Plays the next step: afterwards the session is as the event shows it.
    pub(crate) fn play(&mut self, catalogue: &Catalogue, dice: &mut Dice) -> EventType {
        let step = self
            .story
            .steps
            .get(usize::from(self.done))
            .copied()
            .unwrap_or(Step::Search);
        self.done = self.done.saturating_add(1);
        match step {
            Step::Search => {
                self.term = catalogue.draw_term(dice);
                self.results = results(dice);
                self.page = 1;
                EventType::Searching
            }
            Step::Page => {
                self.page += 1;
                EventType::Paging
            }
            Step::Shop => {
                self.product = catalogue.draw_product(self.term, dice);
                EventType::Shopping
            }
            Step::View => {
                if dice.percent(30) {
                    self.product = catalogue.draw_product(self.term, dice);
                }
                EventType::ProductView
            }
            Step::Add => {
                self.put_into_cart(dice);
                EventType::AddToCart
            }
            Step::Checkout => EventType::Checkout,
            Step::Buy if self.client.tier.is_some() => EventType::LoyaltyPurchase,
            Step::Buy => EventType::Purchase,
        }
    }

    fn put_into_cart(&mut self, dice: &mut Dice) {
        let filled = usize::from(self.filled);
        let known = self
            .cart()
            .iter()
            .position(|line| line.product == self.product);
        // A full cart takes more of what it holds.
        let place = known.unwrap_or(filled.min(MAX_LINES - 1));
        if place == filled {
            self.filled += 1;
            self.lines[place].product = self.product;
        }
        self.product = self.lines[place].product;
        self.lines[place].quantity += if dice.percent(78) {
            1
        } else {
            2 + dice.below(3)
        };
    }
}

/// How many products a search found: enough for the three pages that a story looks at, at most.
fn results(dice: &mut Dice) -> u32 {
    let bound = 1 + dice.below(900);
    2 * PAGE_SIZE + 1 + dice.below(bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Stream;

    #[test]
    fn a_story_leads_from_a_product_to_the_till_in_order() {
        let mut dice = Dice::new(1, Stream::Traffic);
        let mut bought = 0;
        for _ in 0..5_000 {
            let story = Story::draw(&mut dice, u64::MAX);
            let steps = &story.steps[..story.len()];
            let first = |wanted| steps.iter().position(|&step| step == wanted);
            if let Some(add) = first(Step::Add) {
                assert!(first(Step::View) < Some(add), "{steps:?}");
            }
            if let Some(checkout) = first(Step::Checkout) {
                assert!(
                    first(Step::Add).is_some_and(|add| add < checkout),
                    "{steps:?}"
                );
            }
            if let Some(buy) = first(Step::Buy) {
                assert_eq!(first(Step::Checkout), Some(buy - 1), "{steps:?}");
                bought += 1;
            }
        }
        assert!(
            (500..2_500).contains(&bought),
            "{bought} of 5,000 sessions bought"
        );
    }

    #[test]
    fn a_story_keeps_to_its_limit() {
        let mut dice = Dice::new(2, Stream::Traffic);
        for limit in 1..=20 {
            for _ in 0..200 {
                let length = Story::draw(&mut dice, limit).len();
                assert!((1..=MAX_STEPS).contains(&length) && length as u64 <= limit);
            }
        }
    }
}
