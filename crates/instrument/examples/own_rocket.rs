//! Golden signals for an application of your own, in three lines; `/metrics` shows them.

use instrument::GoldenSignals;
use rocket::{get, launch, routes};

#[launch]
fn rocket() -> _ {
    let signals = GoldenSignals::default(); // 1
    rocket::build()
        .attach(signals.clone()) // 2
        .mount("/metrics", signals) // 3
        .mount("/", routes![hello])
}

#[get("/hello/<name>")]
fn hello(name: &str) -> String {
    format!("Hello, {name}!\n")
}
