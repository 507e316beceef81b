//! What Kubernetes accepts as a name, and the names that it makes.

use rand::Rng;

/// Consonants and digits that form no words and are not mistaken for one another.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Longest generated name, as in Kubernetes: the base is cut to leave room for the suffix.
pub(crate) const MAX_GENERATED: usize = 63;
const SUFFIX: usize = 5;

/// Kubernetes' rule for object names (RFC 1123 subdomain).
pub(crate) fn is_subdomain(name: &str, longest: usize) -> bool {
    name.len() <= longest && name.split('.').all(is_part)
}

/// Kubernetes' rule for namespaces (RFC 1123 label).
pub(crate) fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_part(name)
}

fn is_part(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// `base` and five random characters, as the API server makes of `generateName`.
pub(crate) fn generated(base: &str, rng: &mut impl Rng) -> String {
    let base = base.chars().take(MAX_GENERATED - SUFFIX);
    let suffix = (0..SUFFIX).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]));
    base.chain(suffix).collect()
}
