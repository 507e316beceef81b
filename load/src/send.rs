//! From the moment a request is due to its end, in the order of the files: the scheduler releases
//! it, a worker's queue holds it until a client is free, the client sends it over its connection.

mod client;
mod connection;
mod deadline;
mod queue;
mod scheduler;
mod worker;

pub(crate) use connection::Connection;
pub(crate) use scheduler::Scheduler;
pub(crate) use worker::work;
