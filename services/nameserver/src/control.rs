//! What an operator, or an operator's script, can do to a server while it runs: on the admin port.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use authority::desk::Desk;
use authority::policy::Policy;
use authority::published::Published;
use authority::zone::parse_entries;
use instrument::faults::Faults;
use rocket::http::Status;
use rocket::serde::json::{self, Json};
use rocket::tokio::task::spawn_blocking;
use rocket::{Build, Rocket, State, get, post, put, routes};
use serde::{Deserialize, Serialize};

use crate::node::Node;
use crate::primary::Primary;
use crate::secondary::Secondary;
use crate::settings::Role;

/// Shown in `fault_active` while the primary lets nobody copy.
pub const TRANSFERS_REFUSED: &str = "transfers_refused";
/// Shown while a secondary keeps its copy as it is.
pub const FROZEN: &str = "frozen";

type Refused = (Status, String);

/// Everything that the routes need.
pub struct Control {
    role: Role,
    desk: Arc<Desk>,
    published: Arc<Published>,
    faults: Faults,
}

impl Control {
    /// For one server.
    pub fn new(node: &Node, faults: Faults) -> Self {
        faults.declare(TRANSFERS_REFUSED);
        faults.declare(FROZEN);
        let (role, desk) = (node.role.clone(), node.desk.clone());
        Self { role, desk, published: node.published.clone(), faults }
    }

    /// With its routes.
    pub fn mount(self, admin: Rocket<Build>) -> Rocket<Build> {
        admin.manage(self).mount(
            "/",
            routes![
                show_zone,
                trust_anchor,
                change,
                show_policy,
                load_policy,
                set_serial,
                allow_transfers,
                freeze,
                retransfer
            ],
        )
    }

    fn primary(&self) -> Result<Arc<Primary>, Refused> {
        self.role.primary().cloned().ok_or_else(|| only("primary"))
    }

    fn secondary(&self) -> Result<Arc<Secondary>, Refused> {
        self.role.secondary().cloned().ok_or_else(|| only("secondary"))
    }
}

fn only(role: &str) -> Refused {
    (Status::Conflict, format!("only a {role} can do this; ask one\n"))
}

fn unprocessable(why: &dyn std::fmt::Display, example: &str) -> Refused {
    (Status::UnprocessableEntity, format!("{why}; send e.g. {example}\n"))
}

fn body<T>(read: Result<Json<T>, json::Error<'_>>, example: &str) -> Result<T, Refused> {
    read.map(Json::into_inner).map_err(|why| unprocessable(&why, example))
}

/// What is served.
#[derive(Serialize)]
struct Shown {
    zone: String,
    role: &'static str,
    serial: Option<u32>,
    records: usize,
    rrsig_expiry: Option<u32>,
}

#[get("/zone")]
fn show_zone(control: &State<Control>) -> Json<Shown> {
    let zone = control.published.zone();
    Json(Shown {
        zone: format!("{}.", control.published.apex()),
        role: if control.primary().is_ok() { "primary" } else { "secondary" },
        serial: zone.as_ref().map(|zone| zone.serial()),
        records: zone.as_ref().map_or(0, |zone| zone.entries().len()),
        rrsig_expiry: zone.and_then(|zone| zone.expiry()),
    })
}

/// What the parent zone would publish.
#[get("/trust-anchor")]
fn trust_anchor(control: &State<Control>) -> Result<String, Refused> {
    let primary = control.primary()?;
    let key = primary.signer().key();
    let record = key.record(domain::base::Ttl::HOUR);
    Ok(format!("{record}\n{}\n", key.delegation_signer()))
}

/// The body of `POST /changes`: records in zone file format.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Changes {
    remove: Vec<String>,
    add: Vec<String>,
}

#[derive(Serialize)]
struct NewSerial {
    serial: u32,
}

#[post("/changes", data = "<changes>")]
async fn change(
    changes: Result<Json<Changes>, json::Error<'_>>,
    control: &State<Control>,
) -> Result<Json<NewSerial>, Refused> {
    const EXAMPLE: &str = r#"{"add": ["www 60 A 192.0.2.80"], "remove": ["old A 192.0.2.1"]}"#;
    let primary = control.primary()?;
    let changes = body(changes, EXAMPLE)?;
    let apex = control.published.apex();
    let read = |lines: Vec<String>| parse_entries(&lines.join("\n"), apex);
    let remove = read(changes.remove).map_err(|why| unprocessable(&why, EXAMPLE))?;
    let add = read(changes.add).map_err(|why| unprocessable(&why, EXAMPLE))?;
    let changed = spawn_blocking(move || primary.change(&remove, add)).await;
    let changed = changed.map_err(|why| (Status::InternalServerError, format!("{why}\n")))?;
    let serial = changed.map_err(|why| unprocessable(&why, EXAMPLE))?;
    Ok(Json(NewSerial { serial }))
}

#[get("/policy")]
fn show_policy(control: &State<Control>) -> Result<Json<Policy>, Refused> {
    Ok(Json(control.primary()?.policy()))
}

#[put("/policy", data = "<policy>")]
fn load_policy(
    policy: Result<Json<Policy>, json::Error<'_>>,
    control: &State<Control>,
) -> Result<Json<Policy>, Refused> {
    const EXAMPLE: &str = r#"{"lifetime_seconds": 1209600, "refresh_seconds": 604800, "propagation_delay_seconds": 3600}"#;
    let primary = control.primary()?;
    primary.set_policy(body(policy, EXAMPLE)?);
    Ok(Json(primary.policy()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Serial {
    serial: u32,
}

#[put("/serial", data = "<serial>")]
async fn set_serial(
    serial: Result<Json<Serial>, json::Error<'_>>,
    control: &State<Control>,
) -> Result<Json<NewSerial>, Refused> {
    let primary = control.primary()?;
    let Serial { serial } = body(serial, r#"{"serial": 1795355194}"#)?;
    let set = spawn_blocking(move || primary.set_serial(serial)).await;
    let set = set.map_err(|why| (Status::InternalServerError, format!("{why}\n")))?;
    set.map_err(|why| unprocessable(&why, r#"{"serial": 1795355194}"#))?;
    Ok(Json(NewSerial { serial }))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfers {
    allowed: bool,
}

#[put("/transfers", data = "<transfers>")]
fn allow_transfers(
    transfers: Result<Json<Transfers>, json::Error<'_>>,
    control: &State<Control>,
) -> Result<Json<Transfers>, Refused> {
    let transfers = body(transfers, r#"{"allowed": false}"#)?;
    control.desk.transfers_allowed.store(transfers.allowed, Relaxed);
    control.faults.set(TRANSFERS_REFUSED, !transfers.allowed);
    Ok(Json(transfers))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Freeze {
    frozen: bool,
}

#[put("/freeze", data = "<freeze>")]
fn freeze(
    freeze: Result<Json<Freeze>, json::Error<'_>>,
    control: &State<Control>,
) -> Result<Json<Freeze>, Refused> {
    let secondary = control.secondary()?;
    let freeze = body(freeze, r#"{"frozen": true}"#)?;
    secondary.frozen.store(freeze.frozen, Relaxed);
    control.faults.set(FROZEN, freeze.frozen);
    secondary.notified.wake();
    Ok(Json(freeze))
}

/// Asks for the whole zone, whatever its serial: the other way back from the future.
#[post("/retransfer")]
fn retransfer(control: &State<Control>) -> Result<Status, Refused> {
    let secondary = control.secondary()?;
    secondary.retransfer.store(true, Relaxed);
    secondary.notified.wake();
    Ok(Status::Accepted)
}
