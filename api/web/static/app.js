// What pages need of the browser: the reader's time zone, and the proof with every change.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`sendtrail_zone=${encodeURIComponent(zone)}`)) {
  const first = !document.cookie.includes("sendtrail_zone=");
  document.cookie = `sendtrail_zone=${encodeURIComponent(zone)};path=/;samesite=strict;max-age=31536000`;
  if (first && document.querySelector("time")) location.reload();
}

// A part of a page is asked for anew only while somebody can see it.
document.addEventListener("htmx:confirm", (event) => {
  if (document.hidden && event.detail.verb === "get") event.preventDefault();
});
// And never under the hands of somebody who is in it.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.contains(document.activeElement)) event.detail.shouldSwap = false;
  // A whole page is no part: whoever is not signed in any more is told by the next button.
  if (/^\s*<!doctype/i.test(event.detail.serverResponse)) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.contains(document.activeElement)) event.detail.shouldSwap = false;
});

// What was kept of a form says of what it is, and of which version.
document.addEventListener("kept", (event) => {
  for (const name of ["campaign_id", "version"]) event.target.elements[name].value = event.detail[name];
});

// What a condition may name is offered where its field names something.
document.addEventListener("change", (event) => {
  if (!event.target.matches("select[data-lists]")) return;
  const value = event.target.closest("[role=group]").querySelector("[name=value]");
  const offered = `of-${event.target.value}`;
  if (document.getElementById(offered)) value.setAttribute("list", offered);
  else value.removeAttribute("list");
});

// A slider goes where it is let go.
document.addEventListener("change", (event) => {
  if (event.target.matches("input[data-sends]")) event.target.form.requestSubmit();
});

// A form waits for what it has under way: a draft would be made twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.classList.contains("htmx-request")) return;
  event.preventDefault();
  form.addEventListener("htmx:afterRequest", () => form.requestSubmit(event.submitter), { once: true });
});

// The menu of further places closes with Escape, and when somebody leaves it.
const menu = document.querySelector("details.more");
if (menu) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  for (const left of ["focusin", "click"]) {
    document.addEventListener(left, (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  }
}

// What is left of a time, by the server's clock; when it is over, the page says something else.
const countDown = (shown) => {
  const end = performance.now() + 1000 * Number(shown.dataset.left);
  const tick = () => {
    if (!shown.isConnected) return;
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left) setTimeout(tick, 500);
    else location.reload();
  };
  tick();
};
document.querySelectorAll("[data-left]").forEach(countDown);
document.addEventListener("htmx:oobAfterSwap", (event) => {
  event.detail.target.querySelectorAll("[data-left]").forEach(countDown);
});
