//! What Kubernetes accepts as a name. It is checked when a manifest is read, before a path or a
//! command line is made of it.

/// The longest DNS label: a namespace, a container, the value of a label.
const LABEL: usize = 63;
/// The longest DNS name: most objects.
const SUBDOMAIN: usize = 253;

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63: RFC 1123.
pub fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= LABEL && text.bytes().all(inner) && has_firm_ends(text)
}

/// Labels with dots between them, at most 253.
pub fn is_subdomain(text: &str) -> bool {
    text.len() <= SUBDOMAIN
        && text.split('.').all(|part| {
            let inner =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            part.bytes().all(inner) && has_firm_ends(part)
        })
}

/// The name of an environment variable: `[-._a-zA-Z][-._a-zA-Z0-9]*`.
pub fn is_variable(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    text.bytes().all(inner) && !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// The key of a label or an annotation: a name, perhaps with a domain and a slash before it.
pub(super) fn is_key(text: &str) -> bool {
    let (domain, name) = text.rsplit_once('/').map_or((None, text), |(d, name)| (Some(d), name));
    domain.is_none_or(is_subdomain) && !name.is_empty() && is_value(name)
}

/// The value of a label: empty, or `[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?`, at most 63.
pub(super) fn is_value(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    text.is_empty()
        || text.len() <= LABEL && text.bytes().all(inner) && {
            let firm = |c: char| c.is_ascii_alphanumeric();
            text.starts_with(firm) && text.ends_with(firm)
        }
}

/// The name of a port: at most 15 of `a-z0-9-`, with a letter among them and no two dashes in a row.
pub(super) fn is_port(text: &str) -> bool {
    text.len() <= 15
        && is_label(text)
        && text.contains(|c: char| c.is_ascii_lowercase())
        && !text.contains("--")
}

/// A key of a ConfigMap, which is also the name of a file: `[-._a-zA-Z0-9]+`, at most 253.
pub(super) fn is_file_key(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !text.is_empty()
        && text.len() <= SUBDOMAIN
        && text.bytes().all(inner)
        && !text.starts_with("..")
        && text != "."
}

fn has_firm_ends(text: &str) -> bool {
    let firm = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(firm) && text.ends_with(firm)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_kubernetes_names() {
        assert!(is_label("dns-leaker-0") && is_label(&"a".repeat(63)));
        for wrong in ["", "-a", "a-", "A", "a.b", "a/b", "..", "a_b", "ü", "a\0", &"a".repeat(64)]
        {
            assert!(!is_label(wrong), "{wrong:?}");
        }
        assert!(is_subdomain("a.b-c.d") && is_subdomain(&["a"; 127].join(".")));
        for wrong in ["", ".", "..", "a..b", ".a", "a.", "../x", "a/b", "A.b", &"a".repeat(254)] {
            assert!(!is_subdomain(wrong), "{wrong:?}");
        }
        assert!(is_variable("LEAK_KIND") && is_variable("_x") && is_variable("my.name-1"));
        for wrong in ["", "A=B", "1A", "a b", "ü", "a\0b"] {
            assert!(!is_variable(wrong), "{wrong:?}");
        }
        assert!(is_key("app.kubernetes.io/name") && is_key("app") && is_key("A_b"));
        for wrong in ["", "/", "a/", "/a", "a/b/c", "-a", "Ü", &"a".repeat(64)] {
            assert!(!is_key(wrong), "{wrong:?}");
        }
        assert!(is_value("") && is_value("1.0_b-C") && !is_value("-") && !is_value("a b"));
        assert!(is_port("http") && is_port("admin-2"));
        assert!(!is_port("9000") && !is_port("a--b") && !is_port("sixteen-letters-"));
        assert!(is_file_key("a.conf") && is_file_key("_A"));
        assert!(!is_file_key("..") && !is_file_key("a/b") && !is_file_key("..data"));
    }

    proptest! {
        #[test]
        fn no_accepted_name_leads_out_of_a_folder_or_into_a_terminal(text in "\\PC{0,20}|[a-z./\\-\0\x1b]{0,12}") {
            if is_label(&text) || is_subdomain(&text) || is_port(&text) || is_file_key(&text) {
                let path = std::path::Path::new(&text);
                prop_assert!(path.components().all(|part| matches!(part, std::path::Component::Normal(_))));
                prop_assert_eq!(path.components().count(), 1);
                prop_assert!(!text.contains(char::is_control));
            }
        }
    }
}
