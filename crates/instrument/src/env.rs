//! Settings from environment variables, each read once, at start, and checked before anything is
//! opened.
//!
//! A setting that is not what it should be stops the service with one line that names the variable,
//! what was found in it and what to write instead. Reading goes through a function rather than
//! `std::env`, so that tests pass a map and never touch the process environment, which all threads
//! share.

use std::collections::HashMap;
use std::ffi::OsString;
use std::str::FromStr;

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{name}={found:?}: {why}; {remedy}")]
pub struct SettingError {
    /// The environment variable.
    pub name: String,
    /// What it held.
    pub found: String,
    /// Why that does not do.
    pub why: String,
    /// What to set instead.
    pub remedy: String,
}

/// Where settings come from.
pub struct Env {
    value: Box<Lookup>,
    names: Box<Names>,
}

type Lookup = dyn Fn(&str) -> Option<OsString> + Send + Sync;
type Names = dyn Fn() -> Vec<OsString> + Send + Sync;

impl Env {
    /// The environment of this process.
    pub fn process() -> Self {
        Self {
            value: Box::new(|name| std::env::var_os(name)),
            names: Box::new(|| std::env::vars_os().map(|(name, _)| name).collect()),
        }
    }

    /// Fixed settings, for tests.
    pub fn of<const N: usize>(settings: [(&str, &str); N]) -> Self {
        Self::listed(&settings)
    }

    /// The same, of a list; the last one of a name counts.
    pub(crate) fn listed(settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().copied();
        let settings: HashMap<String, OsString> =
            settings.map(|(name, value)| (name.to_owned(), value.into())).collect();
        let names: Vec<OsString> = settings.keys().map(OsString::from).collect();
        Self {
            value: Box::new(move |wanted| settings.get(wanted).cloned()),
            names: Box::new(move || names.clone()),
        }
    }

    /// The same, but what `settings` say goes before: they were on the command line.
    #[must_use]
    pub fn overruled_by(self, settings: Vec<(&'static str, String)>) -> Self {
        let Self { value, names } = self;
        let settings: HashMap<&str, String> = settings.into_iter().collect();
        let more: Vec<OsString> = settings.keys().map(OsString::from).collect();
        Self {
            value: Box::new(move |name| {
                settings.get(name).map(OsString::from).or_else(|| value(name))
            }),
            names: Box::new(move || [names(), more.clone()].concat()),
        }
    }

    /// The names of all variables that begin so, in order.
    pub fn names(&self, prefix: &str) -> Vec<String> {
        let names = (self.names)().into_iter().filter_map(|name| name.into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The text of a variable; `None` if it is unset or empty, as the OpenTelemetry specification
    /// treats both.
    ///
    /// # Errors
    /// If the value is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<String>, SettingError> {
        match (self.value)(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(Err(bytes)) => Err(SettingError {
                name: name.to_owned(),
                found: bytes.to_string_lossy().into_owned(),
                why: "it is not UTF-8".to_owned(),
                remedy: "set it to plain text".to_owned(),
            }),
        }
    }

    /// A parsed variable, or `default` if it is unset. `remedy` completes the sentence "this is
    /// wrong; ...".
    ///
    /// # Errors
    /// If the value does not parse.
    pub fn parse<T>(&self, name: &str, default: T, remedy: &str) -> Result<T, SettingError>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let Some(text) = self.text(name)? else {
            return Ok(default);
        };
        text.trim().parse().map_err(|why: T::Err| SettingError {
            name: name.to_owned(),
            why: why.to_string(),
            found: text,
            remedy: remedy.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn an_unset_or_empty_variable_leaves_the_default() {
        let env = Env::of([("EMPTY", "")]);
        assert_eq!(env.parse("EMPTY", 7, "").unwrap(), 7);
        assert_eq!(env.parse("UNSET", 7, "").unwrap(), 7);
    }

    #[test]
    fn a_wrong_value_names_variable_value_reason_and_remedy() {
        let error = Env::of([("PORT", "-5")])
            .parse("PORT", 1_u16, "set it to a port from 1 to 65535")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "PORT=\"-5\": invalid digit found in string; set it to a port from 1 to 65535"
        );
    }

    #[test]
    fn what_the_command_line_says_goes_before_the_environment() {
        let env = Env::of([("A_PORT", "1"), ("A_NAME", "x")]);
        let env = env.overruled_by(vec![("A_PORT", "2".to_owned()), ("A_ROLE", "y".to_owned())]);
        let text = |name| env.text(name).unwrap();
        assert_eq!(["A_PORT", "A_NAME", "A_ROLE"].map(text).map(Option::unwrap), ["2", "x", "y"]);
        assert_eq!(env.names("A_"), ["A_NAME", "A_PORT", "A_ROLE"]);
    }

    #[test]
    fn bytes_that_are_not_text_are_refused_not_replaced() {
        let bytes = || OsString::from_vec(vec![0xff, 0xfe]);
        let env = Env { value: Box::new(move |_| Some(bytes())), names: Box::new(Vec::new) };
        assert!(env.text("NAME").unwrap_err().to_string().contains("not UTF-8"));
    }
}
