//! The margins of the linear loop near its set point, by the formula that is written down.

use std::f64::consts::PI;

/// A complex number.
#[derive(Clone, Copy)]
struct Complex(f64, f64);

impl Complex {
    fn times(self, other: Self) -> Self {
        Self(
            self.0 * other.0 - self.1 * other.1,
            self.0 * other.1 + self.1 * other.0,
        )
    }

    fn over(self, other: Self) -> Self {
        let square = other.0 * other.0 + other.1 * other.1;
        let product = self.times(Self(other.0, -other.1));
        Self(product.0 / square, product.1 / square)
    }

    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }

    fn turned_by(radians: f64) -> Self {
        Self(radians.cos(), -radians.sin())
    }

    fn size(self) -> f64 {
        self.0.hypot(self.1)
    }
}

#[derive(Clone, Copy)]
struct Setting {
    period_s: f64,
    gains: f64,
    calls: u32,
    side: Side,
}

/// On which side of the set point the latency is: what the integral does goes with it.
#[derive(Clone, Copy)]
enum Side {
    /// It follows what is admitted, and sums up.
    Quick,
    /// It is held to what the backend works off, which does not go with the rate.
    Slow,
}

const ONE: Complex = Complex(1.0, 0.0);

impl Setting {
    /// L(jω) of `docs/ADMISSION_CONTROL.md`, section Stability.
    fn open_loop(&self, omega: f64) -> Complex {
        let s = Complex(0.0, omega);
        let (kp, ki, kd) = (0.5 * self.gains, 0.05 * self.gains, 0.1 * self.gains);
        let scaled = |by: f64| Complex(by, 0.0);
        let filter = ONE.plus(scaled(self.period_s.max(0.5)).times(s));
        let derivative = scaled(kd).times(s).over(filter);
        let quick = scaled(kp).plus(derivative);
        let controller = match self.side {
            Side::Quick => {
                let tracking = ONE.plus(scaled(1.0 / 5.0).over(s));
                quick.times(tracking).plus(scaled(ki).over(s))
            }
            Side::Slow => quick,
        };
        let plant = scaled(1000.0 / 200.0).over(s);
        let delays = Complex::turned_by(omega * (0.2 + self.period_s));
        let average = ONE.plus(scaled(0.8 / 0.2 / 300.0).times(s));
        controller
            .times(plant)
            .times(delays)
            .times(self.later_steps(omega))
            .over(average)
    }

    /// Calls half a second apart, each with an equal share of the work.
    fn later_steps(&self, omega: f64) -> Complex {
        let sum = (0..self.calls).fold(Complex(0.0, 0.0), |sum, call| {
            sum.plus(Complex::turned_by(omega * 0.5 * f64::from(call)))
        });
        Complex(sum.0 / f64::from(self.calls), sum.1 / f64::from(self.calls))
    }

    /// Phase margin in degrees at the last crossover, and gain margin at the first crossing of
    /// -180 degrees, with the phase followed from low frequencies on.
    fn margins(&self) -> (f64, f64) {
        let mut before = self.open_loop(0.01);
        let mut phase = before.1.atan2(before.0);
        if phase > 0.0 {
            phase -= 2.0 * PI;
        }
        let (mut phase_margin, mut gain_margin) = (0.0, None);
        let mut crossed_down = false;
        for step in 1..40_000 {
            let now = self.open_loop(0.01 + f64::from(step) * 5e-4);
            let turn = now.over(before);
            phase += turn.1.atan2(turn.0);
            if before.size() >= 1.0 && now.size() < 1.0 && !crossed_down {
                phase_margin = (phase + PI).to_degrees();
                crossed_down = true;
            }
            if phase > -PI {
                gain_margin = None;
            } else if gain_margin.is_none() {
                gain_margin = Some(1.0 / now.size());
            }
            before = now;
            if crossed_down && gain_margin.is_some() && now.size() < 0.2 {
                break;
            }
        }
        (phase_margin, gain_margin.unwrap_or(f64::INFINITY))
    }
}

#[test]
fn the_margins_are_those_that_are_written_down() {
    let table = [
        ((0.5, 1.0), Side::Quick, (-40.0, 0.73), (-52.1, 0.49)),
        ((0.5, 1.0), Side::Slow, (-35.1, 0.77), (-44.1, 0.59)),
        ((0.25, 1.0), Side::Quick, (6.6, 1.07), (-22.5, 0.69)),
        ((0.25, 1.0), Side::Slow, (11.5, 1.11), (-14.5, 0.81)),
        ((0.5, 0.5), Side::Quick, (28.8, 1.45), (-0.8, 0.99)),
        ((0.5, 0.5), Side::Slow, (40.6, 1.55), (13.4, 1.19)),
    ];
    for ((period_s, gains), side, one, three) in table {
        for (calls, (phase, gain)) in [(1, one), (3, three)] {
            let setting = Setting {
                period_s,
                gains,
                calls,
                side,
            };
            let found = setting.margins();
            let near = (found.0 - phase).abs() <= 0.6 && (found.1 - gain).abs() <= 0.006;
            assert!(near, "{period_s} s, {gains}, {calls} calls: {found:?}");
        }
    }
}
