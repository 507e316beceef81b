//! Which program holds a port: the kernel's tables of sockets, and whose file descriptor it is.

use std::fs;
use std::os::unix::fs::MetadataExt;

/// The state of a socket that listens, in `/proc/net/tcp`.
const LISTENS: &str = "0A";

/// The program that listens on a TCP port of all addresses, as `python3 (4711)`; none if nobody
/// does, or it is somebody else's and not to be seen.
pub fn port_holder(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let texts = tables.iter().filter_map(|table| fs::read_to_string(table).ok());
    let inodes: Vec<u64> = texts.flat_map(|text| listeners(&text, port)).collect();
    let pids = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let pid = pids.find(|pid| holds(*pid, &inodes))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(format!("{} ({pid})", name.trim()))
}

/// The inodes of the sockets that listen on this port of all addresses.
fn listeners(table: &str, port: u16) -> Vec<u64> {
    let rows = table.lines().skip(1).filter_map(|row| {
        let fields: Vec<&str> = row.split_whitespace().collect();
        let (address, number) = fields.get(1)?.split_once(':')?;
        let everywhere = address.bytes().all(|byte| byte == b'0');
        let here = u16::from_str_radix(number, 16).ok()? == port;
        let listens = *fields.get(3)? == LISTENS;
        (everywhere && here && listens).then(|| fields.get(9)?.parse().ok())?
    });
    rows.collect()
}

/// Whether a process has one of these sockets open.
fn holds(pid: u32, inodes: &[u64]) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    // What a descriptor leads to: a socket has the inode of its row.
    let inode = |entry: fs::DirEntry| Some(fs::metadata(entry.path()).ok()?.ino());
    files.filter_map(inode).any(|inode| inodes.contains(&inode))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_program_on_a_port_is_named() {
        let program = TcpListener::bind(("0.0.0.0", 0)).unwrap();
        let port = program.local_addr().unwrap().port();
        let named = port_holder(port).unwrap();
        assert!(named.ends_with(&format!("({})", std::process::id())), "{named}");
        drop(program);
        assert_eq!(port_holder(port), None);
        // On one address only, it is in nobody's way.
        let elsewhere = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        assert_eq!(port_holder(elsewhere.local_addr().unwrap().port()), None);
    }
}
