"use strict";
// Follows a run: puts each new state of the report in the place of the one before.
const shown = document.querySelector("main");
const phase = document.querySelector("#phase");
const token = document.querySelector("meta[name=rehearsal-token]")?.content;
const buttons = document.querySelectorAll("[data-command]");
let words = phase.textContent;

function say(text) {
  // Said once, and not again each second.
  if (phase.textContent !== text) phase.textContent = text;
}

function enter([name, text, commands]) {
  phase.dataset.phase = name;
  words = text;
  say(words);
  const focused = document.activeElement;
  for (const button of buttons) button.hidden = !commands.includes(button.dataset.command);
  // The keyboard stays with the buttons when the one that it was on goes.
  if (focused.hidden) Array.from(buttons).find((it) => !it.hidden)?.focus();
}

function replace(content) {
  const places = Array.from(shown.querySelectorAll(".scroll"), (it) => [it.getAttribute("aria-label"), it.scrollLeft]);
  const [x, y] = [scrollX, scrollY];
  const focused = shown.contains(document.activeElement) ? place(document.activeElement) : null;
  shown.innerHTML = content;
  sortable(shown);
  for (const [label, left] of places) {
    const region = left && shown.querySelector(`.scroll[aria-label="${CSS.escape(label)}"]`);
    if (region) region.scrollLeft = left;
  }
  scrollTo(x, y);
  if (focused) find(focused)?.focus({ preventScroll: true });
}

// Where the keyboard is: the head of a table, or a region that scrolls.
function place(element) {
  const head = element.closest("th");
  if (head) return { table: head.closest("table").id, column: head.cellIndex };
  return { region: element.getAttribute("aria-label") };
}

function find({ table, column, region }) {
  if (table) return document.getElementById(table)?.tHead.rows[0].cells[column]?.querySelector("button");
  return region && shown.querySelector(`.scroll[aria-label="${CSS.escape(region)}"]`);
}

const events = new EventSource("/events");
let latest = null;
let pressed = false;
function show() {
  // A button that is replaced between press and release is never clicked.
  if (latest === null || document.hidden || pressed) return;
  replace(latest);
  latest = null;
}
events.addEventListener("phase", (event) => enter(JSON.parse(event.data)));
events.addEventListener("summary", (event) => {
  latest = JSON.parse(event.data);
  show();
});
events.addEventListener("end", () => events.close());
events.addEventListener("open", () => say(words));
events.addEventListener("error", () => say("The connection is lost; trying again."));
document.addEventListener("visibilitychange", show);
document.addEventListener("pointerdown", () => (pressed = true));
for (const released of ["pointerup", "pointercancel", "dragend"]) {
  document.addEventListener(released, () => {
    pressed = false;
    // After the click that this may be the end of.
    setTimeout(show);
  });
}

for (const button of buttons) {
  button.addEventListener("click", async () => {
    const command = button.dataset.command;
    const answer = await fetch(`/control/${command}`, {
      method: "POST",
      headers: { "x-rehearsal-token": token },
    }).catch(() => null);
    if (!answer?.ok) say(`“${button.textContent}” did not reach the run: load this page again.`);
  });
}
