//! The key of a zone: made once, then kept, since the parent zone vouches for it.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bytes::Bytes;
use domain::base::iana::Class;
use domain::base::{Record, ToName, Ttl};
use domain::crypto::sign::{GenerateParams, KeyPair, SecretKeyBytes, generate};
use domain::dnssec::common::{display_as_bind, parse_from_bind};
use domain::dnssec::sign::keys::SigningKey;
use domain::rdata::Dnskey;

use crate::zone::{Entry, Owner};

/// DNSKEY flags: a zone's key, and the one that the parent zone names.
const FLAGS: u16 = 257;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read or written.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// It is none.
    #[error("{0}: {1}; remove it for a new key, which the parent zone has to be told of")]
    Bad(String, String),
}

/// An ECDSA P-256 key (algorithm 13).
#[derive(Debug)]
pub struct Key {
    zone: Owner,
    signing: SigningKey<Bytes, KeyPair>,
}

impl Key {
    /// The key that `folder` keeps, or a new one, which is then kept there if there is a folder.
    /// The two files are those of BIND's tools.
    ///
    /// # Errors
    /// The files cannot be read, written or understood.
    pub fn load(zone: &Owner, folder: Option<&Path>) -> Result<Self, KeyError> {
        let name = |suffix: &str| folder.map(|folder| folder.join(format!("K{zone}.{suffix}")));
        let (secret, public) = (name("private"), name("key"));
        let read = secret.as_deref().map(fs::read_to_string);
        match read {
            Some(Ok(text)) => {
                let public = public.as_deref().unwrap_or(Path::new(""));
                let record = fs::read_to_string(public).map_err(|why| file(public, why))?;
                let bad = |why: String| KeyError::Bad(public.display().to_string(), why);
                let record =
                    parse_from_bind::<Vec<u8>>(&record).map_err(|why| bad(why.to_string()))?;
                let secret = SecretKeyBytes::parse_from_bind(&text);
                let secret = secret.map_err(|why| bad(why.to_string()))?;
                Self::new(zone, &secret, record.data()).map_err(bad)
            }
            Some(Err(why)) if why.kind() != ErrorKind::NotFound => {
                Err(file(secret.as_deref().unwrap_or(Path::new("")), why))
            }
            _ => Self::generate(zone, secret.as_deref().zip(public.as_deref())),
        }
    }

    fn generate(zone: &Owner, files: Option<(&Path, &Path)>) -> Result<Self, KeyError> {
        let bad = |why: String| KeyError::Bad("a new key".to_owned(), why);
        let made = generate(&GenerateParams::EcdsaP256Sha256, FLAGS);
        let (secret, public) = made.map_err(|why| bad(why.to_string()))?;
        if let Some((secret_file, public_file)) = files {
            let record = Record::new(zone.clone(), Class::IN, Ttl::HOUR, public.clone());
            write(public_file, &display_as_bind(&record).to_string(), 0o644)?;
            write(secret_file, &secret.display_as_bind().to_string(), 0o600)?;
        }
        Self::new(zone, &secret, &public).map_err(bad)
    }

    fn new(
        zone: &Owner,
        secret: &SecretKeyBytes,
        public: &Dnskey<Vec<u8>>,
    ) -> Result<Self, String> {
        let pair = KeyPair::from_bytes(secret, public).map_err(|why| why.to_string())?;
        Ok(Self { zone: zone.clone(), signing: SigningKey::new(zone.clone(), FLAGS, pair) })
    }

    /// The zone that it is for.
    pub fn zone(&self) -> &Owner {
        &self.zone
    }

    /// As the library wants it.
    pub fn signing(&self) -> &SigningKey<Bytes, KeyPair> {
        &self.signing
    }

    /// The number by which signatures name it.
    pub fn tag(&self) -> u16 {
        self.signing.dnskey().key_tag()
    }

    /// The DNSKEY record.
    pub fn record(&self, ttl: Ttl) -> Entry {
        let key = self.signing.dnskey();
        let public = Bytes::copy_from_slice(key.public_key());
        let data = Dnskey::new(key.flags(), key.protocol(), key.algorithm(), public);
        let data = data.expect("it has a length that it had before");
        Record::new(self.zone.clone(), Class::IN, ttl, data.into())
    }

    /// What the parent zone publishes: a DS record.
    pub fn delegation_signer(&self) -> String {
        use domain::base::rdata::ComposeRecordData as _;
        let key = self.signing.dnskey();
        let mut bytes = self.zone.to_canonical_name::<Vec<u8>>().as_slice().to_vec();
        let Ok(()) = key.compose_rdata(&mut bytes);
        let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
        let mut text =
            format!("{}. IN DS {} {} 2 ", self.zone, self.tag(), key.algorithm().to_int());
        digest.as_ref().iter().for_each(|byte| {
            let _ = write!(text, "{byte:02X}");
        });
        text
    }
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), KeyError> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|why| file(path, why))
}

fn file(path: &Path, why: io::Error) -> KeyError {
    KeyError::File(path.display().to_string(), why)
}
