//! File descriptors that the admin port has for itself.
//!
//! Lesson: *whoever watches must not need what is used up.* Clients that never hang up take
//! descriptor after descriptor, and when none is left no port of the process accepts any more: just
//! when everybody wants to see why. The limit, however, holds for a *table* of descriptors, and on
//! Linux a thread can have a table of its own.

use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Gives the calling thread, and those that it starts from now on, a table of their own: a copy of
/// what is open now.
///
/// Its runtime has to exist already: others wake it through a descriptor, which has to be in both
/// tables.
///
/// Some sandboxes forbid it (seccomp). Then the thread shares the descriptors as before, and a log
/// line says so.
#[expect(unsafe_code, reason = "std has no safe way; see SAFETY")]
pub(super) fn of_its_own() {
    // SAFETY: a descriptor that is opened from here on must not be used by threads of the other
    // table. What this thread opens (its listener, its connections, the files of a heap profile)
    // stays on this thread and those of its runtime, and nothing that others open is handed to it:
    // they share memory, counters and the wakers made before.
    let own = unsafe { unshare_unsafe(UnshareFlags::FILES) };
    if let Err(why) = own {
        tracing::info!(%why, "the admin port has no file descriptors of its own");
    }
}
