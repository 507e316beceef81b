//! What a request means. Pure.
//!
//! Prometheus and Alertmanager have the paths that they have at home, so that their pages work and
//! every client of theirs does: `tale gate --prometheus http://localhost:8080`, for one.

use std::path::{Component, Path, PathBuf};

use hyper::{Method, StatusCode};
use stage::NamespacedName;

/// What is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// The first page.
    Page,
    /// A part of the report.
    Report(PathBuf),
    /// Prometheus.
    Prometheus,
    /// Alertmanager.
    Alertmanager,
    /// A Service, at the first of its ports or at this one, and the path there.
    Service(NamespacedName, Option<u16>, String),
    /// The admin port of a pod, and the path there.
    Pod(NamespacedName, String),
}

/// Where Prometheus has its pages and its API, in all versions from 2.42 to 3.
const PROMETHEUS: [&str; 19] = [
    "alerts",
    "api/v1",
    "assets",
    "classic",
    "config",
    "consoles",
    "favicon.ico",
    "favicon.svg",
    "federate",
    "flags",
    "graph",
    "manifest.json",
    "metrics",
    "query",
    "rules",
    "service-discovery",
    "static",
    "status",
    "targets",
];

/// What may be asked of Prometheus by `POST`, because a query may be long.
const QUERIES: [&str; 5] = [
    "/api/v1/query",
    "/api/v1/query_range",
    "/api/v1/query_exemplars",
    "/api/v1/series",
    "/api/v1/labels",
];

/// The parts of a report.
const REPORT: [&str; 5] = ["report.html", "report.json", "report.md", "junit.xml", "charts"];

impl Route {
    /// What a method and a path mean.
    ///
    /// # Errors
    /// Nothing, or something that would change the stage: a status and a sentence.
    pub fn of(method: &Method, path: &str) -> Result<Self, (StatusCode, &'static str)> {
        let looks = [Method::GET, Method::HEAD].contains(method);
        let asks = *method == Method::POST && QUERIES.contains(&path);
        if !looks && !asks {
            let why = "this port only shows; to change something, use `tale` on the stage's side";
            return Err((StatusCode::METHOD_NOT_ALLOWED, why));
        }
        let unknown = (StatusCode::NOT_FOUND, "nothing is here; / tells what there is");
        let inner = path.strip_prefix('/').ok_or(unknown)?;
        let (first, rest) = inner.split_once('/').unwrap_or((inner, ""));
        match first {
            "" => Ok(Self::Page),
            "report" => report(rest).map(Self::Report).ok_or(unknown),
            "services" => {
                let (name, path) = named(rest).ok_or(unknown)?;
                let (name, port) = with_port(name).ok_or(unknown)?;
                Ok(Self::Service(name, port, path))
            }
            "pods" => named(rest).map(|(name, path)| Self::Pod(name, path)).ok_or(unknown),
            _ if below(inner, "api/v2") => Ok(Self::Alertmanager),
            _ if PROMETHEUS.iter().any(|known| below(inner, known)) => Ok(Self::Prometheus),
            _ => Err(unknown),
        }
    }
}

fn below(path: &str, known: &str) -> bool {
    path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A file in the folder of the report, and in no other.
fn report(path: &str) -> Option<PathBuf> {
    let path = Path::new(if path.is_empty() { "report.html" } else { path });
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && REPORT.iter().any(|part| path.starts_with(part))).then(|| path.to_owned())
}

/// `NAMESPACE/NAME/PATH`.
fn named(path: &str) -> Option<(NamespacedName, String)> {
    let (namespace, rest) = path.split_once('/')?;
    let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
    let there = !namespace.is_empty() && !name.is_empty();
    there.then(|| (NamespacedName::new(namespace, name), format!("/{path}")))
}

/// `NAME:PORT`.
fn with_port(mut name: NamespacedName) -> Option<(NamespacedName, Option<u16>)> {
    let Some((before, port)) = name.name.split_once(':') else {
        return Some((name, None));
    };
    let port = port.parse().ok()?;
    name.name = before.to_owned();
    Some((name, Some(port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Option<Route> {
        Route::of(&Method::GET, path).ok()
    }

    #[test]
    fn a_path_means_what_it_means_at_home() {
        let service = |name, port, path: &str| {
            Some(Route::Service(NamespacedName::new("default", name), port, path.to_owned()))
        };
        assert_eq!(get("/"), Some(Route::Page));
        for path in ["/api/v1/query", "/classic/static/css/graph.css", "/metrics", "/graph"] {
            assert_eq!(get(path), Some(Route::Prometheus), "{path}");
        }
        assert_eq!(get("/api/v2/alerts"), Some(Route::Alertmanager));
        assert_eq!(get("/services/default/shop/price"), service("shop", None, "/price"));
        assert_eq!(get("/services/default/shop:8000"), service("shop", Some(8000), "/"));
        let pod = Route::Pod(NamespacedName::new("default", "a-1"), "/debug/pprof/heap".to_owned());
        assert_eq!(get("/pods/default/a-1/debug/pprof/heap"), Some(pod));
        assert_eq!(get("/report/"), Some(Route::Report("report.html".into())));
        assert_eq!(get("/report/charts/a.svg"), Some(Route::Report("charts/a.svg".into())));
    }

    #[test]
    fn nothing_leads_out_of_the_report_or_to_what_is_not_shown() {
        for path in [
            "/report/../secret",
            "/report/charts/../../secret",
            "/report//etc/passwd",
            "/report/lock",
            "/-/quit",
            "/debug/pprof/profile",
            "/graphs",
            "/services/default",
            "/services/default/shop:x/",
            "*",
        ] {
            assert_eq!(get(path), None, "{path}");
        }
    }

    #[test]
    fn what_would_change_something_is_refused() {
        let refused = |method: Method, path| Route::of(&method, path).unwrap_err().0;
        for (method, path) in [
            (Method::POST, "/-/reload"),
            (Method::PUT, "/api/v1/query"),
            (Method::POST, "/api/v1/admin/tsdb/delete_series"),
            (Method::POST, "/api/v2/silences"),
            (Method::DELETE, "/api/v2/silence/1"),
            (Method::POST, "/services/default/shop/"),
            (Method::POST, "/pods/default/shop/"),
        ] {
            assert_eq!(refused(method, path), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
        assert_eq!(Route::of(&Method::POST, "/api/v1/query_range"), Ok(Route::Prometheus));
    }
}
