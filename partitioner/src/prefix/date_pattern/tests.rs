use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Zoned {
    text.parse().unwrap()
}

fn format(pattern: &str, at: &Zoned) -> String {
    let mut out = String::new();
    match DatePattern::parse(pattern) {
        Ok(pattern) => pattern.format(at, &mut out),
        Err(error) => out = format!("{error:?}"),
    }
    out
}

#[test]
fn fields_render_as_java_renders_them() {
    let morning = at("2026-07-01T09:05:02.123456789+02:00[Europe/Paris]");
    for (pattern, expected) in [
        ("yyyy/MM/dd/HH", "2026/07/01/09"),
        ("y yy yyy yyyyy uuuu uu", "2026 26 2026 02026 2026 26"),
        ("M MM MMM MMMM MMMMM L LLLL", "7 07 Jul July J 7 July"),
        ("d dd D DD DDD", "1 01 182 182 182"),
        ("H HH k K h hh a", "9 09 9 9 9 09 AM"),
        ("m mm s ss S SSS SSSSSSSSS", "5 05 2 02 1 123 123456789"),
        (
            "E EEE EEEE EEEEE e ee eee c cccc",
            "Wed Wed Wednesday W 4 04 Wed 4 Wednesday",
        ),
        (
            "n N A AAAAAAAAAA",
            "123456789 32702123456789 32702123 0032702123",
        ),
        ("Q QQ QQQ QQQQ q", "3 03 Q3 3rd quarter 3"),
        ("w ww W Y YYYY", "27 27 1 2026 2026"),
        ("G GGGG g", "AD Anno Domini 61222"),
        ("z VV", "CEST Europe/Paris"),
        ("Z ZZZZ ZZZZZ", "+0200 GMT+02:00 +02:00"),
        ("X XX XXX x xx xxx", "+02 +0200 +02:00 +02 +0200 +02:00"),
        ("O OOOO", "GMT+2 GMT+02:00"),
        ("'year='yyyy'/month='MM", "year=2026/month=07"),
        ("yyyy''MM 'o''clock' [HH]", "2026'07 o'clock 09"),
        ("yyyy-MM-dd_HH.mm", "2026-07-01_09.05"),
        (
            "ppH pppd ppppppy ppM pppMMM ppppMMM",
            " 9   1   2026  7 Jul  Jul",
        ),
        ("[yyyy][MM", "202607"),
    ] {
        assert_eq!(format(pattern, &morning), expected, "{pattern}");
    }
    let midnight = at("2026-12-28T00:00:00+00:00[UTC]");
    for (pattern, expected) in [
        ("H k K h a", "0 24 0 12 AM"),
        ("w W Y", "1 5 2027"),
        (
            "z VV Z ZZZZ ZZZZZ X XXX x xxx O",
            "UTC UTC +0000 GMT Z Z Z +00 +00:00 GMT",
        ),
    ] {
        assert_eq!(format(pattern, &midnight), expected, "{pattern}");
    }
    let odd = at("2026-07-01T23:59:59-03:00[America/Sao_Paulo]");
    assert_eq!(format("z h a", &odd), "GMT-03:00 11 PM");
    let half = at("2026-07-01T09:05:02+05:30[Asia/Calcutta]");
    assert_eq!(format("X O", &half), "+0530 GMT+5:30");
}

#[test]
fn patterns_that_java_refuses_are_refused() {
    for letter in "CIJPRTUVbfijloprt".chars() {
        let pattern = letter.to_string();
        assert_eq!(
            DatePattern::parse(&pattern),
            Err(PatternError::Refused(pattern.clone()))
        );
    }
    for pattern in [
        "ddd",
        "HHH",
        "aa",
        "SSSSSSSSSS",
        "cc",
        "'open",
        "{",
        "#",
        "DDDD",
        "OO",
        "p",
        "pp-H",
        "ppI",
        "ppHHH",
        "yyyy]",
        "[yyyy]]",
    ] {
        let parsed = DatePattern::parse(pattern);
        assert!(
            matches!(parsed, Err(PatternError::Refused(_))),
            "{pattern}: {parsed:?}"
        );
    }
    for pattern in ["B", "v", "F", "zzzz", "pH", "pppMMMM"] {
        let parsed = DatePattern::parse(pattern);
        assert!(
            matches!(parsed, Err(PatternError::Unsupported(_))),
            "{pattern}: {parsed:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_pattern_makes_it_panic_or_outgrow_its_bound(
        pattern in "[A-Za-zp'/:. \\[-]{0,12}",
        seconds in 0..250_000_000_000_i64,
    ) {
        if let Ok(parsed) = DatePattern::parse(&pattern) {
            let zone = TimeZone::get("America/Sao_Paulo").unwrap();
            let at = jiff::Timestamp::from_second(seconds).unwrap().to_zoned(zone);
            let mut out = String::new();
            parsed.format(&at, &mut out);
            prop_assert!(out.chars().count() <= parsed.longest(), "{} gives {}", pattern, out);
            let mut quick = String::new();
            parsed.format_utc(at.with_time_zone(TimeZone::UTC).datetime(), &mut quick);
            out.clear();
            parsed.format(&at.with_time_zone(TimeZone::UTC), &mut out);
            prop_assert_eq!(quick, out);
        }
    }
}
