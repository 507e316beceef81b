//! Uploads that have begun: bounded in number, and not for ever.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use instrument::Upload;
use oci::digest::Algorithm;
use oci::{Digest, Hasher, Name};
use rocket::http::Status;
use rocket::tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use rocket::tokio::task::spawn_blocking;
use rocket::tokio::time::interval;

use crate::refusal::{Code, Refusal};
use crate::store::{Arriving, Store};

/// Uploads at a time.
const MAX: usize = 256;
/// How long one may be left alone.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// How often it is looked for those.
const EVERY: Duration = Duration::from_secs(30);

/// Ends uploads that were left alone, for as long as it runs.
pub async fn sweep(sessions: Arc<Sessions>) {
    let mut ticks = interval(EVERY);
    loop {
        ticks.tick().await;
        sessions.expire(Instant::now());
    }
}

/// All of them.
pub struct Sessions {
    store: Store,
    open: Mutex<HashMap<String, Open>>,
}

struct Open {
    session: Arc<AsyncMutex<Session>>,
    used: Instant,
}

/// One upload, held by whoever works on it.
pub struct Session {
    name: Name,
    arriving: Arriving,
    hasher: Hasher,
}

/// What is done with a session: exclusively.
pub type Held = OwnedMutexGuard<Session>;

impl Sessions {
    /// Into this store.
    pub fn new(store: Store) -> Self {
        Self { store, open: Mutex::default() }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.open().len()
    }

    /// Begins one.
    ///
    /// # Errors
    /// There are too many already, or no room.
    pub fn begin(&self, name: &Name) -> Result<String, Refusal> {
        self.expire(Instant::now());
        if self.count() >= MAX {
            let why = format!("there are {MAX} uploads already: finish one, or wait");
            let refusal = Refusal::new(Status::ServiceUnavailable, Code::Denied, why);
            return Err(refusal.with("Retry-After", "5"));
        }
        let id = format!("{:032x}", rand::random::<u128>());
        let arriving = self.store.arriving()?;
        let session =
            Session { name: name.clone(), arriving, hasher: Hasher::new(Algorithm::Sha256) };
        let session = Arc::new(AsyncMutex::new(session));
        self.open().insert(id.clone(), Open { session, used: Instant::now() });
        Ok(id)
    }

    /// An upload to work on.
    ///
    /// # Errors
    /// There is none of this id in this repository, or somebody else works on it.
    pub fn hold(&self, name: &Name, id: &str) -> Result<Held, Refusal> {
        let unknown = || Refusal::not_found(Code::BlobUploadUnknown, "this upload");
        let session = {
            let mut all = self.open();
            let open = all.get_mut(id).ok_or_else(unknown)?;
            open.used = Instant::now();
            open.session.clone()
        };
        let busy = |_| {
            let why = "somebody else sends to this upload";
            Refusal::new(Status::Conflict, Code::BlobUploadInvalid, why)
        };
        let held = session.try_lock_owned().map_err(busy)?;
        if held.name == *name { Ok(held) } else { Err(unknown()) }
    }

    /// Ends one; with its file, unless that was adopted.
    pub fn end(&self, id: &str) {
        self.open().remove(id);
    }

    /// Ends what was left alone.
    pub fn expire(&self, now: Instant) {
        self.open().retain(|_, open| {
            let is_held = open.session.try_lock().is_err();
            is_held || now.saturating_duration_since(open.used) < PATIENCE
        });
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.arriving.size()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.arriving.write(bytes)?;
        self.hasher.update(bytes);
        Ok(())
    }
}

/// Takes what arrives.
///
/// # Errors
/// There is no room, or the client has left: what has arrived stays, and it may go on.
pub async fn receive(mut held: Held, upload: &mut Upload<'_>) -> Result<Held, Refusal> {
    loop {
        let piece = upload.next().await.map_err(|why| {
            let why = format!("the upload broke off: {why}");
            Refusal::new(Status::RequestTimeout, Code::BlobUploadInvalid, why)
        })?;
        let Some(piece) = piece else { return Ok(held) };
        let written = spawn_blocking(move || held.write(&piece).map(|()| held)).await;
        held = written.map_err(io::Error::other)??;
    }
}

/// Keeps it, if it is what it is called.
///
/// # Errors
/// It is not, or there is no room.
pub async fn finish(mut held: Held, store: Store, digest: Digest) -> Result<u64, Refusal> {
    let finished = spawn_blocking(move || {
        let fresh = Session {
            name: held.name.clone(),
            arriving: store.arriving()?,
            hasher: Hasher::new(Algorithm::Sha256),
        };
        let Session { arriving, hasher, .. } = std::mem::replace(&mut *held, fresh);
        let own = match digest.algorithm() {
            Algorithm::Sha256 => hasher.finish(),
            other => hashed(&arriving, other)?,
        };
        let size = arriving.size();
        if own != digest {
            return Ok(Err(own));
        }
        arriving.adopt(&digest).map(|()| Ok(size))
    });
    let finished: io::Result<Result<u64, Digest>> = finished.await.map_err(io::Error::other)?;
    finished?.map_err(|own| {
        Refusal::bad(Code::DigestInvalid, format!("what arrived is {own}; send it again"))
    })
}

fn hashed(arriving: &Arriving, algorithm: Algorithm) -> io::Result<Digest> {
    let mut hasher = Hasher::new(algorithm);
    let mut file = std::fs::File::open(arriving.path())?;
    let mut piece = vec![0; 64 << 10];
    loop {
        match io::Read::read(&mut file, &mut piece)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&piece[..read]),
        }
    }
}
