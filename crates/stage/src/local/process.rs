//! Child processes: started on one thread, signalled only while they are not yet reaped.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::sync::oneshot;

use super::config::Shim;

/// What to start.
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) dir: PathBuf,
    /// Standard output and error.
    pub(crate) log: File,
    /// Most open files.
    pub(crate) files: u64,
    /// 0..=1000: how early the kernel takes this one when memory runs out.
    pub(crate) oom_score: u16,
    /// 0..=19: how far it stands back when CPU time runs out.
    pub(crate) nice: u8,
}

/// Starts processes on one long-lived thread. The kernel sends the parent-death signal when the
/// *thread* that forked ends, not the process, so children must never be started from a pool of
/// threads that come and go. Dropping the last clone ends the thread, and with it every child.
#[derive(Clone)]
pub(crate) struct Spawner {
    requests: mpsc::SyncSender<(Command, oneshot::Sender<io::Result<Child>>)>,
    shim: Shim,
}

impl Spawner {
    pub(crate) fn start(shim: Shim) -> io::Result<Self> {
        let (requests, orders) =
            mpsc::sync_channel::<(Command, oneshot::Sender<io::Result<Child>>)>(1);
        std::thread::Builder::new().name("stage-spawner".into()).spawn(move || {
            for (mut command, reply) in orders {
                // If the caller went meanwhile, the child must not stay.
                if let Err(Ok(mut orphan)) = reply.send(command.spawn()) {
                    let _ = orphan.kill();
                    let _ = orphan.wait();
                }
            }
        })?;
        Ok(Self { requests, shim })
    }

    pub(crate) async fn spawn(&self, launch: Launch) -> io::Result<Process> {
        let mut command = Command::new(&self.shim.program);
        command
            .args(&self.shim.args)
            .arg(format!("--parent={}", std::process::id()))
            .arg(format!("--files={}", launch.files))
            .arg(format!("--oom-score={}", launch.oom_score))
            .arg(format!("--nice={}", launch.nice))
            .arg("--")
            .arg(&launch.program)
            .args(&launch.args)
            .env_clear()
            .envs(launch.env)
            .current_dir(&launch.dir)
            .stdin(Stdio::null())
            .stdout(launch.log.try_clone()?)
            .stderr(launch.log)
            // Its own group: Ctrl-C in the terminal reaches the stage only, and a kill reaches the
            // grandchildren too.
            .process_group(0);
        let gone = || io::Error::other("the spawning thread has ended");
        let (reply, child) = oneshot::channel();
        self.requests.send((command, reply)).map_err(|_| gone())?;
        let child = child.await.map_err(|_| gone())??;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(gone)?;
        Ok(Process { child, pid, exited: None })
    }
}

/// A child that this stage started. Its pid cannot be reused before [`Process::poll`] has reaped
/// it, and nothing is signalled after that.
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    exited: Option<ExitStatus>,
}

impl Process {
    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        if self.exited.is_none() {
            let _ = rustix::process::kill_process(self.pid, Signal::TERM);
        }
    }

    /// Ends it and whatever it started in its group.
    pub(crate) fn kill(&self) {
        if self.exited.is_none() {
            let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
            let _ = rustix::process::kill_process(self.pid, Signal::KILL);
        }
    }

    /// Its exit, once there is one.
    pub(crate) fn poll(&mut self) -> Option<ExitStatus> {
        if self.exited.is_none() {
            let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            if let Ok(Some(_)) = rustix::process::waitid(WaitId::Pid(self.pid), peek) {
                // Dead but not yet reaped, so the group's number is still its own: end what it left
                // behind.
                let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
                self.exited = self.child.try_wait().ok().flatten();
            }
        }
        self.exited
    }

    /// Resident bytes.
    pub(crate) fn rss_bytes(&self) -> Option<u64> {
        let [resident, _] = self.resident_and_shared()?;
        Some(resident)
    }

    /// Resident bytes that are its own. What it maps of its program is not: many processes of one
    /// program share that, and a cgroup charges it once.
    pub(crate) fn anonymous_bytes(&self) -> Option<u64> {
        let [resident, shared] = self.resident_and_shared()?;
        Some(resident.saturating_sub(shared))
    }

    fn resident_and_shared(&self) -> Option<[u64; 2]> {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.pid())).ok()?;
        let mut pages = statm.split(' ').skip(1).map(str::parse::<u64>);
        let mut bytes = || Some(pages.next()?.ok()? * rustix::param::page_size() as u64);
        Some([bytes()?, bytes()?])
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.exited.is_none() {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

/// Exit code as Kubernetes reports it.
pub(crate) fn exit_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}
