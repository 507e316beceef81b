//! The first page: what runs, what fires, who was told, and where everything is. It has no scripts,
//! loads nothing, and shows itself anew every two seconds.

use anyhow::Result;
use jiff::Timestamp;
use junit::xml;
use stage::Stage;

use crate::control::Status;
use crate::pages::Pages;
use crate::prometheus::Prometheus;
use crate::tables::{alerts, inbox, status};

const STYLE: &str = ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;\
    margin:2rem;max-width:80rem}pre{font:.9rem/1.4 ui-monospace,monospace;overflow-x:auto}\
    nav a{margin-right:1.5rem}h2{font-size:1.1rem;margin:1.5rem 0 .2rem}";

/// Before there is a stage.
pub(super) fn starting(name: &str) -> String {
    document(name, "<p>The stage is starting.</p>\n")
}

/// The page.
///
/// # Errors
/// The stage does not answer.
pub(super) async fn page(name: &str, stage: &dyn Stage, pages: &Pages) -> Result<String> {
    let (snapshot, chaos) = (stage.status().await?, stage.chaos().await?);
    let place = stage.place();
    let now = Status::new(name, "-".into(), place, (*snapshot).clone(), &chaos);
    let firing = match &place.prometheus {
        Some(url) => {
            alerts::text(&Prometheus::new(url)).await.unwrap_or_else(|why| format!("{why}"))
        }
        None => String::new(),
    };
    let told = inbox::table(&stage.mail().await?, Timestamp::now());
    let told =
        if told.is_empty() { "nobody was told anything".to_owned() } else { told.to_string() };
    let graph = pages.graph("process_resident_memory_bytes").map(|url| path(&url).to_owned());
    let alerts = pages.alerts.as_deref().map(|url| path(url).to_owned());
    let links = [
        ("graphs", graph.as_deref()),
        ("alerts", alerts.as_deref()),
        ("Alertmanager", Some("/api/v2/alerts")),
        ("report", Some("/report/")),
    ];
    let links = links.iter().filter_map(|(text, path)| Some(link((*path)?, text)));
    let services = snapshot.services.iter().filter(|service| service.ip.is_some());
    let services = services.map(|service| {
        let (namespace, name) = (&service.namespace, &service.name);
        link(&format!("/services/{namespace}/{name}/"), name)
    });
    let pods = snapshot
        .pods
        .iter()
        .filter(|pod| pod.ready)
        .map(|pod| link(&format!("/pods/{}/{}/metrics", pod.namespace, pod.name), &pod.name));
    let parts = [
        format!("<nav>{}</nav>\n", links.collect::<String>()),
        section("Alerts", &pre(&firing)),
        section("Inbox", &pre(&told)),
        section("Services", &format!("<nav>{}</nav>\n", services.collect::<String>())),
        section("Metrics of pods", &format!("<nav>{}</nav>\n", pods.collect::<String>())),
        section("Stage", &pre(&status::table(&now))),
    ];
    Ok(document(name, &parts.concat()))
}

fn document(name: &str, body: &str) -> String {
    let name = xml(name);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"refresh\" content=\"2\"/>\n<title>Tales: {name}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>tale {name}</h1>\n{body}</body>\n</html>\n"
    )
}

fn section(title: &str, body: &str) -> String {
    format!("<h2>{title}</h2>\n{body}")
}

fn pre(text: &str) -> String {
    format!("<pre>{}</pre>\n", xml(text.trim_end()))
}

fn link(to: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a> ", xml(to), xml(text))
}

/// What follows scheme and host, which are those of this page.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}
