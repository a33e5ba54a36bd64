// What is typed into a form outlives an expired session, a lost line and a closed tab's reload: it is kept in this
// tab, and offered again when the page comes back. Only forms that say so (`data-keep`), never passwords.
const key = (form) => `typed:${location.pathname}:${form.dataset.keep}`;

function typedIn(form) {
  return [...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && typeof value === "string");
}

export function keepWhatIsTyped(root) {
  // A page that tells of a success has taken in what was typed before it.
  if (new URLSearchParams(location.search).has("told")) {
    for (const name of Object.keys(sessionStorage)) if (name.startsWith("typed:")) sessionStorage.removeItem(name);
  }
  for (const form of root.querySelectorAll("form[data-keep]")) {
    const kept = sessionStorage.getItem(key(form));
    const shown = JSON.stringify(typedIn(form));
    if (kept && kept !== shown && !form.querySelector("[aria-invalid]")) offer(form, JSON.parse(kept));
    form.addEventListener("input", () => sessionStorage.setItem(key(form), JSON.stringify(typedIn(form))));
    form.addEventListener("rows", () => sessionStorage.setItem(key(form), JSON.stringify(typedIn(form))));
  }
}

function offer(form, fields) {
  const zh = document.documentElement.lang.startsWith("zh");
  const note = document.createElement("div");
  note.className = "alert alert-warning";
  note.setAttribute("role", "status");
  note.textContent = zh ? "上次输入的内容还没有保存。" : "What was typed here last has not been saved. ";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn ms-2";
  button.textContent = zh ? "恢复" : "Bring it back";
  button.addEventListener("click", () => {
    bringBack(form, fields);
    note.remove();
  });
  note.append(button);
  form.prepend(note);
}

function bringBack(form, fields) {
  const wanted = new Map(fields);
  for (const adder of form.querySelectorAll("[data-adds]")) {
    const last = Math.max(-1, ...[...wanted.keys()].map((name) => numberIn(name, adder.dataset.adds)));
    while (Number(adder.dataset.next) <= last) adder.click();
  }
  for (const field of form.elements) {
    if (!field.name || field.name === "csrf_token" || field.name === "revision") continue;
    if (field.type === "checkbox") field.checked = fields.some(([name, value]) => name === field.name && value === field.value);
    else if (wanted.has(field.name) && field.type !== "file") field.value = wanted.get(field.name);
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

function numberIn(name, rows) {
  const found = name.startsWith(`${rows}-`) ? parseInt(name.slice(rows.length + 1), 10) : NaN;
  return Number.isNaN(found) ? -1 : found;
}
