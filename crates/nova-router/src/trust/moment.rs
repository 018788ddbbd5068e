//! A moment as people and files write it: RFC 3339, in UTC, in whole seconds.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment, written `2026-07-01T12:00:00Z`. Fractions of a second are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(OffsetDateTime);

impl Moment {
    /// What the clock says.
    pub fn now() -> Self {
        Self::from(OffsetDateTime::now_utc())
    }

    /// Whether it has come.
    pub fn is_past(self, now: OffsetDateTime) -> bool {
        self.0 <= now
    }

    /// The moment as a number of the calendar.
    pub fn date_time(self) -> OffsetDateTime {
        self.0
    }
}

impl From<OffsetDateTime> for Moment {
    fn from(moment: OffsetDateTime) -> Self {
        Self(moment.to_offset(time::UtcOffset::UTC).truncate_to_second())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl<'de> Deserialize<'de> for Moment {
    /// From a date and time of TOML, which must have an offset.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = toml::value::Datetime::deserialize(deserializer)?.to_string();
        let parsed = OffsetDateTime::parse(&written, &Rfc3339);
        let problem = "a moment has a date, a time and an offset, as 2026-07-01T12:00:00Z has";
        parsed.map(Self::from).map_err(|_| de::Error::custom(problem))
    }
}
