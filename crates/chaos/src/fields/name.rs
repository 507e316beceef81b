//! What Kubernetes accepts as a name.

/// Kubernetes' rule for object names (RFC 1123 subdomain).
pub(crate) fn is_subdomain(name: &str, longest: usize) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= longest && name.split('.').all(label)
}
