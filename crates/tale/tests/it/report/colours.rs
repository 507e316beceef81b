//! The colours of lines, for those who see fewer of them: told apart by anybody, in light and in
//! dark rooms, and on paper.

/// What the eye makes of red, green and blue: as usual, and without the cones for long, middle and
/// short waves (Machado, Oliveira and Fernandes 2009, in full severity).
const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    ("usual", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_82, 0.042_94, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_9],
        ],
    ),
];

const CSS: &str = include_str!("../../../src/report/svg/chart.css");
/// The paper in a light and in a dark room.
const PAPERS: [&str; 2] = ["#ffffff", "#12161c"];

fn linear(colour: &str) -> [f64; 3] {
    [1, 3, 5].map(|at| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
}

fn seen(colour: &str, eye: &[[f64; 3]; 3]) -> [f64; 3] {
    let light = linear(colour);
    let [r, g, b] = eye.map(|row| {
        row.iter().zip(light).map(|(share, part)| share * part).sum::<f64>().clamp(0.0, 1.0)
    });
    let x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505;
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089;
    let [x, y, z] = [x, y, z]
        .map(|part| if part > 0.008_856 { part.cbrt() } else { 7.787 * part + 16.0 / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn contrast(one: &str, other: &str) -> f64 {
    let bright = |colour: &str| {
        let [r, g, b] = linear(colour);
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
    };
    let (one, other) = (bright(one), bright(other));
    one.max(other) / one.min(other)
}

/// The strokes of a room.
fn strokes(css: &str) -> Vec<&str> {
    let marks = (0..).map(|index| format!(".s{index} {{ stroke: "));
    let found = marks.map_while(|mark| css.split(&mark).nth(1)?.get(..7));
    found.collect()
}

#[test]
fn five_hues_are_told_apart_by_anybody_and_stand_out_from_the_paper() {
    let (light, dark) = CSS.split_once("@media").unwrap();
    for (css, paper) in [light, dark].into_iter().zip(PAPERS) {
        let strokes = strokes(css);
        assert_eq!(strokes.len(), 5);
        for (index, one) in strokes.iter().enumerate() {
            assert!(contrast(one, paper) >= 4.4, "{one} on {paper}: {:.1}", contrast(one, paper));
            for other in &strokes[..index] {
                for (name, eye) in &EYES {
                    let (a, b) = (seen(one, eye), seen(other, eye));
                    let apart: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
                    assert!(apart.sqrt() > 20.0, "{name}: {one} and {other}: {:.0}", apart.sqrt());
                }
            }
        }
    }
}
