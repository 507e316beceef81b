//! "Not without a token, which you get there": `WWW-Authenticate: Bearer realm="..",service=".."`.

use serde::Deserialize;

/// Where a token is to be had, and for what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Whom to ask.
    pub realm: String,
    /// For which service.
    pub service: Option<String>,
    /// To do what.
    pub scope: Option<String>,
}

impl Challenge {
    /// Reads the header; none if it is no challenge for a token.
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Self::default();
        while let Some((key, after)) = rest.split_once('=') {
            let (value, after) = value(after)?;
            match key.trim().to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = value,
                "service" => challenge.service = Some(value),
                "scope" => challenge.scope = Some(value),
                _ => {}
            }
            rest = after.trim_start().trim_start_matches(',');
        }
        (!challenge.realm.is_empty()).then_some(challenge)
    }

    /// The question to the realm, for this scope if the challenge names none.
    pub fn url(&self, scope: &str) -> String {
        let scope = self.scope.as_deref().unwrap_or(scope);
        let service = self.service.iter().map(|service| ("service", service.as_str()));
        let mut url = self.realm.clone();
        for (key, value) in service.chain([("scope", scope)]) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(key);
            url.push('=');
            url.push_str(&escaped(value));
        }
        url
    }
}

/// The value at the beginning, with quotes or without, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return Some((text[..end].trim_end().to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/,*".contains(&byte);
    let escape = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// What the realm answers.
#[derive(Clone, Debug, Deserialize)]
pub struct Token {
    token: Option<String>,
    access_token: Option<String>,
    /// Seconds that it is good for; the specification's 60 if nothing is said. When it was issued
    /// is the other side's clock, and nothing to rely on.
    #[serde(default = "a_minute")]
    pub expires_in: u64,
}

fn a_minute() -> u64 {
    60
}

impl Token {
    /// The token, by whichever of its two names.
    pub fn text(&self) -> Option<&str> {
        let text = self.token.as_deref().or(self.access_token.as_deref());
        text.filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::proptest;

    use super::*;

    proptest! {
        #[test]
        fn whatever_a_header_says_the_question_is_one_line_for_the_realm(
            header in "\\PC*|[Bb]earer (realm|scope|service|x)=\\PC{0,20},? ?(realm|scope)=\"?\\PC{0,20}",
        ) {
            if let Some(challenge) = Challenge::parse(&header) {
                let url = challenge.url("repository:a:pull");
                assert!(url.starts_with(&challenge.realm));
                let rest = &url[challenge.realm.len()..];
                assert!(rest.chars().all(|character| character.is_ascii_graphic()), "{rest}");
            }
        }
    }

    #[test]
    fn a_challenge_is_read_as_it_comes() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:ratelimitpreview/test:pull,push""#;
        let challenge = Challenge::parse(hub).unwrap();
        assert_eq!(challenge.scope.as_deref(), Some("repository:ratelimitpreview/test:pull,push"));
        assert_eq!(
            challenge.url(""),
            "https://auth.docker.io/token?service=registry.docker.io&scope=repository:ratelimitpreview/test:pull,push"
        );
        let odd = Challenge::parse(r#"bearer realm = "a\"b?x=1" , error=x,service=y z"#).unwrap();
        assert_eq!(odd.url("r:a b:pull"), "a\"b?x=1&service=y%20z&scope=r:a%20b:pull");
        for none in ["", "Bearer", "Basic realm=\"x\"", "Bearer realm=\"x", "Bearer scope=\"x\""] {
            assert_eq!(Challenge::parse(none), None, "{none}");
        }
    }
}
