// What a rate was since the page was opened, in a bounded number of points.

const POINTS = 120;

class Trend {
  constructor() {
    this.points = [];
    this.pending = null;
    // How many polls make one point: doubled whenever the points are too many.
    this.polls = 1;
  }

  // `value` events in `seconds`.
  add({ value, seconds }) {
    const pending = this.pending ?? { value: 0, seconds: 0, polls: 0 };
    pending.value += value;
    pending.seconds += seconds;
    pending.polls += 1;
    this.pending = pending;
    if (pending.polls < this.polls) return;
    this.points.push({ value: pending.value, seconds: pending.seconds });
    this.pending = null;
    if (this.points.length > POINTS) this.halve();
  }

  halve() {
    const halved = [];
    for (let at = 0; at + 1 < this.points.length; at += 2) {
      const [one, other] = this.points.slice(at, at + 2);
      halved.push({ value: one.value + other.value, seconds: one.seconds + other.seconds });
    }
    this.points = halved;
    this.polls *= 2;
  }

  // Events in a minute, for each point.
  get rates() {
    return this.points.map(({ value, seconds }) => (seconds > 0 ? (value / seconds) * 60 : 0));
  }
}

// The points of a polyline for rates, in a box of that size, whose top `highest` would touch.
function polyline(rates, width, height, highest = Math.max(...rates, 1e-9)) {
  const step = width / Math.max(1, rates.length - 1);
  return rates
    .map(
      (rate, at) => `${(at * step).toFixed(1)},${(height - (rate / highest) * height).toFixed(1)}`,
    )
    .join(" ");
}
