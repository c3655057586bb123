//! Colours: of Okabe and Ito, which people with any colour vision tell apart, and lighter ones on dark ground.

/// What a shape is painted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// The ground.
    Ground,
    /// Text and axes.
    Ink,
    /// Labels.
    Quiet,
    /// Lines behind the values.
    Grid,
    /// A series.
    Series(usize),
}

/// Colours on light ground, and on dark.
pub(crate) const SERIES: [(&str, &str); 8] = [
    ("#0072b2", "#4aa8e0"),
    ("#d55e00", "#f28a4b"),
    ("#009e73", "#3fc79f"),
    ("#b5588f", "#dd8fbd"),
    ("#b07d00", "#e6b23c"),
    ("#3a9bd9", "#9ad2f7"),
    ("#5b5b5b", "#b8b8b8"),
    ("#6a4fb3", "#a894e6"),
];

impl Paint {
    /// The colour on light ground, and on dark.
    pub(crate) fn colours(self) -> (&'static str, &'static str) {
        match self {
            Self::Ground => ("#ffffff", "#15181c"),
            Self::Ink => ("#1b1f24", "#e8eaed"),
            Self::Quiet => ("#5a626b", "#a3abb4"),
            Self::Grid => ("#e3e6e9", "#2c3238"),
            Self::Series(number) => SERIES[number % SERIES.len()],
        }
    }

    /// The name in a style sheet.
    pub(crate) fn class(self) -> String {
        match self {
            Self::Ground => "ground".to_owned(),
            Self::Ink => "ink".to_owned(),
            Self::Quiet => "quiet".to_owned(),
            Self::Grid => "grid".to_owned(),
            Self::Series(number) => format!("s{}", number % SERIES.len()),
        }
    }
}
