//! What an operator can see and change while it runs: the limit, and who has spent it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::http::Status;
use rocket::serde::json::{self, Json};
use rocket::{Build, Rocket, State, delete, get, put, routes};
use serde::{Deserialize, Serialize};

use crate::limit::{Limiter, Rule};

/// The routes.
pub fn mount(admin: Rocket<Build>, limiter: Arc<Limiter>) -> Rocket<Build> {
    admin.manage(limiter).mount("/", routes![show, set_limit, reset])
}

/// A limit: `null` for none.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    #[serde(deserialize_with = "Option::deserialize")]
    limit: Option<u64>,
    window_seconds: u64,
}

#[derive(Serialize)]
struct Shown {
    limit: Limit,
    sources: Vec<Spent>,
}

#[derive(Serialize)]
struct Spent {
    source: String,
    limit: Option<u64>,
    remaining: Option<u64>,
    next_pull_seconds: Option<f64>,
}

fn now(limiter: &Limiter) -> Limit {
    let Rule { limit, window, .. } = limiter.rule();
    Limit { limit, window_seconds: window.as_secs() }
}

#[get("/pulls")]
fn show(limiter: &State<Arc<Limiter>>) -> Json<Shown> {
    let sources = limiter.sources(Instant::now()).into_iter();
    let sources = sources.map(|(source, standing)| Spent {
        source: source.to_string(),
        limit: standing.map(|standing| standing.limit),
        remaining: standing.map(|standing| standing.remaining),
        next_pull_seconds: standing.map(|standing| standing.next.as_secs_f64()),
    });
    Json(Shown { limit: now(limiter), sources: sources.collect() })
}

#[put("/limit", data = "<limit>")]
fn set_limit(
    limit: Result<Json<Limit>, json::Error<'_>>,
    limiter: &State<Arc<Limiter>>,
) -> Result<Json<Limit>, (Status, String)> {
    let wrong = |why: String| {
        let example = r#"{"limit": 100, "window_seconds": 21600}, or null for no limit"#;
        (Status::UnprocessableEntity, format!("{why}; send e.g. {example}\n"))
    };
    let Json(Limit { limit, window_seconds }) = limit.map_err(|why| wrong(why.to_string()))?;
    if window_seconds == 0 {
        return Err(wrong("nothing fits into a window of 0 seconds".to_owned()));
    }
    let window = Duration::from_secs(window_seconds);
    limiter.set_rule(Rule { limit, window, ..limiter.rule() });
    Ok(Json(now(limiter)))
}

/// Everybody begins anew.
#[delete("/pulls")]
fn reset(limiter: &State<Arc<Limiter>>) -> Status {
    limiter.reset();
    Status::NoContent
}
