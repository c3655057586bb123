//! `CustomTimeZone`: the zone in which timestamp expressions and object names are written.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::limits::MAX_TIME_ZONE_CHARS;

/// A time zone that AWS accepts.
///
/// AWS keeps a list of older IANA names (AWS developer guide, Amazon S3 object name format). It is not
/// repeated here: the rule is UTC, or an area and a place that the bundled time zone database knows,
/// except for the names that came later than the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomTimeZone {
    zone: TimeZone,
}

/// A name that AWS refuses as `CustomTimeZone`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.aws_message())]
pub struct TimeZoneError {
    /// The name as given.
    pub name: String,
    /// The older name of the same zone, which AWS accepts.
    pub instead: Option<&'static str>,
    malformed: bool,
}

impl TimeZoneError {
    /// AWS's text.
    pub fn aws_message(&self) -> String {
        if !self.malformed {
            return "Provided custom time zone is not supported. Custom time zones are limited to UTC and non-3-letter IANA time zones.".to_owned();
        }
        let constraint = if self.name.chars().count() > MAX_TIME_ZONE_CHARS {
            format!("Member must have length less than or equal to {MAX_TIME_ZONE_CHARS}")
        } else {
            "Member must satisfy regular expression pattern: ^$|[a-zA-Z/_]+".to_owned()
        };
        format!(
            "1 validation error detected: Value at 'extendedS3DestinationConfiguration.customTimeZone' failed to satisfy constraint: {constraint}"
        )
    }
}

/// Names that came after AWS's list was made, and the older names that are on it.
const RENAMED: [(&str, &str); 16] = [
    ("Africa/Asmara", "Africa/Asmera"),
    ("America/Argentina/Buenos_Aires", "America/Buenos_Aires"),
    ("America/Atikokan", "America/Panama"),
    ("America/Indiana/Indianapolis", "America/Indianapolis"),
    ("America/Nuuk", "America/Godthab"),
    ("Asia/Ho_Chi_Minh", "Asia/Saigon"),
    ("Asia/Kathmandu", "Asia/Katmandu"),
    ("Asia/Kolkata", "Asia/Calcutta"),
    ("Asia/Macau", "Asia/Macao"),
    ("Asia/Makassar", "Asia/Ujung_Pandang"),
    ("Asia/Yangon", "Asia/Rangoon"),
    ("Atlantic/Faroe", "Atlantic/Faeroe"),
    ("Europe/Kyiv", "Europe/Kiev"),
    ("Pacific/Chuuk", "Pacific/Truk"),
    ("Pacific/Kanton", "Pacific/Enderbury"),
    ("Pacific/Pohnpei", "Pacific/Ponape"),
];

impl CustomTimeZone {
    /// UTC, which is also what an empty or absent `CustomTimeZone` means.
    pub fn utc() -> Self {
        Self {
            zone: TimeZone::UTC,
        }
    }

    /// Checks a name and resolves it in the bundled time zone database.
    ///
    /// # Errors
    ///
    /// Names that AWS's pattern `^$|[a-zA-Z/_]+` or its list does not let in.
    pub fn parse(name: &str) -> Result<Self, TimeZoneError> {
        if matches!(name, "" | "UTC") {
            return Ok(Self::utc());
        }
        let allowed = |c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_');
        let malformed = !name.chars().all(allowed) || name.len() > MAX_TIME_ZONE_CHARS;
        let instead = RENAMED
            .iter()
            .find(|(new, _)| *new == name)
            .map(|(_, old)| *old);
        let refused = || TimeZoneError {
            name: name.to_owned(),
            instead,
            malformed,
        };
        let area = name.split_once('/').map(|(area, _)| area);
        if malformed || instead.is_some() || matches!(area, None | Some("Etc" | "US" | "SystemV")) {
            return Err(refused());
        }
        let zone = TimeZoneDatabase::bundled()
            .get(name)
            .map_err(|_| refused())?;
        // The database ignores case; the list does not.
        if zone.iana_name() == Some(name) {
            Ok(Self { zone })
        } else {
            Err(refused())
        }
    }

    /// The zone's name, as `CustomTimeZone` takes it.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The zone for calculations.
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }
}

impl Default for CustomTimeZone {
    fn default() -> Self {
        Self::utc()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_names_are_accepted_and_newer_ones_name_their_replacement() {
        for name in [
            "",
            "UTC",
            "Asia/Calcutta",
            "Europe/Kiev",
            "Europe/Berlin",
            "America/New_York",
        ] {
            assert!(CustomTimeZone::parse(name).is_ok(), "{name}");
        }
        let error = CustomTimeZone::parse("Asia/Kolkata").unwrap_err();
        insta::assert_snapshot!(error, @"Provided custom time zone is not supported. Custom time zones are limited to UTC and non-3-letter IANA time zones.");
        assert_eq!(error.instead, Some("Asia/Calcutta"));
        for name in [
            "Europe/Kyiv",
            "EST",
            "CET",
            "GMT",
            "Mars/Olympus",
            "europe/berlin",
            "Etc/UTC",
            "/",
        ] {
            let error = CustomTimeZone::parse(name).unwrap_err();
            assert!(
                error.to_string().starts_with("Provided custom time zone"),
                "{name}: {error}"
            );
        }
        insta::assert_snapshot!(CustomTimeZone::parse("Etc/GMT+5").unwrap_err(), @"1 validation error detected: Value at 'extendedS3DestinationConfiguration.customTimeZone' failed to satisfy constraint: Member must satisfy regular expression pattern: ^$|[a-zA-Z/_]+");
    }

    #[test]
    fn every_replacement_is_a_zone_that_is_accepted() {
        for (new, old) in RENAMED {
            assert_eq!(
                CustomTimeZone::parse(old).map(|zone| zone.name().to_owned()),
                Ok(old.to_owned()),
                "{new}"
            );
        }
    }
}
