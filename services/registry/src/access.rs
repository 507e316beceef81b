//! Who may do what, and on whose account.

use std::net::{IpAddr, Ipv4Addr};

use oci::Name;
use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};

use crate::refusal::{Code, Refusal};
use crate::source::Source;
use crate::token::{Action, Tokens};

/// Who may push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// Who has an account.
    Accounts,
    /// Everybody who gets here.
    Anybody,
}

/// How somebody is let in.
pub struct Access {
    /// None: nobody is asked.
    pub tokens: Option<Tokens>,
    /// Who may push.
    pub push: Push,
    /// What tokens are for.
    pub service: String,
    /// Where this registry is, for those outside: `http://host:port`.
    pub url: Option<String>,
    /// The address that everybody is behind, as behind a NAT. None: everybody has an own one.
    pub behind: Option<IpAddr>,
}

/// Somebody at the door.
pub struct Caller<'r> {
    /// From where. Never from a header: whoever pulls would choose who pays.
    address: IpAddr,
    authorization: Option<&'r str>,
    host: String,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Caller<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Self::of(request))
    }
}

impl<'r> Caller<'r> {
    /// Who asks.
    pub fn of(request: &'r Request<'_>) -> Self {
        let address = request.remote().map_or(Ipv4Addr::LOCALHOST.into(), |peer| peer.ip());
        let host = request.host().map_or_else(|| "localhost".to_owned(), ToString::to_string);
        let authorization = request.headers().get_one("Authorization");
        Self { address, authorization, host }
    }

    /// What it says of who it is.
    pub fn authorization(&self) -> Option<&'r str> {
        self.authorization
    }
}

impl Access {
    /// Whose pulls these are.
    ///
    /// # Errors
    /// It may not be done, and where a token is to be had with which it may.
    pub fn allow(
        &self,
        caller: &Caller<'_>,
        name: Option<&Name>,
        action: Action,
    ) -> Result<Source, Refusal> {
        let address = Source::of(self.behind.unwrap_or(caller.address));
        let Some(tokens) = &self.tokens else {
            return match (action, self.push) {
                (Action::Push, Push::Accounts) => {
                    let why = "nobody may push here: set REGISTRY_PUSH=anybody, or \
                               REGISTRY_AUTH=token and ACCOUNTS";
                    Err(Refusal::new(Status::Forbidden, Code::Denied, why))
                }
                _ => Ok(address),
            };
        };
        let bearer = caller.authorization.and_then(|header| {
            let (scheme, token) = header.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let claims = bearer.and_then(|token| tokens.read(token));
        let anybody = action == Action::Push && self.push == Push::Anybody;
        let is_allowed = claims.as_ref().is_some_and(|claims| {
            name.is_none_or(|name| {
                claims.allow(name, action) || anybody && claims.allow(name, Action::Pull)
            })
        });
        match claims {
            Some(claims) if is_allowed => Ok(tokens.source(&claims).unwrap_or(address)),
            known => {
                let why = match (bearer, known) {
                    (None, _) => None,
                    (Some(_), None) => Some("invalid_token"),
                    (Some(_), Some(_)) => Some("insufficient_scope"),
                };
                Err(self.challenge(caller, name, action, why))
            }
        }
    }

    fn challenge(
        &self,
        caller: &Caller<'_>,
        name: Option<&Name>,
        action: Action,
        why: Option<&str>,
    ) -> Refusal {
        let url = self.url.clone().unwrap_or_else(|| format!("http://{}", caller.host));
        let mut header = format!("Bearer realm=\"{url}/token\",service=\"{}\"", self.service);
        if let Some(name) = name {
            let actions = if action == Action::Push { "pull,push" } else { "pull" };
            header.push_str(&format!(",scope=\"repository:{name}:{actions}\""));
        }
        if let Some(why) = why {
            header.push_str(&format!(",error=\"{why}\""));
        }
        let refusal =
            Refusal::new(Status::Unauthorized, Code::Unauthorized, "authentication required");
        refusal.with("WWW-Authenticate", header)
    }
}
