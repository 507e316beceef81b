//! Word to the secondaries that there is another version (NOTIFY, RFC 1996): sent until it is
//! acknowledged, or is old news.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use authority::metrics::Metrics;
use authority::published::Published;
use authority::zone::Zone;
use domain::base::iana::{Opcode, Rcode};
use domain::base::{Message, MessageBuilder, Rtype};
use domain::rdata::tsig::Time48;
use domain::tsig::{ClientTransaction, Key};
use instrument::dns::Resolver;
use rocket::tokio::net::UdpSocket;
use rocket::tokio::task::JoinSet;
use rocket::tokio::time::{sleep, timeout};

use crate::host::Host;

/// How long an acknowledgement is waited for, each time.
const WAITS: [u64; 4] = [1, 2, 4, 8];

/// Sends word of every version.
pub struct Notifier {
    /// To whom.
    pub targets: Vec<Host>,
    /// How their names become addresses.
    pub resolver: Resolver,
    /// What to sign with, if at all: a server that does not know the key refuses the word.
    pub key: Option<Arc<Key>>,
    /// What there is to tell.
    pub published: Arc<Published>,
    /// Everything is counted.
    pub metrics: Metrics,
}

impl Notifier {
    /// Tells of the version that there is, and then of each new one.
    pub async fn run(self: Arc<Self>) {
        let mut changes = self.published.changes();
        changes.mark_changed();
        let mut round = JoinSet::new();
        while changes.changed().await.is_ok() {
            changes.mark_unchanged();
            let Some(zone) = self.published.zone() else { continue };
            round.abort_all(); // old news
            for index in 0..self.targets.len() {
                let (notifier, zone) = (self.clone(), zone.clone());
                round.spawn(async move { notifier.tell(&notifier.targets[index], &zone).await });
            }
            while round.try_join_next().is_some() {}
        }
    }

    async fn tell(&self, target: &Host, zone: &Zone) {
        let servers = match target.resolve(&self.resolver).await {
            Ok(servers) => servers,
            Err(why) => {
                tracing::warn!(secondary = %target.name, %why, "not found, not notified");
                return self.metrics.notified("out", Err(()));
            }
        };
        for server in servers {
            let told = self.tell_one(server, zone).await;
            if let Err(why) = &told {
                tracing::warn!(%server, why, serial = zone.serial(), "not notified");
            }
            self.metrics.notified("out", told.map_err(drop));
        }
    }

    async fn tell_one(&self, server: SocketAddr, zone: &Zone) -> Result<(), String> {
        let local = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(local).await.map_err(|why| why.to_string())?;
        socket.connect(server).await.map_err(|why| why.to_string())?;
        let mut last = "no acknowledgement".to_owned();
        for seconds in WAITS {
            let (id, message) = self.message(zone)?;
            let sent = socket.send(&message).await;
            let mut buffer = [0; 1232];
            let answer = timeout(Duration::from_secs(seconds), async {
                loop {
                    let length = socket.recv(&mut buffer).await?;
                    if let Some(rcode) = acknowledged(&buffer[..length], id) {
                        return Ok::<_, std::io::Error>(rcode);
                    }
                }
            });
            match answer.await {
                Ok(Ok(Rcode::NOERROR)) => return Ok(()),
                Ok(Ok(rcode)) => return Err(format!("it answers {rcode}")),
                Ok(Err(why)) => {
                    // Nobody listens there yet, and the kernel says so at once.
                    last = sent.err().unwrap_or(why).to_string();
                    sleep(Duration::from_secs(seconds)).await;
                }
                Err(_) => {}
            }
        }
        Err(last)
    }

    fn message(&self, zone: &Zone) -> Result<(u16, Vec<u8>), String> {
        let long = |_| "too long".to_owned();
        let mut builder = MessageBuilder::new_vec();
        let id = rand::random();
        builder.header_mut().set_id(id);
        builder.header_mut().set_opcode(Opcode::NOTIFY);
        builder.header_mut().set_aa(true);
        let mut question = builder.question();
        question.push((zone.apex(), Rtype::SOA)).map_err(long)?;
        let mut answer = question.answer();
        answer.push(zone.soa_entry()).map_err(long)?;
        let mut additional = answer.additional();
        if let Some(key) = &self.key {
            let signed = ClientTransaction::request(key.clone(), &mut additional, Time48::now());
            signed.map_err(long)?;
        }
        Ok((id, additional.finish()))
    }
}

fn acknowledged(bytes: &[u8], id: u16) -> Option<Rcode> {
    let message = Message::from_octets(bytes).ok()?;
    let header = message.header();
    (header.qr() && header.id() == id && header.opcode() == Opcode::NOTIFY).then(|| header.rcode())
}
