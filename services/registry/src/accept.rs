//! What a client can read.

use rocket::Request;

/// The kinds in all `Accept` lines. *Lesson: there may be several.* Go's clients send one line for
/// each kind, and whoever reads only the first finds that they understand nothing.
pub struct Accept<'r>(Vec<&'r str>);

impl<'r> Accept<'r> {
    /// Of a request.
    pub fn of(request: &'r Request<'_>) -> Self {
        let lines = request.headers().get("Accept").flat_map(|line| line.split(','));
        let kinds = lines.filter_map(|kind| kind.split(';').next()).map(str::trim);
        Self(kinds.filter(|kind| !kind.is_empty()).collect())
    }
}

impl Accept<'_> {
    /// Whether it can read this. Who says nothing can read everything.
    pub fn takes(&self, media_type: &str) -> bool {
        let main = media_type.split('/').next().unwrap_or_default();
        let takes = |kind: &&str| {
            *kind == media_type || *kind == "*/*" || kind.strip_suffix("/*") == Some(main)
        };
        self.0.is_empty() || self.0.iter().any(takes)
    }
}
