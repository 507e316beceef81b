//! What is found and who is falsely accused, of a hundred series of each kind that people have,
//! over ten minutes to three days. The table is in the README: `TALES_BLESS=1 cargo test -p stats`
//! writes it.

use std::fmt::Write;

use super::*;

const SERIES: u64 = 100;
/// Length of the window, time between scrapes, and name.
const WINDOWS: [(f64, f64, &str); 4] = [
    (600.0, 5.0, "10 min"),
    (3600.0, 15.0, "1 h"),
    (21_600.0, 60.0, "6 h"),
    (259_200.0, 60.0, "3 d"),
];
const BASE: f64 = 1e8;

/// What grows, by 30 % over the window, and what does not.
#[derive(Clone, Copy, PartialEq)]
enum Growth {
    Calm,
    Leak,
}

/// Noise by samples in shares of the level: `n` samples.
type Noise = fn(&mut Dice, usize) -> Vec<f64>;

/// Random numbers from a seed (SplitMix64): millions of them, in a build without optimization of
/// others' code.
struct Dice(u64);

impl Dice {
    /// From 0 to 1.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.roll()
    }
}

fn bell(dice: &mut Dice) -> f64 {
    // Twelve uniform numbers make a good enough bell.
    (0..12).map(|_| dice.roll() - 0.5).sum()
}

fn plain(dice: &mut Dice, n: usize) -> Vec<f64> {
    (0..n).map(|_| 0.01 * bell(dice)).collect()
}

fn autoregressive(dice: &mut Dice, n: usize, phi: f64) -> Vec<f64> {
    let mut x = 0.0;
    let mut next = || {
        x = phi * x + 0.002 * bell(dice);
        x
    };
    (0..n).map(|_| next()).collect()
}

fn short_memory(dice: &mut Dice, n: usize) -> Vec<f64> {
    autoregressive(dice, n, 0.9)
}

fn long_memory(dice: &mut Dice, n: usize) -> Vec<f64> {
    autoregressive(dice, n, 0.99)
}

fn walk(dice: &mut Dice, n: usize) -> Vec<f64> {
    // As far as 5 % on average, however many samples there are.
    let step = 0.05 / (n as f64).sqrt();
    autoregressive(dice, n, 1.0).iter().map(|x| x / 0.002 * step).collect()
}

/// 10 to 40 %, with a period of a tenth to half of the window.
fn saw(dice: &mut Dice, n: usize) -> Vec<f64> {
    let period = n as f64 * dice.between(0.1, 0.5);
    let (size, phase) = (dice.between(0.1, 0.4), dice.between(0.0, 1.0));
    (0..n).map(|x| size * ((x as f64 / period + phase) % 1.0) + 0.003 * bell(dice)).collect()
}

fn step(dice: &mut Dice, n: usize) -> Vec<f64> {
    let at = dice.between(0.1, 0.9) * n as f64;
    let size = dice.between(-0.3, 0.4);
    (0..n).map(|x| if (x as f64) < at { 0.0 } else { size } + 0.005 * bell(dice)).collect()
}

fn warm_up(dice: &mut Dice, n: usize) -> Vec<f64> {
    let tau = dice.between(0.02, 0.5) * n as f64;
    (0..n).map(|x| -0.5 * (-(x as f64) / tau).exp() + 0.005 * bell(dice)).collect()
}

struct Class {
    name: &'static str,
    noise: Noise,
    growth: Growth,
    restarts: usize,
    told: bool,
    /// Found, or accused, of a hundred: what the README promises.
    least: u32,
    most: u32,
}

const fn calm(name: &'static str, noise: Noise) -> Class {
    Class { name, noise, growth: Growth::Calm, restarts: 0, told: false, least: 0, most: 2 }
}

const fn leaking(name: &'static str, noise: Noise, least: u32) -> Class {
    Class { name, noise, growth: Growth::Leak, restarts: 0, told: false, least, most: 100 }
}

const CLASSES: [Class; 19] = [
    calm("calm, plain noise of 1 %", plain),
    calm("calm, AR(1) 0.9", short_memory),
    calm("calm, AR(1) 0.99", long_memory),
    calm("calm, random walk", walk),
    calm("calm, sawtooth, start not told", saw),
    Class { told: true, ..calm("calm, sawtooth, start told", saw) },
    calm("calm, a step", step),
    calm("calm, warm-up that slows", warm_up),
    Class { restarts: 3, told: true, ..calm("calm, three restarts told", plain) },
    Class { restarts: 1, ..calm("calm, a restart not told", plain) },
    leaking("+30 %, plain noise of 1 %", plain, 95),
    leaking("+30 %, AR(1) 0.9", short_memory, 95),
    leaking("+30 %, AR(1) 0.99", long_memory, 0),
    leaking("+30 %, random walk", walk, 0),
    leaking("+30 %, sawtooth, start not told", saw, 0),
    Class { told: true, ..leaking("+30 %, sawtooth, start told", saw, 0) },
    Class { restarts: 2, told: true, ..leaking("+30 %, two restarts told", plain, 95) },
    Class { restarts: 1, ..leaking("+30 %, a restart not told", plain, 95) },
    Class { restarts: 3, ..leaking("+30 %, three restarts not told", plain, 0) },
];

/// Samples of a series, and the starts of its process that are told.
fn series(class: &Class, seconds: f64, scrape: f64, seed: u64) -> (Vec<(f64, f64)>, Vec<f64>) {
    let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let n = (seconds / scrape) as usize;
    let mut starts = vec![-seconds];
    let parts = class.restarts as f64 + 1.0;
    starts.extend(
        (0..class.restarts)
            .map(|restart| (restart as f64 + dice.between(0.7, 1.3)) / parts * seconds),
    );
    let noise = (class.noise)(&mut dice, n);
    let samples = noise.into_iter().enumerate().map(|(x, noise)| {
        let time = x as f64 * scrape;
        let started = starts.iter().rev().find(|start| **start <= time).copied().unwrap_or(0.0);
        let grown = match class.growth {
            Growth::Calm => 0.0,
            Growth::Leak => 0.3 * (time - started.max(0.0)) / seconds,
        };
        (time, (BASE * (1.0 + noise + grown)).round())
    });
    let samples = samples.collect();
    (samples, if class.told { starts } else { Vec::new() })
}

struct Counted {
    leak: u32,
    cannot: u32,
}

fn count(class: &Class, seconds: f64, scrape: f64) -> Counted {
    let settings = LeakSettings {
        warm_up_seconds: (seconds / 20.0).max(30.0),
        horizon_seconds: 2.0 * seconds,
        ..LeakSettings::default()
    };
    let mut counted = Counted { leak: 0, cannot: 0 };
    for seed in 0..SERIES {
        let (samples, starts) = series(class, seconds, scrape, seed);
        match leak(&samples, &starts, &settings).verdict {
            LeakVerdict::Leak => counted.leak += 1,
            LeakVerdict::CannotTell | LeakVerdict::TooShort => counted.cannot += 1,
            LeakVerdict::NoLeak => {}
        }
    }
    counted
}

#[test]
fn the_readme_tells_how_many_of_a_hundred_are_found_and_falsely_accused() {
    let mut table = String::from("| of 100 series: leak / cannot be told |");
    for (_, _, name) in WINDOWS {
        let _ = write!(table, " {name} |");
    }
    table.push_str("\n| --- | ---: | ---: | ---: | ---: |\n");
    let mut broken = Vec::new();
    for class in &CLASSES {
        let _ = write!(table, "| {} |", class.name);
        for (seconds, scrape, window) in WINDOWS {
            let counted = count(class, seconds, scrape);
            let _ = write!(table, " {} / {} |", counted.leak, counted.cannot);
            if !(class.least..=class.most).contains(&counted.leak) {
                broken.push(format!("{} over {window}: {} leaks", class.name, counted.leak));
            }
        }
        table.push('\n');
    }
    println!("{table}");
    assert!(broken.is_empty(), "{broken:#?}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once("<!-- leak table -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end of leak table -->").unwrap();
    let wanted = format!("{before}<!-- leak table -->\n{table}<!-- end of leak table -->{after}");
    if std::env::var_os("TALES_BLESS").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let readme = std::fs::read_to_string(path).unwrap();
    assert!(
        readme == wanted,
        "the table is another one: TALES_BLESS=1 cargo test -p stats writes it"
    );
}
