// Single-letter shortcuts.  [data-key] is pressed (or focused, if a field); j and k move along [data-item];
// ? shows #keys.  Never active in fields or with a modifier; <body data-keys="off"> where the person has switched
// them off (WCAG 2.1.4).
const FIELDS = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

function move(by) {
  const items = [...document.querySelectorAll("[data-item]")];
  const next = items[items.indexOf(document.activeElement) + by] ?? (by > 0 ? items[0] : items.at(-1));
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function toggle(list) {
  list.hidden = !list.hidden;
  if (!list.hidden) list.focus();
}

export function shortcuts() {
  const list = document.getElementById("keys");
  if (document.body.dataset.keys === "off") return;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && list && !list.hidden) return toggle(list);
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(FIELDS)) return;
    if (event.key === "?" && list) return event.preventDefault(), toggle(list);
    if (event.key === "j" || event.key === "k") return event.preventDefault(), move(event.key === "j" ? 1 : -1);
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target) return;
    event.preventDefault();
    target.matches(FIELDS) ? target.focus() : target.click();
  });
}
