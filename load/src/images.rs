//! `load images`: small images for a registry, and somebody who pulls them, as a pipeline does
//! both.
//!
//! For stories and workshops that need a registry with something in it: an image made by `make`,
//! pushed by `push` or pulled by `pull` over connections of its own (`call`). An image has a
//! configuration and an empty layer, all of it real; what it says is its name. Where a kubelet is
//! to run it, it holds this project's programs.

mod call;
mod make;
mod options;
mod pull;
mod push;

use std::io::Write;

use oci::Name;
use tokio::time::{Instant, sleep, timeout_at};

use crate::options::Environment;
use crate::plan::{parse_url, resolver};
use crate::run::RunError;

pub(crate) use options::{Command, Images, Verb};

use call::{Caller, Failure};
use make::{Made, Maker};
use options::{EVERY, Push, Work};

/// Does what is asked, one image after the other.
///
/// # Errors
/// The options are wrong, or an image is refused, or nobody answers in time.
pub(crate) fn execute(images: &Images, environment: &Environment) -> Result<(), RunError> {
    let Work { url, images: all, within } = images.work();
    let parts = parse_url(url)?;
    let caller = Caller::new(parts, resolver(environment)?);
    let failed = |image: &options::Image, why| RunError::Images { image: image.to_string(), why };
    let maker = match images {
        Images::Push(Push { with_programs: true, .. }) => {
            Maker::with_programs().map_err(|why| failed(&all[0], why.to_string()))?
        }
        _ => Maker::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let until = Instant::now() + *within;
        for image in all {
            let work = match images {
                Images::Push(_) => Job::Push(maker.make(image), &all[0].name),
                Images::Pull(_) => Job::Pull,
            };
            let done = attempts(&work, &caller, image, until).await;
            let done = done.map_err(|why| failed(image, why))?;
            let _ = writeln!(std::io::stdout(), "{done}");
        }
        Ok(())
    })
}

/// What is done with an image.
enum Job<'j> {
    /// What is pushed, and who may have some of it already.
    Push(Made, &'j Name),
    Pull,
}

/// Whoever is not there yet may come: a pipeline starts together with its registry.
async fn attempts(
    job: &Job<'_>,
    caller: &Caller,
    image: &options::Image,
    until: Instant,
) -> Result<String, String> {
    loop {
        let attempt = async {
            match job {
                Job::Push(made, first) => push::push(caller, image, made, first).await,
                Job::Pull => pull::pull(caller, image).await,
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
