// <form data-autosave="URL">: each change is sent within a second as the whole form (POST, multipart).
// Answer: 2xx with {"version": n} (put into the field "version"), 409 when somebody else changed the page, or when
// in another window she acts for another person now.
// 401: logged out meanwhile; the next press of a button keeps what is typed and leads through the log-in.
// A press while a save is under way waits for it, so that a page never conflicts with itself.
// Nothing is kept in the browser's storage; what can't be sent waits in memory and is tried again.
const WAIT = 800;
const AGAIN = 3000;

export function autosave(form) {
  const status = form.querySelector(".h-saved");
  let timer = 0;
  let busy = false;
  let changed = false;
  let pressed = null;
  const say = (what) => {
    if (status) status.textContent = status.dataset[what] ?? "";
  };

  async function send() {
    if (busy || !changed) return;
    busy = true;
    changed = false;
    say("saving");
    try {
      const answer = await fetch(form.dataset.autosave, {
        method: "POST",
        body: new FormData(form),
        headers: { Accept: "application/json" },
        redirect: "error",
      });
      if (answer.status === 409) return say((await answer.json()).status === "another person" ? "another" : "conflict");
      if (answer.status === 401) return say("out");
      if (!answer.ok) throw new Error(answer.statusText);
      const { version } = await answer.json();
      if (form.elements.version && version !== undefined) form.elements.version.value = version;
      say("saved");
    } catch {
      changed = true;
      say("unsaved");
      timer = setTimeout(send, AGAIN);
    } finally {
      busy = false;
      if (pressed) form.requestSubmit(pressed.submitter ?? undefined);
      else if (changed && !timer) timer = setTimeout(send, WAIT);
    }
  }

  const note = () => {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(() => ((timer = 0), send()), WAIT);
  };
  form.addEventListener("input", note);
  form.addEventListener("change", note);
  form.addEventListener("submit", (event) => {
    changed = false;
    clearTimeout(timer);
    pressed = busy ? event : null;
    if (busy) event.preventDefault();
  });
  addEventListener("pagehide", () => {
    if (changed) navigator.sendBeacon(form.dataset.autosave, new FormData(form));
  });
}
