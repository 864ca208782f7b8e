// A live line plot on a canvas: the last seconds, newest at the right.

const MARGIN = { top: 10, right: 10, bottom: 26, left: 60 };
const FONT = "12px system-ui, sans-serif";

/** The smallest of 1, 2, 5 times a power of ten that is at least `value`. */
function niceStep(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((factor) => factor * power >= value * 0.999999) * power;
}

export class Plot {
  #canvas;
  #context;
  #unit;
  #seconds;
  #floor;
  #series;
  #width = 0;
  #height = 0;

  /**
   * @param {HTMLCanvasElement} canvas where to draw; its CSS gives the size.
   * @param {{unit: string, seconds?: number, floor: number,
   *          series: {name: string, color: string, dash?: number[]}[]}} options
   *   the unit of the values, the span of time, the least that the vertical axis reaches to,
   *   and for each line the CSS custom property of its colour.
   */
  constructor(canvas, { unit, seconds = 30, floor, series }) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#unit = unit;
    this.#seconds = seconds;
    this.#floor = floor;
    this.#series = series.map((line) => ({ dash: [], ...line, points: [] }));
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  /** Add a value to a line, measured now; null makes a gap. */
  add(line, value) {
    const now = performance.now() / 1000;
    const { points } = this.#series[line];
    points.push({ time: now, value });
    // One point beyond the left edge stays, so that the line reaches the edge.
    while (points.length > 2 && points[1].time < now - this.#seconds) points.shift();
  }

  /** The values of a line that are in sight. */
  values(line) {
    const from = performance.now() / 1000 - this.#seconds;
    return this.#series[line].points
      .filter(({ time, value }) => time >= from && value !== null)
      .map(({ value }) => value);
  }

  draw() {
    const context = this.#context;
    const style = getComputedStyle(this.#canvas);
    context.clearRect(0, 0, this.#width, this.#height);
    const peak = Math.max(this.#floor, ...this.#series.flatMap((_, line) => this.values(line)));
    const step = niceStep((peak * 1.05) / 4);
    const top = Math.ceil((peak * 1.05) / step) * step;
    const area = {
      left: MARGIN.left,
      right: this.#width - MARGIN.right,
      top: MARGIN.top,
      bottom: this.#height - MARGIN.bottom,
    };
    this.#drawAxes(area, top, step, style);
    for (const line of this.#series) this.#drawLine(line, area, top, style);
  }

  #drawAxes(area, top, step, style) {
    const context = this.#context;
    context.font = FONT;
    context.lineWidth = 1;
    context.strokeStyle = style.getPropertyValue("--grid");
    context.fillStyle = style.getPropertyValue("--soft");
    context.textBaseline = "middle";
    context.textAlign = "right";
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (let value = 0; value <= top + step / 2; value += step) {
      const y = Math.round(area.bottom - (value / top) * (area.bottom - area.top)) + 0.5;
      context.beginPath();
      context.moveTo(area.left, y);
      context.lineTo(area.right, y);
      context.stroke();
      context.fillText(value.toFixed(decimals), area.left - 8, y);
    }
    context.save();
    context.translate(8, (area.top + area.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(this.#unit, 0, 0);
    context.restore();
    const spacing = area.right - area.left < 420 ? 10 : 5;
    for (let age = 0; age <= this.#seconds; age += spacing) {
      const x = area.right - (age / this.#seconds) * (area.right - area.left);
      context.textAlign = age === 0 ? "right" : age === this.#seconds ? "left" : "center";
      context.fillText(age ? `−${age} s` : "now", x, area.bottom + 15);
    }
  }

  #drawLine({ points, color, dash }, area, top, style) {
    const context = this.#context;
    const now = performance.now() / 1000;
    context.save();
    context.beginPath();
    context.rect(area.left, area.top - 2, area.right - area.left, area.bottom - area.top + 4);
    context.clip();
    context.strokeStyle = style.getPropertyValue(color);
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.setLineDash(dash);
    context.beginPath();
    const isGap = (point) => !point || point.value === null;
    for (const [index, { time, value }] of points.entries()) {
      if (value === null) continue;
      const x = area.right - ((now - time) / this.#seconds) * (area.right - area.left);
      const y = area.bottom - (value / top) * (area.bottom - area.top);
      if (!isGap(points[index - 1])) {
        context.lineTo(x, y);
      } else if (isGap(points[index + 1])) {
        // A value alone makes no line: a dot shows it.
        context.moveTo(x + 2, y);
        context.arc(x, y, 2, 0, 2 * Math.PI);
      } else {
        context.moveTo(x, y);
      }
    }
    context.stroke();
    context.restore();
  }

  #resize() {
    // As many pixels as the screen has, and coordinates as CSS has.
    const ratio = window.devicePixelRatio || 1;
    this.#width = this.#canvas.clientWidth;
    this.#height = this.#canvas.clientHeight;
    this.#canvas.width = Math.round(this.#width * ratio);
    this.#canvas.height = Math.round(this.#height * ratio);
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.draw();
  }
}
