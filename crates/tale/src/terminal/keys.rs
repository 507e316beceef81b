//! A key press, which is how a speaker sets the pace.
//!
//! Only while a key is waited for does the terminal give keys one by one and without showing them;
//! Ctrl-C stays what it is.

use std::io::{IsTerminal, stdin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr,
    tcsetattr,
};
use tokio::sync::oneshot;

/// A terminal that has gone away answers at once, again and again.
const PAUSE: Duration = Duration::from_millis(20);

/// Whether somebody can press a key.
///
/// # Errors
/// Standard input is no terminal; `option` needs one.
pub fn need_keys(option: &str) -> Result<()> {
    ensure!(
        stdin().is_terminal(),
        "{option} waits for a key, and standard input is no terminal; leave {option} out, or run \
         this in a terminal"
    );
    Ok(())
}

/// Waits for any key. Keys that were pressed before do not count.
///
/// # Errors
/// The terminal has gone away.
pub(super) async fn any_key() -> Result<()> {
    let raw = Raw::enter().context("cannot listen to the keyboard")?;
    let over = raw.over.clone();
    let (pressed, key) = oneshot::channel();
    // A thread of its own: it may sit in a read for a moment longer than this wait.
    std::thread::spawn(move || {
        let _ = pressed.send(read(&over));
    });
    key.await.context("nobody listens to the keyboard")?.context("the terminal has gone away")
}

/// Reads until a key comes, or nobody waits any more.
fn read(over: &AtomicBool) -> Result<(), Errno> {
    let mut nothing = 0;
    while !over.load(Relaxed) {
        match rustix::io::read(stdin(), &mut [0; 64]) {
            Ok(1..) => return Ok(()),
            Ok(0) if nothing > 1_000_000 => return Err(Errno::IO),
            Ok(0) => {
                nothing += 1;
                std::thread::park_timeout(PAUSE);
            }
            Err(Errno::INTR) => {}
            Err(why) => return Err(why),
        }
    }
    Ok(())
}

/// The terminal gives each key at once, until this is dropped.
struct Raw {
    before: Termios,
    over: Arc<AtomicBool>,
}

impl Raw {
    fn enter() -> Result<Self, Errno> {
        let before = tcgetattr(stdin())?;
        let mut raw = before.clone();
        raw.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        // A read ends after a tenth of a second, so that the thread that reads can end.
        raw.special_codes[SpecialCodeIndex::VMIN] = 0;
        raw.special_codes[SpecialCodeIndex::VTIME] = 1;
        tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        tcflush(stdin(), QueueSelector::IFlush)?;
        Ok(Self { before, over: Arc::default() })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}
