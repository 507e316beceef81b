//! From a stress fault to workers: how many, how much each, and what is cut because a laptop has to
//! live on. Pure.

use chaos::fault::{CpuStress, MemorySize, MemoryStress, StressFault};

use crate::stress::Work;

/// Workers per core of a pod that is confined to some: the share of a thread of the pod gets as
/// small as a 33rd.
const MAX_WORKERS_PER_CORE: usize = 32;
/// What all memory stress on a stage may hold together, in bytes.
const MAX_MEMORY: u64 = 512 * 1024 * 1024;
/// Workers that share one stress' memory.
const MAX_MEMORY_WORKERS: u32 = 64;
/// The kernel takes these first when memory runs out.
const OOM_SCORE: u16 = 1000;

/// What there is to take, as the plan is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capacity {
    /// Cores that the pod runs on.
    pub(super) cores: usize,
    /// Whether it is confined to them, so that others have some left.
    pub(super) confined: bool,
    /// Bytes that the host has.
    pub(super) total: u64,
    /// Bytes that the host could give now.
    pub(super) available: u64,
    /// Bytes that other stress on this stage may still take or has taken.
    pub(super) promised: u64,
}

/// One process to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    pub(super) work: Work,
    pub(super) oom_score: u16,
}

/// The workers, and what was cut, for people.
pub(super) fn plan(fault: &StressFault, capacity: Capacity) -> (Vec<Plan>, Vec<String>) {
    let mut cut = Vec::new();
    let cpu = fault.cpu.map(|cpu| cpu_workers(cpu, capacity, &mut cut));
    let memory = fault.memory.map(|memory| memory_workers(memory, capacity, &mut cut));
    let all = [cpu, memory].into_iter().flatten().flatten();
    (all.collect(), cut)
}

fn cpu_workers(cpu: CpuStress, capacity: Capacity, cut: &mut Vec<String>) -> Vec<Plan> {
    let most =
        if capacity.confined { MAX_WORKERS_PER_CORE * capacity.cores } else { capacity.cores };
    let wanted = usize::try_from(cpu.workers).unwrap_or(usize::MAX);
    if wanted > most {
        cut.push(format!("{most} CPU workers instead of {wanted}"));
    }
    let work = Work::Cpu { load: cpu.load_percent.min(100), threads: wanted.min(most) };
    if wanted == 0 { Vec::new() } else { vec![Plan { work, oom_score: OOM_SCORE }] }
}

fn memory_workers(memory: MemoryStress, capacity: Capacity, cut: &mut Vec<String>) -> Vec<Plan> {
    let workers = memory.workers.min(MAX_MEMORY_WORKERS);
    if workers < memory.workers {
        cut.push(format!("{workers} memory workers instead of {}", memory.workers));
    }
    if workers == 0 {
        return Vec::new();
    }
    let wanted = match memory.size {
        MemorySize::Bytes(bytes) => bytes,
        // Of the host, not of the container's limit; as Chaos Mesh has it.
        MemorySize::PercentOfHost(percent) => (capacity.total as f64 * percent / 100.0) as u64,
    };
    let most = MAX_MEMORY.saturating_sub(capacity.promised).min(capacity.available / 2);
    if wanted > most {
        cut.push(format!("{most} bytes of memory instead of {wanted}"));
    }
    let adj = memory.oom_score_adj.unwrap_or(i32::from(OOM_SCORE));
    let plan = Plan {
        work: Work::Memory {
            bytes: wanted.min(most) / u64::from(workers),
            grow: memory.grow_seconds,
        },
        oom_score: u16::try_from(adj.clamp(0, 1000)).unwrap_or(OOM_SCORE),
    };
    vec![plan; workers as usize]
}

impl Plan {
    /// The workers in it.
    pub(super) fn workers(&self) -> usize {
        match self.work {
            Work::Cpu { threads, .. } => threads,
            Work::Memory { .. } => 1,
        }
    }

    /// Bytes that it will hold.
    pub(super) fn bytes(&self) -> u64 {
        match self.work {
            Work::Cpu { .. } => 0,
            Work::Memory { bytes, .. } => bytes,
        }
    }
}

/// How much the kernel would rather kill this process than another one in the same cgroup
/// (`oom_badness`).
pub(super) fn badness(rss: u64, oom_score: u16, limit: u64) -> u64 {
    rss + limit / 1000 * u64::from(oom_score)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPACITY: Capacity =
        Capacity { cores: 2, confined: false, total: 16 << 30, available: 8 << 30, promised: 0 };

    fn memory(size: MemorySize, workers: u32) -> StressFault {
        let memory = MemoryStress { workers, size, grow_seconds: 0.0, oom_score_adj: None };
        StressFault { cpu: None, memory: Some(memory) }
    }

    fn cpu(workers: u32) -> StressFault {
        StressFault { cpu: Some(CpuStress { workers, load_percent: 80 }), memory: None }
    }

    fn bytes(fault: &StressFault, capacity: Capacity) -> (Vec<u64>, usize) {
        let (plans, cut) = plan(fault, capacity);
        (plans.iter().map(Plan::bytes).collect(), cut.len())
    }

    #[test]
    fn the_size_is_the_total_and_is_divided_by_the_workers() {
        let fault = memory(MemorySize::Bytes(100_000_000), 4);
        assert_eq!(bytes(&fault, CAPACITY), (vec![25_000_000; 4], 0));
        let fault = memory(MemorySize::PercentOfHost(1.0), 1);
        assert_eq!(bytes(&fault, CAPACITY), (vec![(16 << 30) / 100], 0));
        assert_eq!(bytes(&memory(MemorySize::Bytes(1), 0), CAPACITY), (vec![], 0));
    }

    #[test]
    fn memory_is_cut_to_what_the_host_can_spare_and_to_a_budget_of_the_stage() {
        let most = |fault: &StressFault, capacity| bytes(fault, capacity).0.iter().sum::<u64>();
        let half = memory(MemorySize::PercentOfHost(50.0), 1);
        assert_eq!(most(&half, CAPACITY), 512 << 20);
        assert_eq!(most(&half, Capacity { promised: 500 << 20, ..CAPACITY }), 12 << 20);
        assert_eq!(most(&half, Capacity { promised: 600 << 20, ..CAPACITY }), 0);
        assert_eq!(most(&half, Capacity { available: 100 << 20, ..CAPACITY }), 50 << 20);
        assert_eq!(plan(&half, CAPACITY).1, ["536870912 bytes of memory instead of 8589934592"]);
    }

    #[test]
    fn workers_are_cut_to_the_cores_unless_the_pod_is_confined_to_some() {
        let workers = |fault: &StressFault, capacity| {
            let (plans, cut) = plan(fault, capacity);
            (plans.first().map_or(0, Plan::workers), cut.len())
        };
        assert_eq!([0, 3].map(|wanted| workers(&cpu(wanted), CAPACITY)), [(0, 0), (2, 1)]);
        let confined = Capacity { cores: 1, confined: true, ..CAPACITY };
        let two = [32, 33].map(|wanted| workers(&cpu(wanted), confined));
        assert_eq!(two, [(32, 0), (32, 1)]);
        let work = Work::Cpu { load: 80, threads: 2 };
        assert_eq!(plan(&cpu(2), CAPACITY).0, [Plan { work, oom_score: 1000 }]);
    }

    #[test]
    fn a_stressor_dies_before_a_pod_that_is_larger_unless_its_score_is_lowered() {
        let limit = 64 << 20;
        let pod = badness(50 << 20, 500, limit);
        assert!(badness(20 << 20, 1000, limit) > pod);
        assert!(badness(20 << 20, 0, limit) < pod);
    }
}
