//! `load images`: small images for a registry, and somebody who pulls them, as a pipeline does
//! both.
//!
//! For stories and workshops that need a registry with something in it: an image made by `make`,
//! pushed by `push` or pulled by `pull` over connections of its own (`call`). An image has a
//! configuration and an empty layer, all of it real; what it says is its name.

mod call;
mod make;
mod options;
mod pull;
mod push;

use std::io::Write;

use tokio::time::{Instant, sleep, timeout_at};

use crate::options::Environment;
use crate::plan::{parse_url, resolver};
use crate::run::RunError;

pub(crate) use options::{Command, Images, Verb};

use call::{Caller, Failure};
use options::{EVERY, Work};

/// Does what is asked, one image after the other.
///
/// # Errors
/// The options are wrong, or an image is refused, or nobody answers in time.
pub(crate) fn execute(images: &Images, environment: &Environment) -> Result<(), RunError> {
    let Work { url, images: all, within } = images.work();
    let parts = parse_url(url)?;
    let caller = Caller::new(parts, resolver(environment)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let until = Instant::now() + *within;
        for image in all {
            let done = attempts(images, &caller, image, until).await;
            let done = done.map_err(|why| RunError::Images { image: image.to_string(), why })?;
            let _ = writeln!(std::io::stdout(), "{done}");
        }
        Ok(())
    })
}

/// Whoever is not there yet may come: a pipeline starts together with its registry.
async fn attempts(
    images: &Images,
    caller: &Caller,
    image: &options::Image,
    until: Instant,
) -> Result<String, String> {
    loop {
        let attempt = async {
            match images {
                Images::Push(_) => push::push(caller, image).await,
                Images::Pull(_) => pull::pull(caller, image).await,
            }
        };
        let why = match timeout_at(until, attempt).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(Failure::Final(why))) => return Err(why),
            Ok(Err(Failure::NotYet(why))) => why,
            Err(_) => return Err("no answer in time".to_owned()),
        };
        if Instant::now() + EVERY > until {
            return Err(why);
        }
        sleep(EVERY).await;
    }
}
