//! Zones as people write them (RFC 1035, section 5).

use domain::base::iana::Class;
use domain::base::name::FlattenInto;
use domain::zonefile::inplace::{self, Zonefile};

use super::{Entry, Owner, ZoneError};

/// A small zone to begin with, for any name.
pub fn default_zone() -> &'static str {
    include_str!("default.zone")
}

/// Reads records; names without a dot at their end are below `apex`.
///
/// # Errors
/// The text is no zone file, or wants to include another.
pub fn parse_entries(text: &str, apex: &Owner) -> Result<Vec<Entry>, ZoneError> {
    let mut file = Zonefile::from(text);
    file.extend_from_slice(b"\n");
    file.set_origin(apex.clone());
    file.set_default_class(Class::IN);
    let mut entries = Vec::new();
    loop {
        match file.next_entry() {
            Ok(Some(inplace::Entry::Record(record))) => entries.push(record.flatten_into()),
            Ok(Some(inplace::Entry::Include { path, .. })) => {
                let why = format!("$INCLUDE {path}: write it into this file");
                return Err(ZoneError::Text(why));
            }
            Ok(None) => return Ok(entries),
            Err(why) => return Err(ZoneError::Text(why.to_string())),
        }
    }
}
