//! The reliability curve, as a picture that is readable on light and on dark ground.

use std::fmt::Write;

use super::{BANDS, Band, interval};

const WIDTH: f64 = 500.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 58.0;
const TOP: f64 = 40.0;
const SIDE: f64 = 300.0;
/// The axes begin here: with four kinds the best has at least a quarter.
const LOW: f64 = 0.3;

/// Share of right verdicts over stated confidence, with the 99 % interval of each band.
pub fn draw(bands: &[Band; BANDS.len()], scans: u32) -> String {
    let x = |p: f64| LEFT + SIDE * (p - LOW) / (1.0 - LOW);
    let y = |p: f64| TOP + SIDE - SIDE * (p.max(LOW) - LOW) / (1.0 - LOW);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>Target lists: share of right verdicts over stated confidence</title>\n\
         <style>text{{fill:#7a7f87}}.frame{{stroke:#7a7f87;fill:none}}.even{{stroke:#7a7f87;stroke-dasharray:4 4}}\
         .bar{{stroke:#c2702a;stroke-width:2;opacity:.75}}.dot{{fill:#2f86d1}}.small{{font-size:10px}}</style>\n"
    );
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"22\">Target lists: right as often as they say ({} simulated scans)</text>",
        grouped(scans)
    );
    let _ = writeln!(
        svg,
        "<rect class=\"frame\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{SIDE}\" height=\"{SIDE}\"/>\n\
         <line class=\"even\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
        x(LOW),
        y(LOW),
        x(1.0),
        y(1.0)
    );
    for tick in [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0] {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tick}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{tick}</text>",
            x(tick),
            TOP + SIDE + 17.0,
            LEFT - 6.0,
            y(tick) + 4.0
        );
    }
    for band in bands.iter().filter(|band| band.count > 0) {
        let (low, high) = interval(band);
        let share = |right: u64| right as f64 / band.count as f64;
        let place = x(band.mean());
        let _ = writeln!(
            svg,
            "<line class=\"bar\" x1=\"{place:.1}\" y1=\"{:.1}\" x2=\"{place:.1}\" y2=\"{:.1}\"/>\
             <circle class=\"dot\" cx=\"{place:.1}\" cy=\"{:.1}\" r=\"4\"/>",
            y(share(low)),
            y(share(high)),
            y(share(band.right))
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">stated confidence</text>\
         <text x=\"16\" y=\"{}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {})\">share of right verdicts</text>",
        LEFT + SIDE / 2.0,
        TOP + SIDE + 38.0,
        TOP + SIDE / 2.0,
        TOP + SIDE / 2.0
    );
    let mut line = TOP + 12.0;
    let _ =
        writeln!(svg, "<text class=\"small\" x=\"{}\" y=\"{line}\">scans in band</text>", LEFT + SIDE + 14.0);
    for (low, band) in BANDS.iter().zip(bands).rev() {
        line += 16.0;
        let _ = writeln!(
            svg,
            "<text class=\"small\" x=\"{}\" y=\"{line}\">from {low}: {}</text>",
            LEFT + SIDE + 14.0,
            band.count
        );
    }
    line += 24.0;
    for text in ["bars: 99 % binomial", "interval around the", "stated confidence"] {
        let _ =
            writeln!(svg, "<text class=\"small\" x=\"{}\" y=\"{line}\">{text}</text>", LEFT + SIDE + 14.0);
        line += 13.0;
    }
    svg.push_str("</svg>\n");
    svg
}

/// With commas.
fn grouped(number: u32) -> String {
    if number < 1_000 {
        number.to_string()
    } else {
        format!("{},{:03}", grouped(number / 1_000), number % 1_000)
    }
}
