//! The `detail` of an event: what the client itself wrote.

use crate::{
    catalogue::{Catalogue, Product},
    clock::HOUR_MS,
    dice::Dice,
    event_type::{AppAge, EventType, SchemaVersion},
    ledger::Fact,
    session::{Line, PAGE_SIZE, Session},
    text::{Spelling, Text as _},
};

/// The key that names the event type.
pub(crate) const EVENT_TYPE: &str = "eventType";

const BRANDS: [&str; 5] = ["Nordlicht", "Aoki", "Marée", "Bergwerk", "Solène"];
const SIZES: [&str; 5] = ["S", "M", "L", "XL", "42"];
const COLOURS: [&str; 5] = ["black", "blue", "green", "sand", "weiß"];
const SORTS: [&str; 4] = ["relevance", "relevance", "price_asc", "newest"];
const LISTS: [&str; 4] = ["search", "search", "recommended", "deals"];
const METHODS: [&str; 4] = ["card", "paypal", "invoice", "sepa"];
const COUPONS: [&str; 5] = ["null", "null", "null", "null", "\"HERBST10\""];

/// An event at the moment it happens, with all that its detail is made of.
#[derive(Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) event_type: EventType,
    pub(crate) session: &'a Session,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) dice: &'a mut Dice,
}

impl Moment<'_> {
    pub(crate) fn schema_version(&self) -> SchemaVersion {
        self.event_type.schema_version(self.session.client.app_age)
    }

    /// What the account needs to know, for an event at this time.
    pub(crate) fn fact(&self, time_ms: u64) -> Fact {
        let buys = matches!(
            self.event_type,
            EventType::Purchase | EventType::LoyaltyPurchase
        );
        Fact {
            hour: time_ms / HOUR_MS,
            event_type: self.event_type,
            schema_version: self.schema_version(),
            revenue: if buys { self.total() } else { 0 },
            search: (self.event_type == EventType::Searching).then_some(self.session.term),
        }
    }

    /// What the cart costs, in cents: the sum of price × quantity.
    fn total(&self) -> u64 {
        let cost = |line: &Line| self.line(line).price * u64::from(line.quantity);
        self.session.cart().iter().map(cost).sum()
    }

    fn line(&self, line: &Line) -> &Product {
        &self.catalogue.products[line.product]
    }

    fn product(&self) -> &Product {
        &self.catalogue.products[self.session.product]
    }

    /// Appends the detail as one compact JSON object; `type_key` is [`EVENT_TYPE`], unless the client got it wrong.
    pub(crate) fn write_detail(&mut self, type_key: &str, out: &mut Vec<u8>) {
        out.text("{\"")
            .text(type_key)
            .text("\":\"")
            .text(self.event_type.as_str());
        out.text("\",\"schemaVersion\":\"")
            .text(self.schema_version().as_str());
        out.text("\",\"data\":{");
        match self.event_type {
            EventType::Searching => self.searching(out),
            EventType::Paging => self.paging(out),
            EventType::Shopping => self.shopping(out),
            EventType::ProductView => self.product_view(out),
            EventType::AddToCart => self.add_to_cart(out),
            EventType::Checkout => self.checkout(out),
            EventType::Purchase | EventType::LoyaltyPurchase => self.purchase(out),
        }
        self.context(out);
        out.text("}");
        if self.event_type == EventType::LoyaltyPurchase {
            self.ticket(out);
        }
        out.text("}");
    }

    /// What every event says of its session, device and app.
    fn context(&self, out: &mut Vec<u8>) {
        let (session, client) = (self.session, &self.session.client);
        out.text(",\"session\":{\"id\":\"").raw(&session.id);
        out.text("\",\"sequence\":").number(session.sequence());
        out.text("},\"device\":").text(client.device);
        out.text(",\"app\":").text(client.app).text(client.locale);
        out.text("\"},\"consent\":{\"marketing\":")
            .text(client.marketing);
        out.text("}");
    }

    fn term(&self, out: &mut Vec<u8>) {
        // Older apps escape what is not ASCII.
        let spelling = match self.session.client.app_age {
            AppAge::Legacy => Spelling::Escaped,
            AppAge::Current | AppAge::Preview => Spelling::Utf8,
        };
        let term = &self.catalogue.terms[self.session.term];
        out.text("\"searchTerm\":").raw(term.json(spelling));
    }

    fn searching(&mut self, out: &mut Vec<u8>) {
        self.term(out);
        let (brand, size) = (self.dice.percent(30), self.dice.percent(35));
        match self.schema_version() {
            SchemaVersion::One => {
                out.text(",\"filters\":[");
                if brand {
                    out.text("\"brand:")
                        .text(self.dice.pick(&BRANDS))
                        .text("\"");
                }
                if size {
                    out.text(if brand { ",\"size:" } else { "\"size:" });
                    out.text(self.dice.pick(&SIZES)).text("\"");
                }
                out.text("]");
            }
            SchemaVersion::Two => {
                out.text(",\"facets\":[{\"name\":\"colour\",\"values\":[\"");
                out.text(self.dice.pick(&COLOURS)).text("\"]}");
                if brand {
                    out.text(",{\"name\":\"brand\",\"values\":[\"")
                        .text(self.dice.pick(&BRANDS));
                    out.text("\",\"Kvist\"]}");
                }
                out.text("],\"tookMs\":").number(8 + self.dice.below(240));
            }
        }
        out.text(",\"sort\":\"").text(self.dice.pick(&SORTS));
        out.text("\",\"results\":").number(self.session.results);
        out.text(",\"suggested\":").flag(self.dice.percent(25));
    }

    fn paging(&mut self, out: &mut Vec<u8>) {
        self.term(out);
        out.text(",\"page\":").number(self.session.page);
        out.text(",\"pageSize\":24,\"results\":")
            .number(self.session.results);
        out.text(",\"shown\":[");
        self.skus(3, out);
        out.text("],\"scrollDepth\":");
        match self.dice.below(6) {
            0 => out.text("null"),
            _ => out.text("0.").number(10 + self.dice.below(90)),
        };
    }

    fn shopping(&mut self, out: &mut Vec<u8>) {
        let product = self.product();
        out.text("\"itemSku\":").number(product.sku);
        match self.schema_version() {
            SchemaVersion::One => {
                out.text(",\"category\":\"").text(product.category);
                out.text("\",\"price\":")
                    .money(product.price)
                    .text(",\"currency\":\"EUR\"");
            }
            SchemaVersion::Two => {
                out.text(",\"item\":").raw(&product.json);
            }
        }
        out.text(",\"position\":")
            .number(1 + self.dice.below(PAGE_SIZE));
        out.text(",\"list\":\"")
            .text(self.dice.pick(&LISTS))
            .text("\"");
    }

    fn product_view(&mut self, out: &mut Vec<u8>) {
        let product = self.product();
        out.text("\"itemSku\":").number(product.sku);
        match self.schema_version() {
            SchemaVersion::One => {
                out.text(",\"price\":")
                    .money(product.price)
                    .text(",\"currency\":\"EUR\"");
            }
            SchemaVersion::Two => {
                out.text(",\"item\":")
                    .raw(&product.json)
                    .text(",\"discount\":");
                match self.dice.below(5) {
                    0 => out.text("{\"percent\":10,\"label\":\"Rabatt – nur für dich\"}"),
                    _ => out.text("null"),
                };
                out.text(",\"related\":[");
                self.skus(2, out);
                out.text("]");
            }
        }
        out.text(",\"dwellMs\":")
            .number(700 + self.dice.below(90_000));
    }

    fn add_to_cart(&mut self, out: &mut Vec<u8>) {
        let session = self.session;
        let line = session
            .cart()
            .iter()
            .find(|line| line.product == session.product);
        let product = self.product();
        out.text("\"itemSku\":").number(product.sku);
        // The quantity that the cart now holds of it.
        out.text(",\"quantity\":")
            .number(line.map_or(1, |line| line.quantity));
        out.text(",\"item\":").raw(&product.json);
        out.text(",\"cart\":{\"lines\":")
            .number(session.cart().len() as u64);
        out.text(",\"total\":")
            .money(self.total())
            .text(",\"currency\":\"EUR\"}");
    }

    fn checkout(&mut self, out: &mut Vec<u8>) {
        self.items(false, out);
        out.text(",\"shipping\":{\"method\":\"")
            .text(self.dice.pick(&["standard", "express"]));
        out.text("\",\"country\":\"")
            .text(self.session.client.country);
        out.text("\",\"postcode\":\"")
            .number(10_000 + self.dice.below(89_999));
        out.text("\"},\"coupon\":").text(self.dice.pick(&COUPONS));
    }

    fn purchase(&mut self, out: &mut Vec<u8>) {
        if let Some(line) = self.session.cart().first() {
            out.text("\"itemSku\":")
                .number(self.line(line).sku)
                .text(",");
        }
        out.text("\"orderId\":\"");
        self.order(out);
        out.text("\",");
        let method = self.dice.pick(&METHODS);
        match self.schema_version() {
            SchemaVersion::One => {
                self.items(false, out);
                out.text(",\"paymentMethod\":\"").text(method).text("\"");
            }
            SchemaVersion::Two => {
                self.items(true, out);
                out.text(",\"payment\":{\"method\":\"")
                    .text(method)
                    .text("\",\"instalments\":");
                match self.dice.below(8) {
                    0 => out.number(3 * (1 + self.dice.below(4))),
                    _ => out.text("null"),
                };
                out.text("},\"coupon\":").text(self.dice.pick(&COUPONS));
            }
        }
        if let Some(tier) = self.session.client.tier
            && self.event_type == EventType::LoyaltyPurchase
        {
            out.text(",\"loyalty\":{\"tier\":\"")
                .text(tier)
                .text("\",\"points\":");
            out.number(self.total() / 100).text("}");
        }
    }

    fn ticket(&self, out: &mut Vec<u8>) {
        out.text(",\"ticket\":{\"ticket\":{\"subject\":\"Loyalty customer purchase\",\"comment\":");
        out.text("{\"body\":\"Order ");
        self.order(out);
        out.text(" over ")
            .money(self.total())
            .text(" EUR by a loyalty customer\"}}}");
    }

    /// The order's number: of the session, which buys at most once.
    fn order(&self, out: &mut Vec<u8>) {
        out.text("O-").raw(&self.session.id[..8]);
    }

    /// The cart and its total.
    fn items(&self, named: bool, out: &mut Vec<u8>) {
        out.text("\"items\":[");
        for (at, line) in self.session.cart().iter().enumerate() {
            let product = self.line(line);
            out.text(if at == 0 { "{\"sku\":" } else { ",{\"sku\":" })
                .number(product.sku);
            if named {
                out.text(",\"name\":").raw(&product.name);
            }
            out.text(",\"quantity\":").number(line.quantity);
            out.text(",\"price\":").money(product.price).text("}");
        }
        out.text("],\"currency\":\"EUR\",\"total\":")
            .money(self.total());
    }

    /// A few products that the search found, each once.
    fn skus(&mut self, count: usize, out: &mut Vec<u8>) {
        let found = self.catalogue.draw_products(self.session.term, self.dice);
        for (at, product) in found.take(count).enumerate() {
            out.text(if at == 0 { "" } else { "," }).number(product.sku);
        }
    }
}
