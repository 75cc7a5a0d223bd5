//! A picture as SVG.

use std::error::Error;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::panel::Panel;
use super::{Drawn, Picture};
use crate::laboratory::candidate::Candidate;

const SIZE: (u32, u32) = (960, 960);
const FONT: &str = "sans-serif";
/// Where the legend ends and the panels begin.
const HEAD: u32 = 100;
/// The width of one entry of the legend.
const ENTRY: i32 = 184;
/// Entries in one row of it, and how far rows are apart.
const ROW: usize = 5;
const ROW_HEIGHT: i32 = 24;

type Fallible<T> = Result<T, Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws a picture.
///
/// # Errors
///
/// When the drawing library refuses what it is given.
pub fn svg(picture: &Picture<'_>) -> Fallible<String> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (head, body) = root.split_vertically(HEAD);
        legend(&head, picture)?;
        let areas = body.split_evenly((3, 1));
        for (area, panel) in areas.iter().zip(Panel::all(picture)) {
            draw(area, &panel, picture)?;
        }
        root.present()?;
    }
    Ok(text)
}

fn legend(area: &Area<'_>, picture: &Picture<'_>) -> Fallible<()> {
    let title = (FONT, 19).into_font();
    let told = format!("{}: {}", picture.scenario.name, picture.scenario.title);
    area.draw(&Text::new(told, (16, 14), title))?;
    for (row, runs) in (0..).zip(picture.runs.chunks(ROW)) {
        let middle = 54 + row * ROW_HEIGHT;
        for (column, run) in (0..).zip(runs) {
            let left = 16 + column * ENTRY;
            let line = vec![(left, middle), (left + 22, middle)];
            area.draw(&PathElement::new(line, stroke(run).stroke_width(3)))?;
            let name = run.candidate.name();
            let font = (FONT, 16).into_font();
            area.draw(&Text::new(name, (left + 28, middle - 8), font))?;
        }
    }
    Ok(())
}

fn draw(area: &Area<'_>, panel: &Panel, picture: &Picture<'_>) -> Fallible<()> {
    let ends_s = picture.scenario.load().ends_at().as_secs_f64();
    let (least, most) = panel.axis;
    let mut chart = ChartBuilder::on(area);
    chart
        .caption(panel.title, (FONT, 16))
        .margin(8)
        .margin_right(24)
        .x_label_area_size(38)
        .y_label_area_size(64);
    if panel.is_log {
        let chart = chart.build_cartesian_2d(0.0..ends_s, (least..most).log_scale())?;
        lines(chart, panel, picture, ends_s)
    } else {
        let chart = chart.build_cartesian_2d(0.0..ends_s, least..most)?;
        lines(chart, panel, picture, ends_s)
    }
}

fn lines<'a, Y>(
    mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, Y>>,
    panel: &Panel,
    picture: &Picture<'_>,
    ends_s: f64,
) -> Fallible<()>
where
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(225, 225, 225))
        .label_style((FONT, 14))
        .x_desc("seconds")
        .x_label_formatter(&|seconds| format!("{seconds:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .draw()?;
    let (level, name) = panel.marked;
    let marked = [(0.0, level), (ends_s, level)];
    chart.draw_series(DashedLineSeries::new(marked, 6, 4, BLACK.stroke_width(1)))?;
    // The law is drawn last, above all others.
    let is_law = |run: &&Drawn| run.candidate == Candidate::Law;
    let others = picture.runs.iter().filter(|run| !is_law(run));
    for run in others.chain(picture.runs.iter().filter(is_law)) {
        let within = |point: &(f64, f64)| point.0 <= ends_s;
        let line = panel.line(&run.record).into_iter().filter(within);
        chart.draw_series(LineSeries::new(line, stroke(run)))?;
    }
    // Above the lines, which shine through what makes it readable.
    let ground = Rectangle::new([(4, -18), (58, -3)], WHITE.mix(0.8).filled());
    let label = EmptyElement::at((0.0, level)) + ground + Text::new(name, (6, -16), (FONT, 13));
    chart.draw_series([label])?;
    Ok(())
}

/// Colours that stay apart for those who see fewer of them (Okabe and Ito).
fn stroke(run: &Drawn) -> ShapeStyle {
    let (colour, width) = match run.candidate {
        Candidate::None => (RGBColor(165, 165, 165), 2),
        Candidate::Static => (RGBColor(60, 60, 60), 1),
        Candidate::Aimd => (RGBColor(213, 94, 0), 1),
        Candidate::AimdTarget => (RGBColor(230, 159, 0), 1),
        Candidate::Gradient2 => (RGBColor(0, 158, 115), 1),
        Candidate::Envoy => (RGBColor(204, 121, 167), 1),
        Candidate::AimdFitted => (RGBColor(240, 228, 66), 2),
        Candidate::Gradient2Fitted => (RGBColor(86, 180, 233), 2),
        Candidate::EnvoyFitted => (RGBColor(130, 80, 160), 2),
        Candidate::Law => (RGBColor(0, 114, 178), 3),
    };
    colour.stroke_width(width)
}
