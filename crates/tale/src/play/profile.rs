//! The heap of a pod, as a flame graph with bytes: who holds the memory.
//!
//! Each pod's admin port draws one; Prometheus knows where that port is. What is drawn there is
//! read back, so that the report can draw it as it draws everything else, without scripts.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::http::get;
use crate::prometheus::Prometheus;
use crate::report::{Frame, Profile};

/// The longest wait for the picture: the pod writes its heap to a file first.
const TIME_OUT: Duration = Duration::from_secs(5);
/// Most bytes of it.
const LONGEST: usize = 4 << 20;
/// Frames that are kept, the widest first.
const KEPT: usize = 400;

/// Looks at the heap of a pod of this Deployment.
///
/// # Errors
/// No such pod is scraped, or it has no profile.
pub(super) async fn take(deployment: &str, prometheus: &Prometheus, at_s: f64) -> Result<Profile> {
    // Named by its Deployment, a hash of the template, and a suffix.
    let pods = format!("up{{pod=~\"{deployment}-[a-z0-9]+-[a-z0-9]+\"}} == 1");
    let pods = prometheus.query(&pods, None).await.map_err(|why| anyhow::anyhow!("{why}"))?;
    let pod = pods.first().context("no pod of it is scraped")?;
    let label = |name: &str| pod.metric.get(name).context("the pod has no address");
    let (name, address) = (label("pod")?, label("instance")?);
    let svg = get(&format!("http://{address}/debug/flamegraph"), TIME_OUT, LONGEST).await;
    let svg = svg.with_context(|| format!("the flame graph of {name}"))?;
    let mut frames = frames(&String::from_utf8_lossy(&svg));
    let bytes = frames.iter().filter(|frame| frame.depth == 0).map(|frame| frame.bytes).sum();
    frames.sort_by_key(|frame| std::cmp::Reverse(frame.bytes));
    frames.truncate(KEPT);
    frames.sort_by_key(|frame| (frame.depth, frame.left));
    Ok(Profile { pod: name.clone(), at_s, bytes, frames })
}

/// The frames of a flame graph as `inferno` draws it: a title, and a rectangle with its place in
/// samples, which are bytes here.
fn frames(svg: &str) -> Vec<Frame> {
    let mut found = Vec::new();
    for part in svg.split("<title>").skip(1) {
        let Some((title, rest)) = part.split_once("</title>") else {
            continue;
        };
        let rect = rest.split("/>").next().unwrap_or_default();
        let number = |name: &str| {
            let value =
                rect.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
            value.and_then(|(value, _)| value.parse::<f64>().ok())
        };
        let (Some(left), Some(bytes), Some(y)) = (number("fg:x"), number("fg:w"), number("y"))
        else {
            continue;
        };
        // `name (1,234 bytes, 12.34%)`
        let name = title.rsplit_once(" (").map_or(title, |(name, _)| name);
        found.push((
            y,
            Frame { name: unescaped(name), depth: 0, left: left as u64, bytes: bytes as u64 },
        ));
    }
    // The rows, from the one that holds everything: it is the lowest.
    let mut rows: Vec<f64> = found.iter().map(|(y, _)| *y).collect();
    rows.sort_by(|one, other| other.total_cmp(one));
    rows.dedup();
    let depth = |y: f64| rows.iter().position(|row| *row == y).unwrap_or(0) as u32;
    found.into_iter().map(|(y, frame)| Frame { depth: depth(y), ..frame }).collect()
}

fn unescaped(text: &str) -> String {
    let marks = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    marks.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flame_graph_is_read_back() {
        let svg = "<svg><text>title</text><g><title>all (1,000 bytes, 100%)</title><rect x=\"0.0000%\" y=\"69.00\" \
            width=\"100.0000%\" height=\"15\" fill=\"rgb(1,2,3)\" fg:x=\"0\" fg:w=\"1000\"/><text>all</text></g>\
            <g><title>a::&lt;b&gt; (f) (400 bytes, 40.00%)</title><rect x=\"60%\" y=\"53.00\" width=\"40%\" height=\"15\" \
            fill=\"rgb(1,2,3)\" fg:x=\"600\" fg:w=\"400\"/></g></svg>";
        let frame =
            |name: &str, depth, left, bytes| Frame { name: name.to_owned(), depth, left, bytes };
        assert_eq!(frames(svg), [frame("all", 0, 0, 1000), frame("a::<b> (f)", 1, 600, 400)]);
        assert!(frames("<svg>nothing</svg>").is_empty());
    }
}
