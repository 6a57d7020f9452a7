// Draws each table that asks for it. The table stays: it is what the chart says, in figures.
"use strict";

const DAY = 86400;
const LEAST = 240;
const HEIGHT = 200;
// Pixels: a letter and a line of a label, the room of a label, what is between labels and their axis, a dot, and two dots
// of one group.
const LETTER = 7;
const LINE = 18;
const BESIDE = 24;
const ROOM = 70;
const DOT = 3.5;
const APART = 9;
// So many lines has the label of a group at most.
const LINES = 3;

// Where a language has several ways to write a day, the one of our pages.
const language = { en: "en-GB" }[document.documentElement.lang] ?? document.documentElement.lang;
const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
const number = new Intl.NumberFormat(language);
const date = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// What is drawn of a table: the heads that have a colour, and the cells below each.
function read(table) {
  const heads = [...table.tHead.rows[0].cells];
  const drawn = heads.filter((head) => head.dataset.colour);
  const rows = [...table.tBodies[0].rows];
  return {
    first: heads[0].textContent,
    rows,
    names: rows.map((row) => row.cells[0].textContent.replace(/\s+/g, " ").trim()),
    lines: drawn.map((head) => ({
      label: head.textContent,
      stroke: colour(head.dataset.colour),
      cells: rows.map((row) => row.cells[head.cellIndex].dataset),
    })),
  };
}

function figures(lines) {
  return lines.map((line) => line.cells.map((cell) => (cell.value ? Number(cell.value) : null)));
}

// What labels beside a chart need, and labels below it: as much as the longest has.
function beside(chart, values) {
  return BESIDE + LETTER * Math.max(...(values ?? [""]).map((value) => value.length), 3);
}

function below(chart, values) {
  return BESIDE + LINE * Math.max(...(values ?? [""]).map((value) => value.split("\n").length));
}

// A name in lines of so many letters; of one that needs more lines, its beginning and its end.
function wrapped(name, letters) {
  const lines = [""];
  for (const word of name.split(" ")) {
    const short = word.length > letters ? `${word.slice(0, letters - 1)}…` : word;
    const longer = `${lines.at(-1)} ${short}`.trim();
    if (longer.length <= letters) lines[lines.length - 1] = longer;
    else lines.push(short);
  }
  return (lines.length > LINES ? [lines[0], "…", lines.at(-1)] : lines).join("\n");
}

// Lines over days.
function byDay({ first, rows, names, lines }, axis) {
  const whole = (_, values) => values.map((value) => (Number.isInteger(value) ? number.format(value) : ""));
  return {
    data: [rows.map((row) => Date.parse(row.cells[0].dataset.at) / 1000), ...figures(lines)],
    // The last day is written below the end of its line, half of it beyond.
    padding: [null, ROOM / 2, null, null],
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    scales: { y: { range: (_, low, high) => [0, Math.max(high, 1)] } },
    axes: [
      { ...axis, space: ROOM, incrs: [DAY, 2 * DAY, 7 * DAY, 30 * DAY], values: (_, days) => days.map((at) => date.format(at * 1000)) },
      { ...axis, size: beside, values: whole },
    ],
    series: [
      { label: first, value: (_, at, series, row) => names[row] ?? "—" },
      ...lines.map(({ label, stroke }) => ({
        label, stroke, value: (_, value) => (value === null ? "—" : number.format(value)), width: 2, points: { show: true, size: 5 },
      })),
    ],
  };
}

// For each row a group of dots, each a share in percent with what holds it.
function byGroup({ first, rows, names, lines }, axis) {
  const places = rows.map((row, number) => Number(row.cells[0].dataset.place || number));
  const nameOf = (place) => names[places.indexOf(place)] ?? "";
  const percent = (value) => (value === null ? "—" : share.format(value / 100));
  const highest = Math.max(...lines.flatMap(({ cells }) => cells.map((cell) => Number(cell.high || 0))), 1);
  const labels = (chart, shown) => {
    const room = chart.bbox.width / devicePixelRatio / (places.at(-1) - places[0] + 1);
    const every = Math.ceil(ROOM / room);
    const letters = Math.floor((every * room) / LETTER) - 1;
    return shown.map((place, number) => (number % every ? "" : wrapped(nameOf(place), letters)));
  };
  return {
    data: [places, ...figures(lines)],
    scales: { x: { time: false, range: [places[0] - 0.5, places.at(-1) + 0.5] }, y: { range: [0, highest] } },
    axes: [
      { ...axis, size: below, splits: () => places, values: labels, grid: { show: false } },
      { ...axis, size: beside, values: (_, values) => values.map(percent) },
    ],
    series: [
      { label: first, value: (_, place) => (place === null ? "—" : nameOf(place)) },
      ...lines.map(({ label, stroke }) => ({
        label, stroke, value: (_, value) => percent(value ?? null), paths: () => null, points: { show: false },
      })),
    ],
    hooks: { draw: [(chart) => dots(chart, lines)] },
  };
}

function dots(chart, lines) {
  const { ctx } = chart;
  const place = (value) => chart.valToPos(value, "y", true);
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  lines.forEach(({ stroke, cells }, number) => {
    if (!chart.series[number + 1].show) return;
    const aside = (number - (lines.length - 1) / 2) * APART * devicePixelRatio;
    ctx.strokeStyle = ctx.fillStyle = stroke;
    cells.forEach(({ value, low, high }, row) => {
      if (!value) return;
      const at = chart.valToPos(chart.data[0][row], "x", true) + aside;
      ctx.beginPath();
      ctx.moveTo(at, place(Number(low)));
      ctx.lineTo(at, place(Number(high)));
      ctx.stroke();
      ctx.beginPath();
      ctx.arc(at, place(Number(value)), DOT * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fill();
    });
  });
  ctx.restore();
}

function draw(table) {
  const place = document.createElement("div");
  place.className = "chart";
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", table.dataset.chart);
  table.closest("details").before(place);
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 } };
  const { data, ...options } = (table.dataset.kind === "groups" ? byGroup : byDay)(read(table), axis);
  const size = () => ({ width: Math.max(place.clientWidth, LEAST), height: HEIGHT });
  const chart = new uPlot({ ...size(), ...options }, data, place);
  addEventListener("resize", () => chart.setSize(size()));
}

function drawAll(part) {
  for (const table of part.querySelectorAll("table[data-chart]")) {
    if (table.tBodies[0].rows.length > 1) draw(table);
  }
}

drawAll(document);
// A part that came after its page.
document.addEventListener("htmx:afterSettle", (event) => drawAll(event.detail.elt));
