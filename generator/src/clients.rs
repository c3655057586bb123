//! Who the clients are. A client is computed from its rank, never stored: the same one looks the same every time.

use uuid::{Builder, fmt::Hyphenated};

use crate::{
    dice::{Dice, Zipf},
    event_type::AppAge,
};

/// What a client's device says of itself.
const DEVICES: [&str; 10] = [
    r#"{"kind":"phone","os":"iOS","osVersion":"18.1","model":"iPhone16,2","screen":{"width":430,"height":932}}"#,
    r#"{"kind":"phone","os":"iOS","osVersion":"17.6.1","model":"iPhone14,5","screen":{"width":390,"height":844}}"#,
    r#"{"kind":"phone","os":"Android","osVersion":"15","model":"Pixel 9","screen":{"width":412,"height":915}}"#,
    r#"{"kind":"phone","os":"Android","osVersion":"14","model":"SM-S921B","screen":{"width":384,"height":832}}"#,
    r#"{"kind":"phone","os":"Android","osVersion":"13","model":"SM-A546B","screen":{"width":360,"height":780}}"#,
    r#"{"kind":"phone","os":"Android","osVersion":"12","model":null,"screen":{"width":360,"height":800}}"#,
    r#"{"kind":"tablet","os":"iPadOS","osVersion":"18.0","model":"iPad14,3","screen":{"width":834,"height":1194}}"#,
    r#"{"kind":"desktop","os":"Windows","osVersion":"11","model":null,"screen":{"width":1920,"height":1080}}"#,
    r#"{"kind":"desktop","os":"macOS","osVersion":"15.1","model":null,"screen":{"width":1728,"height":1117}}"#,
    r#"{"kind":"desktop","os":"Linux","osVersion":null,"model":null,"screen":{"width":2560,"height":1440}}"#,
];

/// App releases, oldest first, each with its age.
const APPS: [(&str, AppAge); 8] = [
    (
        r#"{"version":"4.9.3","build":4093,"locale":""#,
        AppAge::Legacy,
    ),
    (
        r#"{"version":"5.12.0","build":5120,"locale":""#,
        AppAge::Current,
    ),
    (
        r#"{"version":"5.12.4","build":5124,"locale":""#,
        AppAge::Current,
    ),
    (
        r#"{"version":"5.13.1","build":5131,"locale":""#,
        AppAge::Current,
    ),
    (
        r#"{"version":"5.13.1","build":5132,"locale":""#,
        AppAge::Current,
    ),
    (
        r#"{"version":"5.14.0","build":5140,"locale":""#,
        AppAge::Current,
    ),
    (
        r#"{"version":"5.14.2","build":5142,"locale":""#,
        AppAge::Current,
    ),
    (
        r#"{"version":"6.0.0-beta.3","build":6003,"locale":""#,
        AppAge::Preview,
    ),
];

/// A locale and the country that parcels go to.
const LOCALES: [(&str, &str); 12] = [
    ("de-DE", "DE"),
    ("de-DE", "DE"),
    ("de-AT", "AT"),
    ("fr-FR", "FR"),
    ("fr-FR", "FR"),
    ("en-IE", "IE"),
    ("es-ES", "ES"),
    ("it-IT", "IT"),
    ("nl-NL", "NL"),
    ("pt-PT", "PT"),
    ("fi-FI", "FI"),
    ("ja-JP", "DE"),
];

const TIERS: [&str; 4] = ["bronze", "bronze", "silver", "gold"];

/// An id as the AWS sample gives it to a client: a version 4 UUID, in lower case.
pub(crate) type Id = [u8; 36];

/// Spells 128 bits of chance as a version 4 UUID.
pub(crate) fn uuid(high: u64, low: u64) -> Id {
    let bits = u128::from(high) << 64 | u128::from(low);
    let uuid = Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
    let mut text = [0; Hyphenated::LENGTH];
    uuid.hyphenated().encode_lower(&mut text);
    text
}

/// One client, as its events show it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) id: Id,
    /// A JSON object.
    pub(crate) device: &'static str,
    /// A JSON object up to its locale's opening quote.
    pub(crate) app: &'static str,
    pub(crate) app_age: AppAge,
    pub(crate) locale: &'static str,
    pub(crate) country: &'static str,
    /// The tier in the loyalty programme, for a member.
    pub(crate) tier: Option<&'static str>,
    /// Whether marketing may use the events; `null` until the client has been asked.
    pub(crate) marketing: &'static str,
}

/// All clients of a seed, some of whom come far more often than others.
#[derive(Debug)]
pub(crate) struct Population {
    ranks: Zipf,
    keys: [u64; 2],
}

impl Population {
    /// As many clients as that many events would come from: one for every 40 events, from 50 to two million.
    pub(crate) fn new(events: u64, dice: &mut Dice) -> Self {
        let count = u32::try_from(events / 40)
            .unwrap_or(u32::MAX)
            .clamp(50, 2_000_000);
        // The offset keeps the busiest client well below a hundredth of the traffic, once there are a few thousand.
        Self {
            ranks: Zipf::new(count, 2 + count / 500),
            keys: [dice.bits(), dice.bits()],
        }
    }

    pub(crate) fn draw(&self, dice: &mut Dice) -> Client {
        self.client(self.ranks.draw(dice))
    }

    fn client(&self, rank: u32) -> Client {
        let high = mixed(self.keys[0] ^ u64::from(rank));
        let low = mixed(self.keys[1] ^ high);
        let mut traits = mixed(high ^ low);
        // Traits are drawn from the client's own bits, so that they never change between sessions.
        let mut below = |bound: u64| {
            let drawn = traits % bound;
            traits /= bound;
            usize::try_from(drawn).unwrap_or(0)
        };
        let (app, app_age) = APPS[below(8)];
        let (locale, country) = LOCALES[below(12)];
        let member = below(4) == 0;
        let tier = TIERS[below(4)];
        Client {
            id: uuid(high, low),
            device: DEVICES[below(10)],
            app,
            app_age,
            locale,
            country,
            tier: member.then_some(tier),
            marketing: ["true", "false", "false", "null"][below(4)],
        }
    }
}

/// Scatters the bits of a number: the finalizer of the `SplitMix64` generator.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::dice::Stream;

    #[test]
    fn a_client_looks_the_same_every_time() {
        let mut dice = Dice::new(1, Stream::Traffic);
        let population = Population::new(10_000, &mut dice);
        let mut seen: HashMap<Id, (&str, &str, Option<&str>)> = HashMap::new();
        let mut visits: HashMap<Id, u32> = HashMap::new();
        for _ in 0..5_000 {
            let client = population.draw(&mut dice);
            let looks = (client.device, client.app, client.tier);
            assert_eq!(*seen.entry(client.id).or_insert(looks), looks);
            *visits.entry(client.id).or_default() += 1;
        }
        let busiest = visits.values().max().copied().unwrap();
        assert!(seen.len() > 150, "{} clients", seen.len());
        assert!(
            (100..1_000).contains(&busiest),
            "the busiest came {busiest} times in 5,000"
        );
    }

    #[test]
    fn an_id_is_a_version_4_uuid() {
        let id = uuid(u64::MAX, u64::MAX);
        assert_eq!(&id, b"ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn what_devices_and_apps_say_is_json() {
        for text in DEVICES {
            assert!(
                serde_json::from_str::<serde_json::Value>(text).is_ok(),
                "{text}"
            );
        }
        for (text, _) in APPS {
            let whole = format!("{text}de-DE\"}}");
            assert!(
                serde_json::from_str::<serde_json::Value>(&whole).is_ok(),
                "{whole}"
            );
        }
    }
}
