//! Names in the shapes that other tools want: slugs, alert names, label keys.

/// Lower-case words joined by dashes: `SLA 99.5 %` becomes `sla-99-5`.
pub(crate) fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> =
        words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
    words.join("-")
}

/// Words with capitals, joined: `dns-leaker` becomes `DnsLeaker`.
pub(crate) fn pascal(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            format!("{}{rest}", first.to_ascii_uppercase())
        })
        .collect()
}

/// A Prometheus label name: anything outside `[a-zA-Z0-9_]` becomes `_`.
pub(crate) fn label_name(key: &str) -> String {
    let mut name: String =
        key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

/// A PromQL or Prometheus string in double quotes.
pub(crate) fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_named_after_service_and_slo() {
        assert_eq!(pascal("dns-leaker") + &pascal("memory-growth"), "DnsLeakerMemoryGrowth");
        assert_eq!(slug("SLA 99.5 %"), "sla-99-5");
        assert_eq!(label_name("app.kubernetes.io-x"), "app_kubernetes_io_x");
        assert_eq!(pascal("ö-1a"), "1a");
    }
}
