//! Names, hashes and identities as Kubernetes makes them.

use rand::Rng;

use crate::manifest::PodTemplate;

/// Kubernetes' alphabet for generated names: no vowels, so no words.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A stable name for the content of a template: equal templates, equal hash (64-bit FNV-1a).
pub(super) fn template_hash(template: &PodTemplate) -> String {
    let text = serde_json::to_vec(template).expect("a template is plain data");
    let hash = text
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
    let base = ALPHABET.len() as u64;
    (0..10).map(|digit| char::from(ALPHABET[(hash / base.pow(digit) % base) as usize])).collect()
}

/// The longest name of a pod, which is the name of a host, too.
const LONGEST: usize = 63;
const SUFFIX: usize = 5;

/// The name of a new pod of this owner: cut, as Kubernetes cuts it, to leave room for its random
/// end.
pub(super) fn pod_name(base: &str) -> String {
    let base: String = format!("{base}-").chars().take(LONGEST - SUFFIX).collect();
    format!("{base}{}", random_suffix())
}

/// The random end of a pod's name.
fn random_suffix() -> String {
    let mut rng = rand::rng();
    (0..SUFFIX).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect()
}

/// A random identifier in the form of a UUID (version 4).
pub(super) fn random_uid() -> String {
    let bits: u128 = rand::rng().random();
    let bits = bits & !(0xf000 << 64) & !(0xc000 << 48) | (0x4000 << 64) | (0x8000 << 48);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifests;

    #[test]
    fn a_hash_follows_the_template_and_names_have_no_vowels() {
        let template = |image: &str| {
            let text = format!(
                "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{containers: \
                 [{{name: {image}}}]}}}}}}"
            );
            Manifests::parse("a.yaml", &text).unwrap().jobs.remove(0).object.spec.template
        };
        assert_eq!(template_hash(&template("a")), template_hash(&template("a")));
        assert_ne!(template_hash(&template("a")), template_hash(&template("b")));
        assert_eq!(pod_name(&"x".repeat(200)).len(), LONGEST);
        assert!(pod_name("web-1").starts_with("web-1-"));
        assert!(random_suffix().bytes().all(|b| ALPHABET.contains(&b)));
        assert_eq!(random_uid().as_bytes()[14], b'4');
    }
}
