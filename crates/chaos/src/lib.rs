//! Chaos Mesh documents, their rules, and an engine that plays them without a cluster.
pub mod cron;
pub mod dns_chaos;
pub mod document;
pub mod duration;

pub mod engine;
pub mod injector;
pub mod journal;
pub mod kind;
pub mod lint;
pub mod mode;
pub mod patterns;
pub mod pod_chaos;
pub mod problem;
pub mod render;
pub mod schedule;
pub mod selector;
