// Draws each table that asks for it. The table stays: it is what the chart says, in figures.
"use strict";

const DAY = 86400;
const LEAST = 240;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function figures(table) {
  const rows = [...table.tBodies[0].rows];
  const columns = [rows.map((row) => Date.parse(row.cells[0].dataset.at) / 1000)];
  for (let at = 1; at < table.tHead.rows[0].cells.length; at += 1) {
    columns.push(rows.map((row) => Number(row.cells[at].dataset.value)));
  }
  return columns;
}

function draw(table) {
  const heads = [...table.tHead.rows[0].cells];
  const place = document.createElement("div");
  place.className = "chart";
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", table.dataset.chart);
  table.closest("details").before(place);
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 } };
  const whole = (_, values) => values.map((value) => (Number.isInteger(value) ? value : ""));
  const options = {
    width: Math.max(place.clientWidth, LEAST),
    height: 200,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    scales: { y: { range: (_, low, high) => [0, Math.max(high, 1)] } },
    axes: [{ ...axis, space: 70, incrs: [DAY, 2 * DAY, 7 * DAY, 30 * DAY] }, { ...axis, values: whole }],
    series: [
      { label: heads[0].textContent, value: "{YYYY}-{MM}-{DD}" },
      ...heads.slice(1).map((head) => ({
        label: head.textContent,
        stroke: colour(`--${head.dataset.colour}`),
        width: 2,
        points: { show: true, size: 5 },
      })),
    ],
  };
  const chart = new uPlot(options, figures(table), place);
  addEventListener("resize", () => chart.setSize({ width: Math.max(place.clientWidth, LEAST), height: 200 }));
}

for (const table of document.querySelectorAll("table[data-chart]")) {
  if (table.tBodies[0].rows.length > 1) draw(table);
}
