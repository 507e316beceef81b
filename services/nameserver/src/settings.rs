//! What a nameserver is told when it starts, each setting with a remedy.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use authority::key::Key;
use authority::metrics::Metrics;
use authority::notified::Notified;
use authority::policy::Policy;
use authority::published::Published;
use authority::signer::Signer;
use authority::state::Keeper;
use authority::tsig::Keys;
use authority::zone::{Owner, default_zone, parse_entries};
use domain::base::ToName as _;
use instrument::dns::Resolver;
use instrument::{Env, SettingError, StartError};

use crate::host::Host;
use crate::primary::Primary;
use crate::secondary::Secondary;

/// What a nameserver is.
#[derive(Clone)]
pub enum Role {
    /// It makes the zone.
    Primary(Arc<Primary>),
    /// It copies the zone; when what it has kept was last confirmed.
    Secondary(Arc<Secondary>, u32),
}

impl Role {
    /// The one that makes the zone, if this is it.
    pub fn primary(&self) -> Option<&Arc<Primary>> {
        match self {
            Self::Primary(primary) => Some(primary),
            Self::Secondary(..) => None,
        }
    }

    /// One that copies it, if this is one.
    pub fn secondary(&self) -> Option<&Arc<Secondary>> {
        match self {
            Self::Secondary(secondary, _) => Some(secondary),
            Self::Primary(_) => None,
        }
    }
}

/// What a nameserver is told.
pub struct Settings {
    pub(crate) apex: Owner,
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) workers: usize,
    pub(crate) keys: Keys,
    pub(crate) notify: Vec<Host>,
    pub(crate) notify_signed: bool,
    pub(crate) folder: Option<PathBuf>,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// One cannot be used.
    pub fn read(env: &Env) -> Result<Self, StartError> {
        let apex = env.parse("ZONE", "tale.example".to_owned(), "")?;
        let apex = Owner::bytes_from_str(&apex)
            .map_err(|why| wrong("ZONE", &apex, &why, "set it to the zone's name"))?;
        let address = env.parse("ROCKET_ADDRESS", IpAddr::from([127, 0, 0, 1]), ADDRESS)?;
        let keys = env.text("TSIG_KEYS")?.unwrap_or_default();
        let notify = env.text("NOTIFY")?.unwrap_or_default();
        Ok(Self {
            apex: apex.to_canonical_name(),
            address: env.parse("DNS_ADDRESS", address, ADDRESS)?,
            port: env.parse("DNS_PORT", 8053, "set it to a port, or to 0 for any that is free")?,
            workers: env.parse("DNS_WORKERS", 2, "set it to a number of threads for UDP")?,
            keys: Keys::parse(&keys).map_err(|why| {
                wrong("TSIG_KEYS", "...", &why, "set it to name:hmac-sha256:base64, with commas")
            })?,
            notify: Host::list(&notify).map_err(|why| {
                wrong("NOTIFY", &notify, &why, "set it to host:port, with commas")
            })?,
            notify_signed: env.parse("NOTIFY_SIGNED", false, "set it to true or false")?,
            folder: env.text("STATE_DIR")?.map(PathBuf::from),
        })
    }

    /// The role, with all that it has kept.
    ///
    /// # Errors
    /// A setting of it cannot be used.
    pub fn role(
        &self,
        env: &Env,
        published: &Arc<Published>,
        metrics: &Metrics,
        resolver: &Resolver,
    ) -> Result<Role, StartError> {
        if let Some(folder) = &self.folder {
            std::fs::create_dir_all(folder).map_err(|why| {
                wrong("STATE_DIR", &folder.display().to_string(), &why, "set it to a folder")
            })?;
        }
        let keeper = Keeper::new(self.folder.as_deref(), &self.apex);
        let name = env.parse("NAMESERVER_ROLE", "primary".to_owned(), "")?;
        match name.as_str() {
            "primary" => self.primary(env, published, metrics, keeper),
            "secondary" => self.secondary(env, published, (metrics, resolver), keeper),
            _ => {
                let remedy = "set it to primary or secondary";
                Err(wrong("NAMESERVER_ROLE", &name, &"no such role", remedy).into())
            }
        }
    }

    fn primary(
        &self,
        env: &Env,
        published: &Arc<Published>,
        metrics: &Metrics,
        keeper: Keeper,
    ) -> Result<Role, StartError> {
        let other = |why: &dyn std::fmt::Display| StartError::Other(why.to_string());
        let (name, text) = zone_text(env)?;
        let records = parse_entries(&text, &self.apex);
        let records = records.map_err(|why| other(&format!("{name}: {why}")))?;
        let key = Key::load(&self.apex, self.folder.as_deref()).map_err(|why| other(&why))?;
        let kept = keeper.load(&self.apex).map_err(|why| other(&why))?.map(|(kept, _)| kept);
        let seconds =
            |name: &str, default| env.parse(name, default, "set it to a number of seconds");
        let policy = Policy {
            lifetime_seconds: seconds("SIGN_LIFETIME", Policy::DEFAULT.lifetime_seconds)?,
            refresh_seconds: seconds("SIGN_REFRESH", Policy::DEFAULT.refresh_seconds)?,
            propagation_delay_seconds: seconds(
                "SIGN_PROPAGATION_DELAY",
                Policy::DEFAULT.propagation_delay_seconds,
            )?,
        };
        let primary = Primary::new(
            (published.clone(), Signer::new(key)),
            (keeper, kept),
            records,
            (policy, metrics.clone()),
        );
        let primary = primary.map_err(|why| other(&format!("{name}: {why}")))?;
        Ok(Role::Primary(Arc::new(primary)))
    }

    fn secondary(
        &self,
        env: &Env,
        published: &Arc<Published>,
        (metrics, resolver): (&Metrics, &Resolver),
        keeper: Keeper,
    ) -> Result<Role, StartError> {
        let text = env.text("PRIMARY")?.unwrap_or_default();
        let remedy = "set it to host:port of where the zone comes from";
        let primaries = Host::list(&text).and_then(|hosts| match hosts.as_slice() {
            [] => Err("a secondary needs a primary".to_owned()),
            _ => Ok(hosts),
        });
        let secondary = Secondary {
            primaries: primaries.map_err(|why| wrong("PRIMARY", &text, &why, remedy))?,
            resolver: resolver.clone(),
            key: self.keys.own.clone(),
            published: published.clone(),
            notified: Arc::new(Notified::default()),
            keeper,
            metrics: metrics.clone(),
            frozen: AtomicBool::new(false),
            retransfer: AtomicBool::new(false),
        };
        let confirmed = secondary.restore().map_err(|why| StartError::Other(why.to_string()))?;
        Ok(Role::Secondary(Arc::new(secondary), confirmed))
    }
}

const ADDRESS: &str = "set it to an IP address";

/// The records to begin with, and where they are from.
fn zone_text(env: &Env) -> Result<(String, String), StartError> {
    if let Some(text) = env.text("ZONE_RECORDS")? {
        return Ok(("ZONE_RECORDS".to_owned(), text));
    }
    match env.text("ZONE_FILE")? {
        None => Ok(("the built-in zone".to_owned(), default_zone().to_owned())),
        Some(file) => match std::fs::read_to_string(&file) {
            Ok(text) => Ok((file, text)),
            Err(why) => Err(wrong("ZONE_FILE", &file, &why, "set it to a zone file").into()),
        },
    }
}

fn wrong(name: &str, found: &str, why: &dyn std::fmt::Display, remedy: &str) -> SettingError {
    SettingError {
        name: name.to_owned(),
        found: found.to_owned(),
        why: why.to_string(),
        remedy: remedy.to_owned(),
    }
}
