//! The kinds of client event.

use std::fmt;

/// What a client did. The first five are the AWS sample's; the last three complete the road to the checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// An item taken from a list.
    Shopping,
    /// A search.
    Searching,
    /// The next page of results.
    Paging,
    /// A purchase.
    Purchase,
    /// A purchase by a member of the loyalty programme, with the ticket that goes to the service desk.
    LoyaltyPurchase,
    /// A product's own page.
    ProductView,
    /// Something put into the cart.
    AddToCart,
    /// The cart on its way to the till.
    Checkout,
}

impl EventType {
    /// Every type, in the order of their discriminants.
    pub const ALL: [Self; 8] = [
        Self::Shopping,
        Self::Searching,
        Self::Paging,
        Self::Purchase,
        Self::LoyaltyPurchase,
        Self::ProductView,
        Self::AddToCart,
        Self::Checkout,
    ];

    /// The value of `detail.eventType`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shopping => "shopping",
            Self::Searching => "searching",
            Self::Paging => "paging",
            Self::Purchase => "purchase",
            Self::LoyaltyPurchase => "loyaltypurchase",
            Self::ProductView => "productview",
            Self::AddToCart => "addtocart",
            Self::Checkout => "checkout",
        }
    }

    /// The schema version that an app writes: a legacy app the older one, where there are two. The sample's types
    /// keep the sample's versions (`shopping` and `searching` 1, the others 2) in most apps.
    pub(crate) const fn schema_version(self, app: AppAge) -> SchemaVersion {
        match (self, app) {
            (Self::Paging | Self::LoyaltyPurchase, _)
            | (Self::Shopping | Self::Searching, AppAge::Preview)
            | (Self::Purchase | Self::ProductView, AppAge::Current | AppAge::Preview) => {
                SchemaVersion::Two
            }
            _ => SchemaVersion::One,
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `detail.schemaVersion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SchemaVersion {
    One,
    Two,
}

impl SchemaVersion {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
        }
    }
}

/// How up to date a client's app is, which decides the schema versions that it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AppAge {
    Legacy,
    Current,
    Preview,
}
