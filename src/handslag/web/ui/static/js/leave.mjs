// <form data-leave="300">: the log-out of a computer that others use too. After so many seconds without a move it is sent;
// a minute before (or half the time) its data-leaving is said. What was typed has been saved long before.
export function leave(form) {
  const all = Number(form.dataset.leave) * 1000;
  const notice = Math.min(60_000, all / 2);
  const said = form.querySelector("[data-leaving]");
  let timers = [];
  const begin = () => {
    timers.forEach(clearTimeout);
    if (said.textContent) said.textContent = "";
    timers = [
      setTimeout(() => (said.textContent = said.dataset.leaving), all - notice),
      setTimeout(() => form.requestSubmit(), all),
    ];
  };
  for (const move of ["keydown", "pointerdown", "input"]) addEventListener(move, begin);
  // A page that the browser kept for its back button shows what isn't there any more.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  begin();
}
