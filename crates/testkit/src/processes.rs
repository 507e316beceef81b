//! What the kernel knows: processes, their memory, and who listens where.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

/// Every process of this machine.
pub fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// Processes that work in a folder below `folder`, or name it in their arguments or environment:
/// pid and command line. Zombies do neither.
pub fn of(folder: &Path) -> BTreeMap<i32, String> {
    let name = folder.to_str().unwrap();
    let belongs = |pid: &i32| {
        works_in(*pid, folder)
            || command_line(*pid).contains(name)
            || text(*pid, "environ").contains(name)
    };
    pids().filter(belongs).map(|pid| (pid, command_line(pid))).collect()
}

/// Processes that work in a folder below `folder`, as a stage and all its children do. Zombies work
/// nowhere.
pub fn working_in(folder: &Path) -> Vec<i32> {
    pids().filter(|pid| works_in(*pid, folder)).collect()
}

fn works_in(pid: i32, folder: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
}

/// The processes of `folder` that run `program`. Between its start and `exec` a process does not
/// yet.
pub fn running(folder: &Path, program: &str) -> Vec<i32> {
    let runs = |line: &str| {
        line.split(' ').next().is_some_and(|first| Path::new(first).ends_with(program))
    };
    of(folder).into_iter().filter(|(_, line)| runs(line)).map(|(pid, _)| pid).collect()
}

/// A signal to a process that this test started, itself or through `tale`. After SIGSTOP it hangs,
/// and SIGTERM does not end it.
pub fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Whether a process runs; a zombie does not.
pub fn is_alive(pid: i32) -> bool {
    let stat = text(pid, "stat");
    !stat.is_empty() && !stat.contains(") Z ")
}

/// A line of `/proc/PID/status` in kibibytes, such as `VmHWM`; none once the process has ended.
pub fn memory_kib(pid: i32, field: &str) -> Option<u64> {
    let status = text(pid, "status");
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Sockets by inode, which no other socket has while the first is open.
pub type Sockets = BTreeMap<u64, SocketAddrV4>;

/// Everything that waits for somebody: listening TCP sockets and UDP sockets.
pub fn listeners() -> Sockets {
    let tcp = sockets("tcp").into_iter().filter(|(_, _, state)| state == "0A");
    tcp.chain(sockets("udp")).map(|(inode, address, _)| (inode, address)).collect()
}

/// Those of them that `pids` hold.
pub fn listeners_of<'p>(pids: impl IntoIterator<Item = &'p i32>) -> Sockets {
    let mut all = listeners();
    let held: Vec<u64> = pids.into_iter().flat_map(|pid| inodes(*pid)).collect();
    all.retain(|inode, _| held.contains(inode));
    all
}

fn inodes(pid: i32) -> Vec<u64> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
    let links = files.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let inode =
        |link: PathBuf| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok();
    links.filter_map(inode).collect()
}

/// Inode, local address and state of each line in `/proc/net/{tcp,udp}`.
fn sockets(protocol: &str) -> Vec<(u64, SocketAddrV4, String)> {
    let table = fs::read_to_string(format!("/proc/net/{protocol}")).unwrap();
    let socket = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (ip, port) = columns[1].split_once(':').unwrap();
        let ip = u32::from_str_radix(ip, 16).unwrap().to_ne_bytes();
        let port = u16::from_str_radix(port, 16).unwrap();
        let address = SocketAddrV4::new(Ipv4Addr::from(ip), port);
        (columns[9].parse().unwrap(), address, columns[3].to_owned())
    };
    table.lines().skip(1).map(socket).collect()
}

/// The arguments, separated by spaces; empty for a zombie.
pub fn command_line(pid: i32) -> String {
    text(pid, "cmdline").replace('\0', " ")
}

fn text(pid: i32, file: &str) -> String {
    let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
