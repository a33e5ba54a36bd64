// What every page of the merchant's does: menus, dialogs, rows of forms, drafts of what is typed, charts, polling.
import { keepWhatIsTyped } from "./typed.js";
import { drawCharts } from "./charts.js";
import { tieRows } from "./rows.js";

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
  const toggle = event.target.closest("[data-toggles]");
  if (toggle) {
    const open = document.getElementById(toggle.dataset.toggles).classList.toggle("open");
    toggle.setAttribute("aria-expanded", String(open));
  }
  if (event.target.closest("[data-prints]")) window.print();
});

// A box that is not ticked says so, that a form never means its default by silence.
document.addEventListener("formdata", (event) => {
  for (const box of event.target.querySelectorAll("input[data-unticked]")) {
    if (!box.checked && !box.disabled) event.formData.set(box.name, box.dataset.unticked);
  }
});

// Tabs as the ARIA practices describe them: arrows move, the tab in focus is shown.
document.addEventListener("keydown", (event) => {
  const tab = event.target.closest('[role="tab"]');
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !step) return;
  const tabs = [...tab.closest('[role="tablist"]').querySelectorAll('[role="tab"]')];
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
});
document.addEventListener("click", (event) => {
  const tab = event.target.closest('[role="tab"]');
  if (!tab) return;
  for (const other of tab.closest('[role="tablist"]').querySelectorAll('[role="tab"]')) {
    other.setAttribute("aria-selected", String(other === tab));
    other.tabIndex = other === tab ? 0 : -1;
  }
});

// What is asked for again while somebody looks, and not while the page is hidden.
function poll() {
  for (const part of document.querySelectorAll("[data-poll-seconds]")) {
    const every = Number(part.dataset.pollSeconds) * 1000;
    const due = Number(part.dataset.polledAt || 0) + every;
    if (document.hidden || Date.now() < due) continue;
    part.dataset.polledAt = Date.now();
    window.htmx.ajax("GET", part.getAttribute("hx-get"), { target: part, swap: "innerHTML" });
  }
}

function settle(part) {
  for (const busy of part.querySelectorAll("[aria-busy]")) {
    if (!busy.querySelector(".panel-waiting")) busy.removeAttribute("aria-busy");
  }
  drawCharts(part);
  tieRows(part);
  part.querySelector?.("[data-focus]")?.focus();
}

document.addEventListener("htmx:after:swap", () => settle(document.body));
for (const part of document.querySelectorAll("[data-poll-seconds]")) part.dataset.polledAt = Date.now();
setInterval(poll, 500);
keepWhatIsTyped(document);
settle(document);
document.querySelector("dialog[data-opens-now]")?.showModal();
