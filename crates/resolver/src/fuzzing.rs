//! Entries for the fuzzer: whatever the bytes are, nothing here panics. Not part of the interface.

use domain::base::{Name, Rtype};

use crate::{hosts, message::Query, name, numeric, resolv_conf, search, watched_file::Text};

/// `bytes` as `resolv.conf`, and what is then asked for a few names.
pub fn resolv_conf(bytes: &[u8]) {
    let (settings, _) = resolv_conf::parse(&Text::new(bytes), 53);
    assert!(settings.nameservers.len() <= 3 && (1..=5).contains(&settings.attempts));
    for name in ["orders", "www.example.com", "a.b.c.d.e.f."] {
        let candidates = search::candidates(name, &settings).expect("these are good names");
        assert!(!candidates.is_empty());
        assert!(
            !settings.worst_case(candidates.len()).is_zero() || settings.nameservers.is_empty()
        );
    }
}

/// `bytes` as the hosts file.
pub fn hosts(bytes: &[u8]) {
    let (table, _) = hosts::parse(&Text::new(bytes));
    assert!(table.values().all(|addresses| !addresses.is_empty()));
}

/// `bytes` as a name, or as an address.
pub fn name(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = (numeric::address(&text), numeric::zone(&text));
    if let Ok(name) = name::complete(&text) {
        assert!(name.len() <= 255, "{text}");
    }
}

/// `bytes` as an answer: as they are, and behind the header and question of a real one.
pub fn answer(bytes: &[u8]) {
    let name = Name::vec_from_str("orders.shop.").expect("this is a good name");
    for rtype in [Rtype::A, Rtype::AAAA] {
        for edns in [false, true] {
            let query = Query::new(&name, rtype, edns);
            query.reply_in(bytes);
            let mut packet = query.as_bytes().to_vec();
            packet[2] |= 0x80; // "this is a response"
            if let Some((counts, rest)) = bytes.split_first_chunk::<6>() {
                packet[6..12].copy_from_slice(counts);
                packet.extend_from_slice(rest);
                query.reply_in(&packet);
            }
        }
    }
}
