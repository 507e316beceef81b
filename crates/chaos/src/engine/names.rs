//! Random names, in Kubernetes' style, from the engine's seeded generator.

use rand::Rng;

use crate::fields::name::generated;

/// `<base>-<5 random characters>`.
pub(super) fn child(base: &str, rng: &mut impl Rng) -> String {
    generated(&format!("{base}-"), rng)
}

/// A random (version 4) UUID.
pub(super) fn uid(rng: &mut impl Rng) -> String {
    let bits = (rng.random::<u128>() & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::fields::name::MAX_GENERATED;

    #[test]
    fn a_child_is_named_after_its_schedule_with_five_characters() {
        let name = child("schedule-dns-chaos-kubecon", &mut StdRng::seed_from_u64(7));
        assert_eq!(name.strip_prefix("schedule-dns-chaos-kubecon-").map(str::len), Some(5));
        assert_eq!(child(&"x".repeat(80), &mut StdRng::seed_from_u64(7)).len(), MAX_GENERATED);
    }

    #[test]
    fn a_uid_is_a_random_uuid() {
        let uid = uid(&mut StdRng::seed_from_u64(7));
        assert_eq!((uid.len(), &uid[14..15]), (36, "4"));
        assert!("89ab".contains(&uid[19..20]), "{uid}");
    }
}
