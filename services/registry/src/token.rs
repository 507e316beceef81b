//! Tokens: who may do what, for five minutes, without being looked up again.
//!
//! *Lesson: a token is a promise in writing.* It says who may do what until when, and carries a
//! code that only this process can make. Nothing is stored, so nothing has to be cleaned up; and
//! nothing can be taken back before its time is over.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use oci::Name;
use ring::hmac::{self, HMAC_SHA256, Key, Tag};
use ring::rand::SystemRandom;
use serde::{Deserialize, Serialize};

use crate::source::Source;

/// Seconds that a token is good for, as Docker Hub has it.
pub const SECONDS: u64 = 300;
/// Longest token that is looked at.
const MAX: usize = 16 << 10;
/// Repositories that one token can be for.
const MAX_GRANTS: usize = 32;

/// Somebody who has said who he is.
pub struct Account {
    /// Who.
    pub name: String,
    /// Pulls in a window; none: as many as he likes.
    pub limit: Option<u64>,
    password: Tag,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    account: Option<String>,
    grants: Vec<Grant>,
    expires: u64,
}

/// What may be done in a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    name: String,
    push: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read.
    Pull,
    /// Write.
    Push,
}

/// Issues tokens, and knows its own.
pub struct Tokens {
    key: Key,
    accounts: Vec<Account>,
}

impl Tokens {
    /// For these accounts: `name:password` or `name:password:limit`, with commas.
    ///
    /// # Errors
    /// What is wrong with the text, without what may be a password.
    pub fn new(accounts: &str) -> Result<Self, String> {
        let key = Key::generate(HMAC_SHA256, &SystemRandom::new());
        let key = key.map_err(|_| "there is no randomness".to_owned())?;
        let mut all = Vec::new();
        for (number, text) in accounts.split(',').map(str::trim).enumerate() {
            if text.is_empty() {
                continue;
            }
            let wrong = |why| format!("account {}: {why}", number + 1);
            let mut parts = text.split(':');
            let (Some(name), Some(password), limit, None) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return Err(wrong("there is no password"));
            };
            if name.is_empty() || password.is_empty() {
                return Err(wrong("the name or the password is empty"));
            }
            let limit = limit.map(str::parse).transpose();
            let limit = limit.map_err(|_| wrong("the limit is no number"))?;
            let password = hmac::sign(&key, password.as_bytes());
            all.push(Account { name: name.to_owned(), limit, password });
        }
        Ok(Self { key, accounts: all })
    }

    /// Whose name and password these are: `Basic ..` of a header.
    pub fn account(&self, header: &str) -> Option<&Account> {
        let (scheme, text) = header.split_once(' ')?;
        let basic = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(text.trim()));
        let basic = String::from_utf8(basic?.ok()?).ok()?;
        let (name, password) = basic.split_once(':')?;
        let account = self.accounts.iter().find(|account| account.name == name)?;
        let fits = hmac::verify(&self.key, password.as_bytes(), account.password.as_ref());
        fits.ok().map(|()| account)
    }

    /// A token for these scopes, as far as they are granted: who is not known may read.
    pub fn issue(&self, account: Option<&Account>, scopes: &[&str]) -> String {
        let scopes = scopes.iter().flat_map(|scope| scope.split(' ')).take(MAX_GRANTS);
        let grants = scopes.filter_map(|scope| {
            let scope = scope.strip_prefix("repository:")?;
            let (name, actions) = scope.rsplit_once(':')?;
            name.parse::<Name>().ok()?;
            let push = account.is_some() && actions.split(',').any(|action| action == "push");
            Some(Grant { name: name.to_owned(), push })
        });
        let account = account.map(|account| account.name.clone());
        let claims = Claims { account, grants: grants.collect(), expires: now() + SECONDS };
        let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
        let code = hmac::sign(&self.key, text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(code))
    }

    /// What a token says; none if it is not ours, or not any more.
    pub fn read(&self, token: &str) -> Option<Claims> {
        let (text, code) = token.split_once('.').filter(|_| token.len() <= MAX)?;
        let code = URL_SAFE_NO_PAD.decode(code).ok()?;
        hmac::verify(&self.key, text.as_bytes(), &code).ok()?;
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        (claims.expires > now()).then_some(claims)
    }

    /// Whose pulls they are who comes with these claims.
    pub fn source(&self, claims: &Claims) -> Option<Source> {
        let name = claims.account.as_deref()?;
        let account = self.accounts.iter().find(|account| account.name == name)?;
        Some(Source::account(name, account.limit))
    }
}

impl Claims {
    /// Whether it may be done.
    pub fn allow(&self, name: &Name, action: Action) -> bool {
        let mut here = self.grants.iter().filter(|grant| grant.name == name.as_str());
        here.any(|grant| action == Action::Pull || grant.push)
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_was_granted_and_nothing_else_counts() {
        let tokens = Tokens::new("ada:secret:7, bob:hidden").unwrap();
        let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let ada = tokens.account(&header("ada:secret")).unwrap();
        for wrong in ["ada:hidden", "ada:", "ada", "eve:secret", ":"] {
            assert!(tokens.account(&header(wrong)).is_none(), "{wrong}");
        }
        let scopes = ["repository:a/b:pull,push repository:c:pull", "repository:../x:push"];
        let claims = tokens.read(&tokens.issue(Some(ada), &scopes)).unwrap();
        let [b, c, d] = ["a/b", "c", "d"].map(|name| name.parse::<Name>().unwrap());
        assert!(claims.allow(&b, Action::Push) && claims.allow(&c, Action::Pull));
        assert!(!claims.allow(&c, Action::Push) && !claims.allow(&d, Action::Pull));
        assert_eq!(tokens.source(&claims), Some(Source::account("ada", Some(7))));
        let token = tokens.issue(None, &scopes);
        let nobody = tokens.read(&token).unwrap();
        assert!(nobody.allow(&b, Action::Pull) && !nobody.allow(&b, Action::Push));
        assert_eq!(tokens.source(&nobody), None);

        let other = Tokens::new("").unwrap();
        let cut = &token[..token.len() - 2];
        let mut changed = URL_SAFE_NO_PAD.decode(token.split_once('.').unwrap().0).unwrap();
        changed.extend(b" ");
        let changed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(changed), token.split_once('.').unwrap().1);
        for bogus in ["", ".", "a.b", cut, &changed, &other.issue(None, &scopes), &"a.".repeat(MAX)]
        {
            assert_eq!(tokens.read(bogus), None, "{bogus:.40}");
        }
    }

    #[test]
    fn accounts_that_are_none_are_refused_without_their_passwords() {
        for bad in ["ada", "ada:", ":secret", "ada:secret:many", "ada:secret:1:2"] {
            let why = Tokens::new(bad).err().unwrap();
            assert!(why.starts_with("account 1") && !why.contains("secret"), "{why}");
        }
    }
}
