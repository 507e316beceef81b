//! URLs inside other text, such as a variable or an argument.

/// Replaces the port of every URL in `text` for which `moved` has another one; a URL of `http`
/// without a port means 80.
pub(super) fn in_urls(text: &str, moved: impl Fn(&str, u16) -> Option<u16>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        let end = tail.find(|letter: char| "/?#\"'`,; \t\n".contains(letter)).unwrap_or(tail.len());
        let (authority, after) = tail.split_at(end);
        let (user, place) = authority
            .rsplit_once('@')
            .map_or(("", authority), |(user, place)| (&authority[..user.len() + 1], place));
        out.push_str(user);
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (place, head.ends_with("http://").then_some(80)),
        };
        match port.and_then(|port| moved(host, port)) {
            Some(port) => out.push_str(&format!("{host}:{port}")),
            None => out.push_str(place),
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::in_urls;

    #[test]
    fn only_what_is_moved_is_changed() {
        let moved = |host: &str, port| (host == "shop").then_some(port + 10_000);
        for (text, wanted) in [
            (
                "http://shop:8000/price?a=http://shop:8000",
                "http://shop:18000/price?a=http://shop:18000",
            ),
            ("http://shop", "http://shop:10080"),
            ("http://u:p@shop:8000,http://other:8000", "http://u:p@shop:18000,http://other:8000"),
            ("shop:8000", "shop:8000"),
            ("http://shop:x/ http://", "http://shop:x/ http://"),
            ("https://shop/", "https://shop/"),
        ] {
            assert_eq!(in_urls(text, moved), wanted);
        }
    }
}
