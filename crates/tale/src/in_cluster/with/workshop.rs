//! `tale workshop`, with a cluster.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ::cluster::workshop::{self, Phase, Server, WorkshopName, attendee, objects};
use ::cluster::{Connection, connect};
use anyhow::{Context, Result};
use serde_json::json;

use super::{confirm, image, progress};
use crate::cli::{Workshop, WorkshopUp, WorkshopVerb};
use crate::exit::{BROKEN, INTERRUPTED};
use crate::folders::Project;
use crate::report::Outcome;
use crate::terminal::{Table, Tone, Ui, interrupted, note, print};
use crate::workshop::{Attendee, hand_out};

/// How long namespaces, rights and quotas may take, as it is shown.
const APPLIED: Duration = Duration::from_secs(60);

/// Does it.
///
/// # Errors
/// No way to the cluster, or it refuses.
pub async fn workshop(project: &Project, args: Workshop) -> Result<ExitCode> {
    let connection = connect(args.context.as_deref()).await?;
    match args.verb {
        WorkshopVerb::Up(up) => {
            let name = name(&up.name)?;
            if up.dry_run {
                return dry_run(&name, up.image.as_deref(), usize::from(up.attendees));
            }
            let what = format!("in the namespaces {} and so on", attendee(&name, 1));
            confirm(&connection, args.yes, &what)?;
            let server = Server::of_context(args.context.as_deref(), up.server.as_deref()).await?;
            if connection.local && up.server.is_none() {
                let url = &connection.server;
                note(&format!(
                    "tale: {url} is this machine; if attendees have others, name its address with --server"
                ));
            }
            let image = match &up.image {
                Some(image) => image.clone(),
                None => image::brought_stage(project.folder()?, &connection, &progress()).await?,
            };
            let work = bring(&connection, &server, &name, image, &up);
            tokio::select! {
                ended = work => ended,
                () = interrupted() => {
                    note("tale: stopped; what is there stays: `tale workshop up` goes on, `tale workshop down` takes it away");
                    Ok(ExitCode::from(INTERRUPTED))
                }
            }
        }
        WorkshopVerb::List { name, json } => {
            let name = name.as_deref().map(self::name).transpose()?;
            list(&connection, name.as_ref(), json).await
        }
        WorkshopVerb::Down { attendees, name } => {
            let name = self::name(&name)?;
            confirm(&connection, args.yes, &format!("and take its workshop {name} away"))?;
            down(&connection, &name, &attendees).await
        }
    }
}

fn name(text: &str) -> Result<WorkshopName> {
    text.parse().map_err(anyhow::Error::msg)
}

async fn bring(
    connection: &Connection,
    server: &Server,
    name: &WorkshopName,
    image: String,
    args: &WorkshopUp,
) -> Result<ExitCode> {
    let attendees = usize::from(args.attendees);
    let plan = workshop::Workshop {
        name: name.clone(),
        attendees,
        image,
        replace: args.image.is_some(),
        valid: args.valid,
        within: args.within,
    };
    let ui = Ui::new();
    let (applying, coming) = ("namespaces, Roles and quotas", "pods are ready");
    ui.make_room([applying, coming].into_iter());
    let since = Instant::now();
    let live = ui.promise(applying, APPLIED, since);
    let pods = std::sync::OnceLock::new();
    let progress = |phase: Phase, count: usize| match phase {
        Phase::Apply => live.seen(&format!("{count} of {attendees}")),
        Phase::Pods => {
            let since = *pods.get_or_init(|| {
                live.end(Outcome::Kept, &format!("{attendees} attendees"), Tone::Plain);
                Instant::now()
            });
            let live = ui.promise(coming, args.within, since);
            live.seen(&format!("{count} of {attendees}"));
        }
    };
    let brought = workshop::up(&connection.api, server, &plan, &progress).await?;
    let since = pods.get().copied().unwrap_or(since);
    let ready = attendees - brought.waiting.len();
    let outcome = if brought.waiting.is_empty() { Outcome::Kept } else { Outcome::Broken };
    let live = ui.promise(coming, args.within, since);
    live.end(outcome, &format!("{ready} of {attendees}"), Tone::Plain);
    for (attendee, why) in &brought.waiting {
        ui.line(&format!("    {attendee}: {why}"));
    }
    let handed: Vec<Attendee> = brought.attendees.into_iter().map(handed).collect();
    let out = args.out.clone().unwrap_or_else(|| name.to_string().into());
    let handout = hand_out(&out, args.sheet.as_deref(), &name.to_string(), &handed)?;
    let mut text = format!(
        "sheet to print: {}\nkubeconfigs:    {}\n",
        handout.sheet.display(),
        handout.folder.display()
    );
    if let Some(first) = handed.first() {
        let _ = writeln!(text, "valid until:    {}", first.valid_until);
    }
    if !brought.more.is_empty() {
        let more = brought.more.join(" ");
        let _ = writeln!(
            text,
            "there are more: {more}; they stay until `tale workshop down --name {name} {more}`"
        );
    }
    print(&text);
    if brought.waiting.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    note(
        "tale: not everybody can begin; `tale workshop list` looks again, and the same `up` waits again",
    );
    Ok(ExitCode::from(BROKEN))
}

fn handed(attendee: workshop::Attendee) -> Attendee {
    let workshop::Attendee { name, token, valid_until, kubeconfig } = attendee;
    Attendee { name, pod: objects::POD.to_owned(), token, valid_until, kubeconfig }
}

/// What the first attendee would get, as YAML; the others get the same.
fn dry_run(name: &WorkshopName, image: Option<&str>, attendees: usize) -> Result<ExitCode> {
    let namespace = attendee(name, 1);
    let image = image.unwrap_or(images::STAGE_REPOSITORY);
    let mut documents = vec![objects::namespace(name, &namespace)];
    documents.extend(objects::rights(name, &namespace).into_iter().map(|(_, object)| object));
    documents.push(objects::stage(name, &namespace, image).1);
    let mut text = String::new();
    for document in documents {
        let document = serde_saphyr::to_string(&document).context("this cannot be shown")?;
        let _ = writeln!(text, "---\n{}", document.trim_end());
    }
    print(&text);
    note(&format!("tale: nothing was changed; {attendees} attendees would get this each"));
    Ok(ExitCode::SUCCESS)
}

async fn list(
    connection: &Connection,
    name: Option<&WorkshopName>,
    as_json: bool,
) -> Result<ExitCode> {
    let rows = workshop::list(&connection.api, name).await?;
    if as_json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({"workshop": row.workshop, "attendee": row.attendee, "ready": row.ready,
                    "state": row.state, "restarts": row.restarts, "since": row.since})
            })
            .collect();
        print(&serde_json::to_string_pretty(&rows)?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(["ATTENDEE", "STATE", ">RESTARTS", "SINCE"]);
    for row in &rows {
        let cells = [&row.attendee, &row.state, &row.restarts.to_string(), &row.since];
        table.row(cells.map(String::clone));
    }
    let ready = rows.iter().filter(|row| row.ready).count();
    if table.is_empty() {
        note(
            "tale: there is no workshop in this cluster; `tale workshop up --attendees 30` makes one",
        );
    } else {
        print(&table.for_people());
        note(&format!("{ready} of {} are ready", rows.len()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn down(connection: &Connection, name: &WorkshopName, only: &[String]) -> Result<ExitCode> {
    let since = Instant::now();
    let ui = Ui::new();
    let text = "namespaces are gone";
    ui.make_room([text].into_iter());
    let live = ui.promise(text, Duration::from_secs(120), since);
    let progress = |left: usize| live.seen(&format!("{left} to go"));
    let gone = workshop::down(&connection.api, name, only, &progress).await;
    match &gone {
        Ok(count) => live.end(Outcome::Kept, &count.to_string(), Tone::Plain),
        Err(_) => live.end(Outcome::Undecided, "", Tone::Plain),
    }
    print(&match gone? {
        0 => format!("there is no workshop {name} in {}", connection.context),
        count => format!(
            "the workshop {name} has {count} attendees less after {:.1} s; what was handed out opens nothing any more",
            since.elapsed().as_secs_f64()
        ),
    });
    Ok(ExitCode::SUCCESS)
}
