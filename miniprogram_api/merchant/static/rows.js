// Rows of a form that are added and taken away. A button `data-adds="prizes"` copies the template
// `#prizes-row` with the next number in place of `__n__` into `#prizes-rows`; `data-removes` takes its row away.
export function tieRows(root) {
  for (const adder of root.querySelectorAll("[data-adds]:not([data-tied])")) {
    adder.dataset.tied = "yes";
    adder.addEventListener("click", () => add(adder));
  }
}

function add(adder) {
  const rows = adder.dataset.adds;
  const number = Number(adder.dataset.next);
  const holder = document.createElement("template");
  holder.innerHTML = document.getElementById(`${rows}-row`).innerHTML.replaceAll("__n__", number);
  const place = document.getElementById(`${rows}-rows`);
  place.append(holder.content);
  adder.dataset.next = number + 1;
  place.lastElementChild?.querySelector("input:not([type=hidden]), select")?.focus();
  changed(adder);
}

document.addEventListener("click", (event) => {
  const remover = event.target.closest("[data-removes]");
  if (!remover) return;
  const form = remover.closest("form");
  const row = remover.closest(remover.dataset.removes || "tr");
  const next = row.nextElementSibling || row.previousElementSibling;
  row.remove();
  next?.querySelector("input:not([type=hidden]), select, button")?.focus();
  changed(form);
});

function changed(element) {
  element.dispatchEvent(new Event("rows", { bubbles: true }));
  element.dispatchEvent(new Event("input", { bubbles: true }));
}
