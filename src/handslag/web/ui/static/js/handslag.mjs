// Everything works without this file; it only shortens the way.
import { shortcuts } from "./keys.mjs";
import { autosave } from "./autosave.mjs";
import { leave } from "./leave.mjs";
import { passkey } from "./passkey.mjs";

document.querySelector("[data-focus]")?.focus();
for (const element of document.querySelectorAll(".h-needs-script")) element.hidden = false;
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());

// A second press while the answer is under way sends nothing twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 5000); // the answer may be a file: the page stays
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

for (const form of document.querySelectorAll("form[data-autosave]")) autosave(form);
for (const form of document.querySelectorAll("form[data-leave]")) leave(form);
for (const form of document.querySelectorAll("form[data-passkey]")) passkey(form);
shortcuts();
