//! Many at once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::support::{PATIENCE, Registry};

const CLIENTS: usize = 500;
const BYTES: usize = 10_000_000;

#[test]
#[ignore = "moves 5 GB over loopback"]
fn five_hundred_pulls_of_ten_megabytes_at_once_fit_into_a_hundred_of_memory_of_a_registry() {
    let registry = Registry::open(&[]);
    let digest = registry.push_blob("shop", &vec![7; BYTES]);
    let before = peak_kib(registry.pid());
    let begun = Instant::now();
    let request =
        format!("GET /v2/shop/blobs/{digest} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    // All are there before anybody reads.
    let streams: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut stream = TcpStream::connect(registry.address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    let readers: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            std::thread::Builder::new()
                .stack_size(128 << 10)
                .spawn(move || {
                    let (mut piece, mut all) = ([0; 16 << 10], 0);
                    loop {
                        match stream.read(&mut piece).unwrap() {
                            0 => return all,
                            read => all += read,
                        }
                    }
                })
                .unwrap()
        })
        .collect();
    for reader in readers {
        assert!(reader.join().unwrap() > BYTES);
    }
    let peak = peak_kib(registry.pid());
    println!("peak {peak} KiB (before {before}), {:?}", begun.elapsed());
    assert!(peak < 100_000, "{peak} KiB");
}

fn peak_kib(pid: u32) -> u64 {
    testkit::processes::memory_kib(pid.try_into().unwrap(), "VmHWM").unwrap()
}
