//! What is on sale, and what people search for.

use crate::{
    dice::{Dice, Stream, Zipf},
    text::{Spelling, Text as _, quoted},
};

/// Kinds of product: the noun, its category, and the lowest and highest usual price in whole euros.
const KINDS: [(&str, &str, u32, u32); 24] = [
    ("games", "games", 9, 79),
    ("books", "media", 6, 48),
    ("movies", "media", 5, 35),
    ("music", "media", 4, 40),
    ("boots", "shoes", 49, 240),
    ("sneakers", "shoes", 39, 180),
    ("rain jacket", "clothing", 45, 260),
    ("wool sweater", "clothing", 35, 190),
    ("backpack", "travel", 29, 210),
    ("suitcase", "travel", 59, 320),
    ("tent", "outdoor", 79, 640),
    ("sleeping bag", "outdoor", 39, 280),
    ("espresso cups", "kitchen", 12, 64),
    ("chef's knife", "kitchen", 24, 220),
    ("cast iron pan", "kitchen", 29, 160),
    ("desk lamp", "home", 19, 170),
    ("linen curtain", "home", 22, 140),
    ("office chair", "furniture", 89, 780),
    ("headphones", "electronics", 25, 390),
    ("keyboard", "electronics", 29, 230),
    ("monitor", "electronics", 119, 890),
    ("road bike", "cycling", 399, 2_900),
    ("bike helmet", "cycling", 29, 210),
    ("tea", "grocery", 4, 32),
];

const ADJECTIVES: [&str; 18] = [
    "cheap", "black", "blue", "green", "vintage", "used", "large", "small", "new", "best",
    "handmade", "discount", "red", "kids", "travel", "premium", "classic", "modern",
];

/// Searches as people type them, each with the kind of product it leads to: names that need care on their way
/// through a pipeline.
const TYPED: [(&str, usize); 40] = [
    ("games", 0),
    ("books", 1),
    ("movies", 2),
    ("music", 3),
    ("café crème tassen", 12),
    ("日本語 絵本", 1),
    ("größe 44 stiefel", 4),
    ("🎁 gift ideas", 0),
    ("men's rain jacket", 6),
    ("27\" monitor", 20),
    ("crème brûlée pan", 14),
    ("AC\\DC vinyl", 3),
    ("抹茶", 23),
    ("zelt für zwei", 10),
    ("piñata 🎉", 0),
    ("naïve art books", 1),
    ("schlafsack -10 °C", 11),
    ("ヘッドホン", 18),
    ("vélo de route", 21),
    ("büro stuhl", 17),
    ("żółta kurtka", 6),
    ("smörgåsbord kniv", 13),
    ("tea & books", 23),
    ("sneakers <50€", 5),
    ("クリスマス プレゼント", 0),
    ("çay bardağı", 12),
    ("lampe à poser", 15),
    ("câble clavier", 19),
    ("зимние ботинки", 4),
    ("ordenador portátil mochila", 8),
    ("valigia 55x40x20", 9),
    ("bébé bonnet & gants", 7),
    ("e-bike 🚲 helm", 22),
    ("rideaux lin naturel", 16),
    ("null", 0),
    ("100% wolle", 7),
    ("c++ books", 1),
    ("kärlek film", 2),
    ("şapka", 6),
    ("dvd box set 1–8", 2),
];

const BRANDS: [&str; 12] = [
    "Nordlicht",
    "Aoki",
    "Marée",
    "Bergwerk",
    "Solène",
    "Kvist",
    "Tramontana",
    "Øresund",
    "Lumen",
    "Hazel & Fir",
    "Polder",
    "Zirbe",
];

const PER_KIND: u32 = 80;
/// Every eighth search is one of [`TYPED`], by rank.
const TYPED_EVERY: usize = 8;
const ENDINGS: [u64; 6] = [99, 99, 95, 90, 50, 0];

/// A search term, ready to be written.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) text: String,
    utf8: Box<[u8]>,
    escaped: Box<[u8]>,
    kind: usize,
}

impl Term {
    /// The term as a JSON string, quotes included.
    pub(crate) fn json(&self, spelling: Spelling) -> &[u8] {
        match spelling {
            Spelling::Utf8 => &self.utf8,
            Spelling::Escaped => &self.escaped,
        }
    }
}

/// A product, ready to be written.
#[derive(Debug)]
pub(crate) struct Product {
    /// Unique in the catalogue, a number as in the AWS sample.
    pub(crate) sku: u32,
    /// In cents.
    pub(crate) price: u64,
    pub(crate) category: &'static str,
    /// The name as a JSON string.
    pub(crate) name: Box<[u8]>,
    /// All of it as a JSON object, without the SKU.
    pub(crate) json: Box<[u8]>,
}

/// The search terms by rank and the products by kind, drawn from the seed.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) terms: Vec<Term>,
    pub(crate) products: Vec<Product>,
    term_ranks: Zipf,
    product_ranks: Zipf,
}

impl Catalogue {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, Stream::Catalogue);
        let terms = terms(&mut dice);
        let products = products(&mut dice);
        let count = u32::try_from(terms.len()).unwrap_or(1);
        Self {
            terms,
            products,
            term_ranks: Zipf::new(count, 4),
            product_ranks: Zipf::new(PER_KIND, 2),
        }
    }

    /// The place of a search term, the popular ones more often.
    pub(crate) fn draw_term(&self, dice: &mut Dice) -> usize {
        self.term_ranks.draw(dice) as usize
    }

    /// The place of a product that a search for this term finds.
    pub(crate) fn draw_product(&self, term: usize, dice: &mut Dice) -> usize {
        self.terms[term].kind * PER_KIND as usize + self.product_ranks.draw(dice) as usize
    }

    /// Products that a search for this term finds, each at most once.
    pub(crate) fn draw_products(
        &self,
        term: usize,
        dice: &mut Dice,
    ) -> impl Iterator<Item = &Product> {
        let first = self.terms[term].kind * PER_KIND as usize;
        let kind = &self.products[first..first + PER_KIND as usize];
        let (front, back) = kind.split_at(self.product_ranks.draw(dice) as usize);
        back.iter().chain(front)
    }
}

fn terms(dice: &mut Dice) -> Vec<Term> {
    let mut composed: Vec<(String, usize)> = Vec::new();
    for (kind, (noun, ..)) in KINDS.iter().enumerate() {
        composed.extend(
            ADJECTIVES
                .iter()
                .map(|adjective| (format!("{adjective} {noun}"), kind)),
        );
    }
    let mut typed = TYPED.map(|(text, kind)| (text.to_owned(), kind)).to_vec();
    shuffle(&mut composed, dice);
    shuffle(&mut typed, dice);
    let mut ranked = Vec::with_capacity(composed.len() + typed.len());
    for (at, term) in composed.into_iter().enumerate() {
        if at % (TYPED_EVERY - 1) == 1 {
            ranked.extend(typed.pop());
        }
        ranked.push(term);
    }
    ranked.append(&mut typed);
    let term = |(text, kind): (String, usize)| Term {
        utf8: quoted(&text, Spelling::Utf8),
        escaped: quoted(&text, Spelling::Escaped),
        text,
        kind,
    };
    ranked.into_iter().map(term).collect()
}

fn products(dice: &mut Dice) -> Vec<Product> {
    let mut products = Vec::new();
    let mut sku = 100_000;
    for (noun, category, low, high) in KINDS {
        for _ in 0..PER_KIND {
            sku += 1 + dice.below(40);
            let name = format!("{} {noun}", dice.pick(&ADJECTIVES));
            products.push(product(sku, &name, category, price(low, high, dice), dice));
        }
    }
    products
}

fn product(sku: u32, name: &str, category: &'static str, price: u64, dice: &mut Dice) -> Product {
    let name = quoted(name, Spelling::Utf8);
    let brand = quoted(dice.pick(&BRANDS), Spelling::Utf8);
    let mut json = Vec::new();
    json.text("{\"name\":")
        .raw(&name)
        .text(",\"brand\":")
        .raw(&brand);
    json.text(",\"category\":\"")
        .text(category)
        .text("\",\"price\":")
        .money(price);
    json.text(",\"currency\":\"EUR\",\"inStock\":")
        .flag(!dice.percent(7))
        .text("}");
    Product {
        sku,
        price,
        category,
        name,
        json: json.into_boxed_slice(),
    }
}

/// A price in cents, more often near the low end, with an ending that shops like.
fn price(low: u32, high: u32, dice: &mut Dice) -> u64 {
    // A bound that is itself drawn makes what is drawn below it lean to the low end.
    let bound = 1 + dice.below(high - low);
    u64::from(low + dice.below(bound)) * 100 + dice.pick(&ENDINGS)
}

/// Fisher and Yates' shuffle.
fn shuffle<T>(items: &mut [T], dice: &mut Dice) {
    let mut unsettled = items.len();
    while unsettled > 1 {
        let chosen = dice.below(u32::try_from(unsettled).unwrap_or(u32::MAX)) as usize;
        unsettled -= 1;
        items.swap(chosen, unsettled);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_few_hundred_terms_each_once_and_some_beyond_ascii() {
        let catalogue = Catalogue::new(1);
        let texts: HashSet<&str> = catalogue.terms.iter().map(|t| t.text.as_str()).collect();
        assert_eq!(texts.len(), catalogue.terms.len());
        assert_eq!(texts.len(), KINDS.len() * ADJECTIVES.len() + TYPED.len());
        assert!(catalogue.terms[..40].iter().any(|t| !t.text.is_ascii()));
    }

    #[test]
    fn skus_are_unique_and_prices_lie_in_their_range() {
        let catalogue = Catalogue::new(1);
        let skus: HashSet<u32> = catalogue.products.iter().map(|p| p.sku).collect();
        assert_eq!(skus.len(), catalogue.products.len());
        for product in &catalogue.products {
            assert!((400..=300_000).contains(&product.price), "{product:?}");
            let json: serde_json::Value = serde_json::from_slice(&product.json).unwrap();
            assert_eq!(json["category"], product.category);
        }
    }

    #[test]
    fn another_seed_has_another_catalogue() {
        let first =
            |seed| Catalogue::new(seed).terms[0].text.clone() + &Catalogue::new(seed).terms[9].text;
        assert_ne!(first(1), first(2));
        assert_eq!(first(1), first(1));
    }

    #[test]
    fn a_search_finds_products_of_its_kind() {
        let catalogue = Catalogue::new(3);
        let mut dice = Dice::new(3, Stream::Traffic);
        for term in 0..catalogue.terms.len() {
            let product = catalogue.draw_product(term, &mut dice);
            let (_, category, ..) = KINDS[catalogue.terms[term].kind];
            assert_eq!(catalogue.products[product].category, category);
        }
    }
}
