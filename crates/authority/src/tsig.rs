//! Shared keys between servers (TSIG, RFC 8945): who may copy the zone, and who may say that it has
//! changed.

use std::collections::HashMap;
use std::sync::Arc;

use domain::base::Name;
use domain::tsig::{Algorithm, Key, KeyName};
use domain::utils::base64;

/// The keys that this server knows, in the form that the library looks them up in.
pub type Store = HashMap<(KeyName, Algorithm), Arc<Key>>;

/// The keys, and the first of them, which this server signs its own questions with.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// All.
    pub store: Store,
    /// Our own.
    pub own: Option<Arc<Key>>,
}

impl Keys {
    /// Reads `name:algorithm:secret`, several with commas between them.
    ///
    /// # Errors
    /// What is wrong with which of them; never with a secret in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys = Self::default();
        for (index, one) in text.split(',').map(str::trim).filter(|one| !one.is_empty()).enumerate()
        {
            let key = key(one).map_err(|why| format!("key {}: {why}", index + 1))?;
            let key = Arc::new(key);
            keys.own.get_or_insert_with(|| key.clone());
            keys.store.insert((key.name().clone(), key.algorithm()), key);
        }
        Ok(keys)
    }
}

fn key(text: &str) -> Result<Key, String> {
    let mut parts = text.splitn(3, ':');
    let mut next = || parts.next().filter(|part| !part.is_empty());
    let (Some(name), Some(algorithm), Some(secret)) = (next(), next(), next()) else {
        return Err("it is not name:algorithm:secret".to_owned());
    };
    let name: Name<Vec<u8>> = name.parse().map_err(|why| format!("its name: {why}"))?;
    let name = KeyName::from_octets(
        name.as_slice().try_into().map_err(|_| "its name is too long".to_owned())?,
    );
    let name = name.map_err(|why| format!("its name: {why}"))?;
    let algorithm: Algorithm = algorithm
        .parse()
        .map_err(|_| "its algorithm is none of hmac-sha256, hmac-sha384, hmac-sha512, hmac-sha1")?;
    let secret = base64::decode::<Vec<u8>>(secret).map_err(|_| "its secret is not base64")?;
    Key::new(algorithm, &secret, name, None, None).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_the_first_is_our_own() {
        let keys = Keys::parse("a:hmac-sha256:c2VjcmV0, b.example:hmac-sha512:c2VjcmV0").unwrap();
        assert_eq!(keys.store.len(), 2);
        assert_eq!(keys.own.unwrap().name().to_string(), "a");
        assert!(Keys::parse("").unwrap().own.is_none());
    }

    #[test]
    fn a_wrong_key_is_named_by_its_place_and_its_secret_is_not_shown() {
        for (text, why) in [
            ("c2VjcmV0", "name:algorithm:secret"),
            ("a:hmac-md5:c2VjcmV0", "hmac-sha256"),
            ("a:hmac-sha256:c2VjcmV0*", "base64"),
        ] {
            let error = Keys::parse(text).unwrap_err();
            assert!(error.starts_with("key 1: ") && error.contains(why), "{error}");
            assert!(!error.contains("c2V"), "{error}");
        }
    }
}
