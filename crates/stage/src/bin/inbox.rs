//! The inbox of a stage as a program of its own, for stages whose Alertmanager is in a cluster.

use std::net::Ipv4Addr;

use stage::inbox::Inbox;

/// Where it listens, at every address of its pod.
const PORT: u16 = 8080;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let (_, _, mut serving) = Inbox::start(Ipv4Addr::UNSPECIFIED, PORT).await?;
    let mut end = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    // As process 1 of its container, it would not end by a signal that it does not wait for.
    tokio::select! {
        _ = &mut serving => {}
        _ = end.recv() => {}
    }
    Ok(())
}
